"""Serve forks, comparisons and replays of jobs.

The routes are POST /jobs/{id}/fork, GET /jobs/{id}/diff/{other} and POST /jobs/{id}/replay.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, HeaderParameter
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from app.api.authentication import READS
from app.api.callbacks import kept_callback, promised_callback
from app.api.context import ApiContext
from app.api.contract import BODY, LOG, SUBMITTING, check_key, problems_of
from app.api.path_values import job_id_of
from app.api.problem_details import BadRequest
from app.api.rate_limit import counted
from app.api.schema_door import written_schema
from app.domain.diff import Side, diff
from app.domain.row import Row
from app.handle import fork
from app.replay import replay
from dossier.comparison import Diff
from dossier.job_types import Created
from dossier.replayed import Replayed
from dossier.request import Fork

FORK_EXAMPLE = Example(
    summary="A further question",
    value={"changes": {"instruction": "And what if __exit__ returns true?", "limits": {"max_searches": 2}}},
)


@post(
    "/jobs/{job_id:str}/fork",
    responses={
        **problems_of(*BODY, *LOG, *SUBMITTING, "malformed_url"),
        200: ResponseSpec(Created, description="The job that this key and body already made"),
    },
    summary="Fork a job from any point of its history",
    description="The new job reuses the events up to `after` at no cost, then continues independently.",
)
async def fork_job(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
    data: Annotated[Fork, Body(examples=[FORK_EXAMPLE])],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Created]:
    """Store the fork as a new job."""
    origin, changes = job_id_of(job_id), data.changes
    head = await context.head(origin)
    if data.after is not None and data.after > head.seq:
        raise BadRequest("out_of_range", f"The job's last event is {head.seq}.", "after")
    check_key(idempotency_key)
    context.models.check_changes(changes)
    changes = replace(changes, output_schema=written_schema(changes.output_schema, "changes.output_schema"))
    await context.admit()
    fork_id = uuid7()
    callback = await promised_callback(context, fork_id, data.callback_url)
    forking = fork(
        context.writer,
        origin,
        data.after,
        changes,
        job_id=fork_id,
        tenant=context.caller.tenant,
        key=idempotency_key,
        terms=context.terms,
        actor=context.caller.actor,
    )
    (job, is_new), fields = await counted(context, forking)
    callback = await kept_callback(context, callback, job, is_new=is_new)
    body = context.links.created(job, callback)
    headers = fields | {"Location": body.url}
    return Response(body, status_code=201 if is_new else 200, headers=headers)


@post(
    "/jobs/{job_id:str}/replay",
    status_code=200,
    opt=READS,
    responses=problems_of(*LOG, "unsupported_media_type", "busy"),
    summary="Replay a job's log with today's code",
    description="Calls no provider and writes nothing. `first_difference` is the first event that differs.",
)
async def replay_job(context: NamedDependency[ApiContext], job_id: FromPath[str]) -> Response[Replayed]:
    """Return whether today's code does the same, or where it differs first."""
    key = job_id_of(job_id)
    await context.head(key)  # raises where the job is not the caller's, or its events are elsewhere
    async with context.replaying():
        return Response(await replay(context.reading, context.caller, key))


@get(
    "/jobs/{job_id:str}/diff/{other:str}",
    responses=problems_of(*LOG),
    summary="Compare two jobs: steps, sources, claims, cost",
)
async def diff_jobs(
    context: NamedDependency[ApiContext], job_id: FromPath[str], other: FromPath[str]
) -> Response[Diff]:
    """Compare the first job, `a`, with the other one, `b`."""
    ids = job_id_of(job_id), job_id_of(other, "other")
    sides = [await _side(context, key) for key in ids]
    return Response(await asyncio.to_thread(diff, *sides))


async def _side(context: ApiContext, job_id: UUID) -> Side:
    side = Side(job_id)
    async for rows in context.pages(job_id):
        await asyncio.to_thread(_note, side, rows)
    return side


def _note(side: Side, rows: Sequence[Row]) -> None:
    for row in rows:
        side.note(row.recorded())
