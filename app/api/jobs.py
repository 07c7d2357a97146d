"""POST, GET and DELETE of jobs."""

import asyncio
import contextlib
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, HeaderParameter, QueryParameter

from app.api.desk import TENANT, Desk, job_id_of
from app.api.problems import BadRequest, Problem
from app.domain import commands as c
from app.domain.job import Job
from app.handle import handle, submit
from app.store import reads
from app.store.wake import Hint
from dossier.job import Cancelled, Created, Jobs, JobView, Status
from dossier.request import ResearchRequest, Tag

JSON = "application/json"
MAX_METADATA = 10_240  # bytes of JSON
MAX_KEY = 255  # characters of an idempotency key
CANCEL_WAIT = 2.0  # seconds that DELETE waits for the worker before it answers 202

_encode = msgspec.json.Encoder().encode


PROBLEMS = {
    400: ResponseSpec(Problem, description="The request is not valid; `errors` names the fields"),
    503: ResponseSpec(Problem, description="The database does not answer; see Retry-After"),
}
ABSENT = {
    404: ResponseSpec(Problem, description="There is no such job"),
    410: ResponseSpec(Problem, description="Its month was archived, and with it the events that this needs"),
}

EXAMPLE = Example(
    summary="A question with a budget",
    value={
        "query": "What does the with statement do, and what is a context manager?",
        "effort": "quick",
        "tags": ["python"],
        "limits": {"max_searches": 5, "deadline_seconds": 120},
        "sources": {"search": "corpus"},
    },
)


@post(
    "/jobs",
    responses={
        **PROBLEMS,
        200: ResponseSpec(Created, description="The job of the first time, for the same key and body"),
        413: ResponseSpec(Problem, description="The body is larger than 64 KB"),
        415: ResponseSpec(Problem, description="The body is not declared as JSON"),
        409: ResponseSpec(Problem, description="The Idempotency-Key was used for another request"),
        429: ResponseSpec(Problem, description="Too many jobs are waiting; see Retry-After"),
    },
    summary="Submit a research job",
    description="201 for a new job; 200 with the same job where the Idempotency-Key and the body are known.",
)
async def submit_job(
    desk: NamedDependency[Desk],
    request: Request,  # type: ignore[type-arg]
    data: Annotated[ResearchRequest, Body(examples=[EXAMPLE])],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Created]:
    """Store the question; from here on nothing that happens to this process can lose it."""
    require_json(request)
    _check(data, idempotency_key)
    await desk.admit()
    job, is_new = await submit(
        desk.writer,
        data,
        tenant=TENANT,
        key=idempotency_key,
        max_attempts=desk.max_attempts,
        verify=desk.verify,
    )
    headers = {"Location": f"/jobs/{job.id}"}
    return Response(created(job), status_code=201 if is_new else 200, headers=headers)


def require_json(request: Request) -> None:  # type: ignore[type-arg]
    """Raises BadRequest where the body does not say that it is JSON.

    Nor may it say nothing: a page of another site can make a browser send such a body, but not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        said = f"not {kind[:100]}" if kind else "and say so"
        raise BadRequest("unsupported_media_type", f"Send {JSON}, {said}.", "Content-Type", status=415)


def _check(request: ResearchRequest, key: str | None) -> None:
    """What a schema cannot say."""
    if not request.query.strip():
        raise BadRequest("too_short", "The query has no words.", "query")
    check_metadata(request.metadata, "metadata")
    check_key(key)
    check_text(_encode(request), key)


def check_metadata(metadata: dict[str, Any], field: str) -> None:
    """Raises BadRequest where it is too large."""
    if len(_encode(metadata)) > MAX_METADATA:
        raise BadRequest("metadata_too_large", f"metadata is limited to {MAX_METADATA} bytes of JSON.", field)


def check_key(key: str | None) -> None:
    """Raises BadRequest where an idempotency key is none."""
    if key is not None and not 0 < len(key) <= MAX_KEY:
        raise BadRequest("invalid_key", f"The key has 1 to {MAX_KEY} characters.", "Idempotency-Key")


def check_text(body: bytes, key: str | None) -> None:
    """Raises BadRequest for U+0000, which Postgres does not keep; better now than a broken job later."""
    if b"\\u0000" in body or "\x00" in (key or ""):
        raise BadRequest("invalid_character", "U+0000 is not allowed.", "body")


def created(job: Job) -> Created:
    """The answer for a job that was submitted."""
    if job.created_at is None:
        raise ValueError("a job that was never submitted")
    url = f"/jobs/{job.id}"
    return Created(
        job.id,
        job.status,
        job.progress,
        job.created_at,
        url,
        f"{url}/stream",
        f"{url}/events",
        f"{url}/report",
    )


@get(
    "/jobs/{job_id:str}",
    responses={**PROBLEMS, **ABSENT},
    summary="One job: status, progress, result",
    description="`at` is a seq or a time: the same view of the past.",
)
async def get_job(
    desk: NamedDependency[Desk], job_id: FromPath[str], at: FromQuery[str | None] = None
) -> Response[JobView]:
    """The job as it is now, or as it was."""
    key = job_id_of(job_id)
    return Response(await desk.view(key) if at is None else await desk.past(key, at))


@get("/jobs", responses=PROBLEMS, summary="Jobs, newest first")
async def list_jobs(
    desk: NamedDependency[Desk],
    status: FromQuery[Status | None] = None,
    tags: FromQuery[list[Tag] | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    cursor: FromQuery[str | None] = None,
) -> Jobs:
    """A page of jobs that have this status and carry all of these tags. Reports are left out."""
    found = await reads.page(
        desk.writer.engine, TENANT, limit=limit + 1, status=status, tags=tags or (), before=_before(cursor)
    )
    page = found[:limit]
    return Jobs(page, str(page[-1].job_id) if len(found) > limit else None)


def _before(cursor: str | None) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise BadRequest("malformed_cursor", "Use next_cursor of the page before.", "cursor") from None


@delete(
    "/jobs/{job_id:str}",
    status_code=200,
    responses={
        **PROBLEMS,
        **ABSENT,
        202: ResponseSpec(Cancelled, description="The worker has not stopped within 2 s; it will"),
        409: ResponseSpec(Problem, description="The job is completed or failed"),
    },
    summary="Cancel a job",
    description="No paid call is recorded after this. Cancelling a cancelled job is 200 again.",
)
async def cancel_job(desk: NamedDependency[Desk], job_id: FromPath[str]) -> Response[Cancelled]:
    """Ask for the cancel, and give the worker two seconds to confirm it."""
    job = await desk.load(job_id_of(job_id))
    job = await handle(desk.writer, job, c.RequestCancel(), actor="api")
    if not job.is_over:
        job = await _until_over(desk, job)
    message = "Cancelled." if job.is_over else "The worker is stopping; follow the stream to see when it has."
    body = Cancelled(job.id, job.status, job.completed_at, message)
    return Response(body, status_code=200 if job.is_over else 202)


async def _until_over(desk: Desk, job: Job) -> Job:
    """The job once it is over, or as it is after CANCEL_WAIT seconds."""
    moved = asyncio.Event()

    def hear(hint: Hint) -> None:
        if hint.everything or job.id in hint.job_ids:
            moved.set()

    unsubscribe = desk.wake.subscribe(hear)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_WAIT):
                while not (await desk.head(job.id)).is_over:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(moved.wait(), CANCEL_WAIT / 4)
                    moved.clear()
    finally:
        unsubscribe()
    return await desk.load(job.id)
