"""Write jobs for the readers, and say what readers must have seen."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.store import queue
from app.store.database import fetch
from tests.chaos.wire import Frame
from tests.steps import as_worker, submitted_job

LEASE = timedelta(hours=1)  # longer than any test: a worker beside it must not take the job away
ENDINGS = ("completed", "failed", "cancelled")
NAMES = {
    "job_completed": "job_complete",
    "job_failed": "job_failed",
    "job_cancelled": "job_cancelled",
    "input_requested": "job_input_required",
}
LAST = frozenset({"job_complete", "job_failed", "job_cancelled"})

# Text that would break a stream which does not frame with care: line ends, fields, many bytes a character.
HOSTILE = (
    "\n\ndata: {}\n\nid: 7\n",
    "\r\n\r\n",
    "\u2028\u2029\x85",
    "…€𝄞" * 20,
    "\ufeff: \\u0000",
    "0\r\n\r\n",
)

# In SQL, so that not the code that streams says what should have been streamed.
LINES = """
    SELECT seq, type, event_line(job_id, seq, type, schema_version, status, progress, occurred_at, data::text)
    FROM events WHERE job_id = $1::uuid ORDER BY seq"""

HEAD = "SELECT seq FROM jobs WHERE job_id = $1::uuid"


async def log_of(engine, job_id: UUID) -> list[Frame]:
    """The frames that the whole log of a job must be."""
    rows = await fetch(engine, LINES, job_id)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    return [Frame(row[0], NAMES.get(row[1], "job_progress"), bytes(row[2])) for row in rows]


async def head_of(engine, job_id: UUID) -> int:
    """The seq of the job's newest event."""
    return (await fetch(engine, HEAD, job_id))[0][0]


async def live_job(writer) -> Job:
    """Return a job that this test works on itself.

    A worker may claim some of those submitted first, so it tries until it has one.
    """
    while True:
        await submitted_job(writer)
        if held := await queue.claim(writer.engine, "chaos", 1, LEASE):
            return await handle.load(writer, held[0].job_id)


async def append(writer, job: Job, count: int = 1, size: int = 40) -> Job:
    """Add `count` events of about `size` bytes with one append."""
    texts = (f"{n} {'x' * size}" for n in range(count))
    return await as_worker(writer, job, c.RecordEvents(job.epoch, tuple(e.PlanDrafted(t, ()) for t in texts)))


async def end(writer, job: Job, ending: str = "completed") -> Job:
    """Bring the job to one of its three ends."""
    if ending == "completed":
        return await as_worker(writer, job, c.CompleteJob(job.epoch, "answered"))
    if ending == "failed":
        return await as_worker(writer, job, c.FailAttempt(job.epoch, "auth", "no", False, datetime.now(UTC)))
    job = await handle.handle(writer, job, c.RequestCancel("chaos"), actor="api")
    return await as_worker(writer, job, c.ConfirmCancel(job.epoch))


async def live(writer, job: Job, rng: random.Random, stop: asyncio.Event) -> Job:
    """Write drops and floods into the job until stopped, then end it."""
    while not stop.is_set():
        count = rng.choice((1, 1, 1, 2, 3, 10)) if rng.random() < 0.98 else 300
        job = await as_worker(writer, job, c.RecordEvents(job.epoch, tuple(_fact(rng) for _ in range(count))))
        await asyncio.sleep(rng.choice((0, 0.005, 0.02, 0.1)))
    return await end(writer, job, rng.choice(ENDINGS))


def _fact(rng: random.Random) -> e.PlanDrafted:
    size = rng.choice((0, 10, 100, 1000, 5000)) if rng.random() < 0.999 else 200_000
    return e.PlanDrafted(rng.choice(HOSTILE) + "x" * size, (rng.choice(HOSTILE),))
