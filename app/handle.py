"""The one way to change a job: load, decide, append, project."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from app.domain import commands as c
from app.domain.change import change
from app.domain.decide import decide
from app.domain.job import Job
from app.domain.request import ResearchRequest
from app.errors import JobNotFound, Refused, WrongVersion
from app.store import log
from app.store.writer import Writer

TRIES = 10  # appends of one command; each failure means that somebody else got through

_encode = msgspec.json.Encoder(order="sorted").encode


async def submit(
    writer: Writer, request: ResearchRequest, *, tenant: str, key: str | None = None, max_attempts: int = 3
) -> tuple[Job, bool]:
    """Submit a job; returns it, and whether it is new.

    The same `key` and request give the job of the first time. Raises IdempotencyConflict for the same
    key with another request, DatabaseUnavailable.
    """
    digest = sha256(_encode(request)).hexdigest()
    command = c.SubmitJob(request, tenant, max_attempts, key, digest)
    empty = Job(uuid7())
    first = change(empty, decide(command, empty), datetime.now(UTC), "api", None)
    if await writer.submit(first):
        return first.job, True
    job_id = await log.find_by_key(writer.engine, tenant, key or "", digest)
    return await load(writer, job_id), False


async def load(writer: Writer, job_id: UUID) -> Job:
    """The job as it is now. Raises JobNotFound."""
    job = await log.catch_up(writer.engine, Job(job_id))
    if not job.exists:
        raise JobNotFound(str(job_id))
    return job


async def handle(
    writer: Writer, job: Job, command: c.Command, *, actor: str, epoch: int | None = None
) -> Job:
    """Carry the command out on the job and return the job that it led to.

    `job` may be stale: where somebody wrote in between, it is brought up to date and the command is
    decided again. Raises Refused where the rules say no, WrongVersion after TRIES defeats,
    DatabaseUnavailable.
    """
    for _ in range(TRIES):
        try:
            events = decide(command, job)
        except Refused:
            # A refusal holds only against the newest version.
            newest = await log.catch_up(writer.engine, job)
            if newest.seq == job.seq:
                raise
            job = newest
            continue
        if not events:
            return job
        next_ = change(job, events, datetime.now(UTC), actor, epoch)
        if await writer.append(next_):
            return next_.job
        job = await log.catch_up(writer.engine, job)
    raise WrongVersion(f"Job {job.id} was written to {TRIES} times in a row by others.")
