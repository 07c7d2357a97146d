"""Bring a job somewhere in few words."""

import asyncio
from datetime import timedelta
from uuid import UUID

from app import handle
from app.domain import commands as c
from app.domain.chain import GENESIS, link
from app.domain.job import Job
from app.domain.row import Row
from app.store import log, queue
from app.store.database import fetch
from app.store.projections import JOB_NAMES, returned_row
from dossier.request import ResearchRequest

LEASE = timedelta(seconds=10)


async def submitted_job(writer, query="why?", **fields) -> Job:
    job, _ = await handle.submit(writer, ResearchRequest(query, **fields), tenant="default")
    return job


async def claimed_job(writer, worker="w", lease=LEASE) -> Job:
    """The next job, claimed and folded.

    One claim may miss: those that it saw are being taken by others. So it asks again, as workers do.
    """
    [held] = await until(lambda: queue.claim(writer.engine, worker, 1, lease))
    return (await log.load(writer.engine, [held.job_id]))[held.job_id]


async def running_job(writer, worker="w", lease=LEASE, **fields) -> Job:
    await submitted_job(writer, **fields)
    return await claimed_job(writer, worker, lease)


async def returned_job(writer, **fields) -> Job:
    """A job that was claimed before, and handed back."""
    job = await running_job(writer, **fields)
    return await as_worker(writer, job, c.ReleaseAttempt(job.epoch))


async def as_worker(writer, job: Job, command) -> Job:
    """Carry a command out under the epoch that `job` was claimed with."""
    return await handle.handle(writer, job, command, actor="worker:w", epoch=job.epoch)


async def completed_job(writer, **fields) -> Job:
    job = await running_job(writer, **fields)
    return await as_worker(writer, job, c.CompleteJob(job.epoch, "answered"))


async def rows(engine) -> dict[UUID, tuple]:
    """Every row of `jobs`, as Postgres has it."""
    found = await fetch(engine, f"SELECT {', '.join(JOB_NAMES)} FROM jobs ORDER BY job_id")
    return {row["job_id"]: tuple(row) for row in found}


def row_of(job: Job) -> tuple:
    """The same as it follows from the folded job."""
    return tuple(returned_row(job).values())


async def whole_log(engine, job_id) -> list[Row]:
    return await log.read_any(engine, job_id, 0, 100_000)


def assert_chain(found: list[Row]) -> None:
    """Assert that a log has no gap, and chains its stored bytes."""
    previous = GENESIS
    for seq, row in enumerate(found, 1):
        assert row.seq == seq
        assert row.prev_hash == previous
        assert link(previous, row.schema_version, row.actor, row.epoch, row.line()) == row.hash
        previous = row.hash


async def until(condition, seconds=60.0):
    """Wait until the async `condition` is true, and return its value.

    It waits as long as a slow machine may need.
    """
    async with asyncio.timeout(seconds):
        while not (value := await condition()):  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)
    return value
