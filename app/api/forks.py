"""POST /jobs/{id}/fork, GET /jobs/{id}/diff/{other}, POST /jobs/{id}/replay: what can be done with a past."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, HeaderParameter

from app.api.desk import TENANT, Desk, job_id_of
from app.api.jobs import ABSENT, PROBLEMS, check_key, check_metadata, check_text, created, require_json
from app.api.problems import BadRequest, Problem
from app.domain.diff import diff
from app.domain.row import Row
from app.handle import fork
from app.replay import replay
from dossier.comparison import Diff
from dossier.job import Created
from dossier.replayed import Replayed
from dossier.request import Fork

_encode = msgspec.json.Encoder().encode


EXAMPLE = Example(
    summary="A further question",
    value={"changes": {"instruction": "And what if __exit__ returns true?", "limits": {"max_searches": 2}}},
)


@post(
    "/jobs/{job_id:str}/fork",
    responses={
        **PROBLEMS,
        **ABSENT,
        200: ResponseSpec(Created, description="The job of the first time, for the same key and body"),
        409: ResponseSpec(Problem, description="The Idempotency-Key was used for another request"),
        429: ResponseSpec(Problem, description="Too many jobs are waiting; see Retry-After"),
    },
    summary="Begin a new job where this one was",
    description="What happened up to `after` is reused and costs nothing; then the new job goes its own way.",
)
async def fork_job(
    desk: NamedDependency[Desk],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    data: Annotated[Fork, Body(examples=[EXAMPLE])],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Created]:
    """Store the fork; from here on it is a job like any other."""
    require_json(request)
    origin, changes = job_id_of(job_id), data.changes
    head = await desk.head(origin)
    if data.after is not None and data.after > head.seq:
        raise BadRequest("out_of_range", f"The job's last event is {head.seq}.", "after")
    if changes.instruction is not None and not changes.instruction.strip():
        raise BadRequest("too_short", "The instruction has no words.", "changes.instruction")
    check_metadata(changes.metadata or {}, "changes.metadata")
    check_key(idempotency_key)
    check_text(_encode(changes), idempotency_key)
    await desk.admit()
    job, is_new = await fork(
        desk.writer,
        origin,
        data.after,
        changes,
        tenant=TENANT,
        key=idempotency_key,
        max_attempts=desk.max_attempts,
    )
    headers = {"Location": f"/jobs/{job.id}"}
    return Response(created(job), status_code=201 if is_new else 200, headers=headers)


@post(
    "/jobs/{job_id:str}/replay",
    status_code=200,
    responses={**PROBLEMS, **ABSENT, 429: ResponseSpec(Problem, description="Others are replayed just now")},
    summary="Walk a job's log with today's code",
    description="Nobody is asked, nothing is written. `first_difference` is where today's code would part.",
)
async def replay_job(desk: NamedDependency[Desk], job_id: FromPath[str]) -> Response[Replayed]:
    """The same run, or the first point of difference."""
    key = job_id_of(job_id)
    await desk.head(key)  # raises where the job is not the caller's, or its events are elsewhere
    async with desk.replaying():
        return Response(await replay(desk.writer.engine, TENANT, key))


@get(
    "/jobs/{job_id:str}/diff/{other:str}",
    responses={**PROBLEMS, **ABSENT},
    summary="Two jobs side by side: steps, sources, claims, cost",
)
async def diff_jobs(
    desk: NamedDependency[Desk], job_id: FromPath[str], other: FromPath[str]
) -> Response[Diff]:
    """The first job is `a`, the other one is `b`."""
    ids = job_id_of(job_id), job_id_of(other, "other")
    sides = [await desk.history(key) for key in ids]
    return Response(await asyncio.to_thread(_compared, *sides))


def _compared(a: Sequence[Row], b: Sequence[Row]) -> Diff:
    return diff([row.recorded() for row in a], [row.recorded() for row in b])
