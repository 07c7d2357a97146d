"""The one way to change a job: load, decide, append, project."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from app import tracing
from app.agent.ceilings import Ceilings
from app.agent.fork import begin, cut
from app.domain import commands as c
from app.domain import events as e
from app.domain.caller import Caller
from app.domain.change import Change, change
from app.domain.decide import decide
from app.domain.job import Job
from app.domain.row import Row
from app.errors import JobArchived, JobNotFound, Refused, WrongVersion
from app.store import log
from app.store.writer import Writer
from dossier.request import Changes, Effort, ResearchRequest, Verify

APPEND_TRIES = 10  # appends of one command; each failure means that somebody else got through


class Appends(Protocol):
    """What `handle` needs of a writer."""

    async def append(self, change: Change, /) -> bool:
        """As `Writer.append`."""

    async def catch_up(self, job: Job, /) -> Job:
        """As `Writer.catch_up`."""


_encode = msgspec.json.Encoder(order="sorted").encode


class Terms(Struct, frozen=True):
    """What the server adds to a request, kept in the log."""

    max_attempts: int = 3
    verify: Mapping[Effort, Verify] = MappingProxyType({})  # where the request does not say
    embeds: bool = False  # claims without a quote are searched for by embedding too
    threaded: frozenset[Effort] = frozenset()  # efforts that are researched by threads
    ceilings: Ceilings = Ceilings()  # of every job


async def submit(
    writer: Writer,
    request: ResearchRequest,
    *,
    tenant: str,
    key: str | None = None,
    terms: Terms = Terms(),  # noqa: B008 - it is frozen
    actor: str = "api",
    job_id: UUID | None = None,
) -> tuple[Job, bool]:
    """Submit a job.

    Returns it, and whether it is new.

    The same `key` and request give the job of the first time. Raises IdempotencyConflict for the same
    key with another request, JobArchived where that job's events are elsewhere, QuotaExceeded,
    CostLimitRequired, DatabaseUnavailable.
    """
    digest = sha256(_encode(request)).hexdigest()
    # Decided here and kept in the log, so that a worker or a replay need not know the settings.
    verify = request.verify or terms.verify.get(request.effort)
    # Values of an output are a part of the one reply that writes a report, so such a job has one thread.
    is_threaded = request.effort in terms.threaded and request.output_schema is None
    request = replace(terms.ceilings.narrowed(request, is_threaded=is_threaded), verify=verify)
    loop: e.Loop | None = "threads" if is_threaded else None
    command = c.SubmitJob(request, tenant, terms.max_attempts, key, digest, terms.embeds, loop)
    empty = Job(job_id or uuid7())
    return await _begun(
        writer, change(empty, decide(command, empty), datetime.now(UTC), actor, None), command
    )


async def _begun(writer: Writer, first: Change, command: c.SubmitJob) -> tuple[Job, bool]:
    """Write a new job, or return the one that its key has."""
    if await writer.submit(first):
        tracing.submitted(first.job.id)
        return first.job, True
    key, digest = command.idempotency_key or "", command.request_sha256 or ""
    return await _of_key(writer, command.tenant, key, digest), False


async def _of_key(writer: Writer, tenant: str, key: str, digest: str) -> Job:
    job_id = await log.find_by_key(writer.engine, tenant, key, digest)
    try:
        return await load(writer, job_id)
    except JobNotFound:
        raise JobArchived(f"The job of this key is {job_id}; its events are in an archive.") from None


async def fork(  # noqa: PLR0913 - those of submit, and the origin
    writer: Writer,
    origin: UUID,
    after: int | None,
    changes: Changes,
    *,
    tenant: str,
    key: str | None = None,
    terms: Terms = Terms(),  # noqa: B008 - it is frozen
    actor: str = "api",
    job_id: UUID | None = None,
) -> tuple[Job, bool]:
    """Submit a job that continues another from one of its events.

    It begins where `origin` was after its event `after`, or after its last event for None.

    Returns it, and whether it is new, as `submit` does. Raises JobNotFound, JobArchived,
    IdempotencyConflict, DatabaseUnavailable.
    """
    digest = sha256(_encode({"fork": origin, "after": after, "changes": changes})).hexdigest()
    rows = await log.history(writer.engine, Caller(tenant), origin)
    # A long log takes some tenths of a second.
    command = await asyncio.to_thread(_fork, rows, after or len(rows), changes, tenant, terms.ceilings)
    command = replace(
        command,
        submit=replace(
            command.submit,
            max_attempts=terms.max_attempts,
            idempotency_key=key,
            request_sha256=digest,
            embeds=terms.embeds,
        ),
    )
    empty = Job(job_id or uuid7())
    first = await asyncio.to_thread(change, empty, decide(command, empty), datetime.now(UTC), actor, None)
    return await _begun(writer, first, command.submit)


def _fork(rows: Sequence[Row], after: int, changes: Changes, tenant: str, ceilings: Ceilings) -> c.ForkJob:
    submitted = rows[0].recorded().event if rows else None
    if not isinstance(submitted, e.JobSubmitted) or submitted.tenant != tenant:
        raise JobNotFound("The job to fork does not exist.")
    prefix = cut([row.recorded() for row in rows], after)
    request = ceilings.narrowed(changes.applied_to(submitted.request))
    beginning = begin(prefix, rows[len(prefix) - 1].hash, request, changes.instruction or "")
    return c.ForkJob(c.SubmitJob(request, tenant, 0), beginning.forked, beginning.copies)


async def load(writer: Writer, job_id: UUID) -> Job:
    """The job as it is now. Raises JobNotFound."""
    job = await writer.catch_up(Job(job_id))
    if not job.exists:
        raise JobNotFound(str(job_id))
    return job


async def handle(
    writer: Appends,
    job: Job,
    command: c.Command,
    *,
    actor: str,
    epoch: int | None = None,
    at: datetime | None = None,
) -> Job:
    """Carry the command out on the job.

    Returns the job that it led to.

    `at` replaces the time of this machine's clock.

    `job` may be stale: where somebody wrote in between, it is brought up to date and the command is
    decided again. Raises Refused where the rules say no, WrongVersion after APPEND_TRIES defeats,
    DatabaseUnavailable.
    """
    for _ in range(APPEND_TRIES):
        try:
            events = decide(command, job)
        except Refused:
            # A refusal holds only against the newest version.
            newest = await writer.catch_up(job)
            if newest.seq == job.seq:
                raise
            job = newest
            continue
        if not events:
            return job
        next_ = change(job, events, at or datetime.now(UTC), actor, epoch)
        if await writer.append(next_):
            return next_.job
        job = await writer.catch_up(job)
    raise WrongVersion(f"Job {job.id} was written to {APPEND_TRIES} times in a row by other processes.")
