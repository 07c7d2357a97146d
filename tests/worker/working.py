"""A worker at work in the test, and what it has done."""

import asyncio
import contextlib
from datetime import timedelta

from app import handle
from app.worker.worker import Pace, Worker
from tests.steps import until, whole_log

LEASE = timedelta(seconds=1)


@contextlib.asynccontextmanager
async def working(house, perform=None, **pace):
    """A worker of this house runs meanwhile, and drains at the end."""
    worker = Worker(
        house.writer, house.wake, house.url, perform or house.researching(), Pace(**{"lease": LEASE, **pace})
    )
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.drain()
        await running


async def over(house, job_id):
    async def look():
        job = await handle.load(house.writer, job_id)
        return job if job.is_over else None

    return await until(look)


async def types(house, job_id) -> list[str]:
    return [row.type for row in await whole_log(house.engine, job_id)]
