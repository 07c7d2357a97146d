"""POST, GET and DELETE of jobs."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, HeaderParameter
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from app.api.callbacks import kept_callback, promised_callback
from app.api.context import ApiContext
from app.api.contract import BODY, LOG, SUBMITTING, check_key, problems_of
from app.api.direct import DIRECT, DirectResponse
from app.api.path_values import job_id_of
from app.api.rate_limit import counted
from app.api.schema_door import written_schema
from app.api.waiting import until_over
from app.domain import commands as c
from app.domain.view import job_view
from app.handle import handle, submit
from dossier.job_types import Cancelled, Created, JobView
from dossier.request import NewJob

CANCEL_WAIT = 2.0  # seconds that DELETE waits for the worker before it answers 202

SUBMIT_EXAMPLE = Example(
    summary="A question with a budget",
    value={
        "query": "What does the with statement do, and what is a context manager?",
        "effort": "quick",
        "tags": ["python"],
        "limits": {"max_searches": 5, "deadline_seconds": 120},
        "sources": {"search": "corpus"},
    },
)

OUTPUT_EXAMPLE = Example(
    summary="A short report in German, with values by a schema",
    value={
        "query": "What is CPython?",
        "language": "de",
        "length": "short",
        "instructions": "For beginners.",
        "outline": ["What it is", "How it works"],
        "output_schema": {
            "type": "object",
            "properties": {
                "written_in": {"type": "string", "description": "The language CPython is written in"},
                "is_compiled": {"type": "boolean", "description": "CPython compiles source to bytecode"},
            },
        },
    },
)


@post(
    "/jobs",
    responses={
        **problems_of(*BODY, *SUBMITTING, "malformed_url", "database_unavailable"),
        200: ResponseSpec(Created, description="The job that this key and body already made"),
    },
    opt=DIRECT,
    summary="Submit a research job",
    description="201 for a new job; 200 with the same job if the Idempotency-Key and the body are known.",
)
async def submit_job(
    context: NamedDependency[ApiContext],
    data: Annotated[NewJob, Body(examples=[SUBMIT_EXAMPLE, OUTPUT_EXAMPLE])],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Created]:
    """Store the question, which no crash can lose afterwards."""
    check_key(idempotency_key)
    context.models.check(data.model, context.terms.ceilings.limits(data.effort, data.limits))
    if data.output_schema is not None:
        data = replace(data, output_schema=written_schema(data.output_schema))
    await context.admit()
    job_id = uuid7()
    callback = await promised_callback(context, job_id, data.callback_url)
    caller = context.caller
    submitting = submit(
        context.writer,
        data.request(),
        job_id=job_id,
        tenant=caller.tenant,
        key=idempotency_key,
        terms=context.terms,
        actor=caller.actor,
    )
    (job, is_new), fields = await counted(context, submitting)
    callback = await kept_callback(context, callback, job, is_new=is_new)
    body = context.links.created(job, callback)
    headers = fields | {"Location": body.url}
    return DirectResponse(body, 201 if is_new else 200, headers)


@get(
    "/jobs/{job_id:str}",
    responses=problems_of(*LOG, "malformed_at", "at_beyond_head", "not_yet_submitted"),
    opt=DIRECT,
    summary="Get a job: status, progress, result",
    description="`at` is the seq of an event or a time: the job as it was then.",
)
async def get_job(
    context: NamedDependency[ApiContext], job_id: FromPath[str], at: FromQuery[str | None] = None
) -> Response[JobView]:
    """Return the job as it is now, or as it was."""
    key = job_id_of(job_id)
    view = await context.view(key) if at is None else await context.past(key, at)
    return DirectResponse(context.links.shown(view))


@delete(
    "/jobs/{job_id:str}",
    status_code=200,
    responses={
        **problems_of(*LOG, "job_already_over", "try_again"),
        202: ResponseSpec(Cancelled, description="The worker did not stop within 2 s, but will"),
    },
    summary="Cancel a job",
    description="No paid call is recorded after this. Cancelling a cancelled job is 200 again.",
)
async def cancel_job(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
) -> Response[Cancelled]:
    """Request the cancel, and give the worker two seconds to confirm it."""
    job = await context.load(job_id_of(job_id))
    job = await handle(context.writer, job, c.RequestCancel(), actor=context.caller.actor)
    if not job.is_over:
        await until_over(context, job.id, CANCEL_WAIT)
        job = await context.load(job.id)
    message = "Cancelled." if job.is_over else "The worker is stopping. Follow the stream to see when it has."
    body = Cancelled(job.id, job.status, job.completed_at, message)
    return Response(body, status_code=200 if job.is_over else 202)


@post(
    "/jobs/{job_id:str}/finish",
    status_code=200,
    responses=problems_of(*LOG, "unsupported_media_type", "job_already_over", "try_again"),
    summary="Finish a job now, with what it has",
    description="Calls in flight are cut, and the report is written from the pages that were read. "
    "Finishing a finishing job is 200 again.",
)
async def finish_job(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
) -> Response[JobView]:
    """Request the report, which the worker then writes."""
    job = await context.load(job_id_of(job_id))
    job = await handle(context.writer, job, c.RequestFinish(), actor=context.caller.actor)
    return Response(job_view(job))
