"""Show workers and the queue, and take an operator's orders."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from app.api.authentication import ADMIN, OPERATOR
from app.api.context import ApiContext
from app.api.contract import LOG, SUBMITTING, problems_of
from app.api.path_values import job_id_of
from app.domain import commands as c
from app.errors import JobNotFailed, JobNotHeld, LeaseLost, WorkerNotFound
from app.handle import fork, handle
from app.store import workers as store
from dossier.job_types import Created, JobView
from dossier.request import Changes
from dossier.worker_types import Queue, Workers

ORDERING = problems_of("worker_not_found", "unsupported_media_type", "database_unavailable")
ORDERING_ALL = problems_of("unsupported_media_type", "database_unavailable")


@get("/workers", responses=problems_of("database_unavailable"), summary="List the workers", opt=OPERATOR)
async def list_workers(context: NamedDependency[ApiContext]) -> Workers:
    """Return the workers that beat within the last hour."""
    return await store.read_workers(context.writer.engine)


@get("/queue", responses=problems_of("database_unavailable"), summary="Show what waits", opt=OPERATOR)
async def get_queue(context: NamedDependency[ApiContext]) -> Queue:
    """Return the waiting jobs by priority, and who is next."""
    return await store.read_queue(context.writer.engine)


@post(
    "/workers/pause",
    status_code=200,
    responses=ORDERING_ALL,
    summary="Pause the claims of all workers",
    description="Each worker hears of it within about a second. Jobs at work go on.",
    opt=OPERATOR,
)
async def pause_workers(context: NamedDependency[ApiContext]) -> Workers:
    """Let no worker claim jobs until `/workers/resume`."""
    await store.pause_all(context.writer.engine)
    return await store.read_workers(context.writer.engine)


@post(
    "/workers/resume",
    status_code=200,
    responses=ORDERING_ALL,
    summary="Resume the claims of all workers",
    description="A worker that was paused alone stays paused.",
    opt=OPERATOR,
)
async def resume_workers(context: NamedDependency[ApiContext]) -> Workers:
    """Let workers claim jobs again."""
    await store.resume_all(context.writer.engine)
    return await store.read_workers(context.writer.engine)


@post(
    "/workers/{name:str}/pause",
    status_code=200,
    responses=ORDERING,
    summary="Pause the claims of a worker",
    opt=OPERATOR,
)
async def pause_worker(context: NamedDependency[ApiContext], name: FromPath[str]) -> Workers:
    """Let one worker claim nothing until it is resumed."""
    return await _after(context, name, found=await store.pause_worker(context.writer.engine, name))


@post(
    "/workers/{name:str}/resume",
    status_code=200,
    responses=ORDERING,
    summary="Resume the claims of a worker",
    opt=OPERATOR,
)
async def resume_worker(context: NamedDependency[ApiContext], name: FromPath[str]) -> Workers:
    """Let one worker claim jobs again."""
    return await _after(context, name, found=await store.resume_worker(context.writer.engine, name))


@post(
    "/workers/{name:str}/drain",
    status_code=200,
    responses=ORDERING,
    summary="Drain a worker",
    description="As SIGTERM does: steps in flight may finish, the rest goes back to the queue, and the "
    "worker stops. `dossier worker` ends; `dossier serve` goes on without a worker.",
    opt=OPERATOR,
)
async def drain_worker(context: NamedDependency[ApiContext], name: FromPath[str]) -> Workers:
    """Let one worker hand its jobs back and stop."""
    return await _after(context, name, found=await store.drain_worker(context.writer.engine, name))


@post(
    "/jobs/{job_id:str}/requeue",
    status_code=200,
    responses=problems_of(*LOG, "job_not_held", "try_again", "unsupported_media_type"),
    summary="Take a job from its worker",
    description="The job goes back to the queue at no cost of an attempt; its worker stops it at the next "
    "write or beat.",
    opt=ADMIN,
)
async def requeue_job(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
) -> JobView:
    """Return a job to the queue, whatever its worker does."""
    job = await context.load(job_id_of(job_id))
    command = c.ReleaseAttempt(job.epoch, "requeued")
    try:
        await handle(context.writer, job, command, actor=context.caller.actor, epoch=job.epoch)
    except LeaseLost as error:
        raise JobNotHeld(f"No worker holds the job: it is {job.status}.") from error
    return await context.view(job.id)


@post(
    "/jobs/{job_id:str}/retry",
    responses={
        **problems_of(*LOG, *SUBMITTING, "job_not_failed", "unsupported_media_type"),
        200: ResponseSpec(Created, description="The job that an earlier retry of this one made"),
    },
    summary="Retry a failed job",
    description="A new job, forked from the failed one: what that one learnt costs nothing again.",
    opt=ADMIN,
)
async def retry_job(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
) -> Response[Created]:
    """Store a fork of the failed job, once however often asked."""
    origin = await context.load(job_id_of(job_id))
    if origin.status != "failed":
        raise JobNotFailed(f"Only a failed job can be retried; this one is {origin.status}.")
    await context.admit()
    job, is_new = await fork(
        context.writer,
        origin.id,
        None,
        Changes(),
        tenant=context.caller.tenant,
        key=f"retry:{origin.id}",
        terms=context.terms,
        actor=context.caller.actor,
    )
    body = context.links.created(job)
    return Response(body, status_code=201 if is_new else 200, headers={"Location": body.url})


WORKER_ROUTES = [
    list_workers,
    get_queue,
    pause_workers,
    resume_workers,
    pause_worker,
    resume_worker,
    drain_worker,
    requeue_job,
    retry_job,
]


async def _after(context: ApiContext, name: str, *, found: bool) -> Workers:
    if not found:
        raise WorkerNotFound(f"No worker that runs is called {name[:100]!r}.")
    return await store.read_workers(context.writer.engine)
