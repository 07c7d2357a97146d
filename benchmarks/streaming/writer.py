"""Append events as a worker does, in its own process.

python -m benchmarks.streaming.writer URL
"""

import asyncio
import sys
import time
from datetime import timedelta

import uvloop
from msgspec import Struct

from app.domain.commands import RecordEvents
from app.domain.job import Job
from app.handle import handle, load
from app.process_memory import settle
from app.settings import Settings
from app.store import queue
from app.wiring import Container
from benchmarks.database import fill
from benchmarks.streaming import accounts, events
from benchmarks.streaming.orders import Fill, Filled, Publish, Published, obey

LEASE = timedelta(hours=1)  # outlasts the measurement


class Pen:
    """Jobs under a lease, and what is written to them."""

    def __init__(self, house: Container) -> None:
        self._house = house
        self._jobs: dict[str, Job] = {}

    async def carry_out(self, order: Fill | Publish) -> Struct:
        return await (self._fill(order) if isinstance(order, Fill) else self._publish(order))

    async def _fill(self, order: Fill) -> Filled:
        made = await fill(self._house.writer, order.jobs)
        await queue.claim(self._house.engine, "benchmark", order.jobs, LEASE)
        jobs = [await load(self._house.writer, job.id) for job in made]
        self._jobs = {str(job.id): job for job in jobs}
        return Filled(list(self._jobs), max(job.seq for job in jobs))

    async def _publish(self, order: Publish) -> Published:
        taken = await asyncio.gather(*(self._append(job, order) for job in order.jobs))
        times = sorted(seconds for each in taken for seconds in each)
        return Published(*(1000 * times[int(len(times) * share)] for share in (0.5, 0.99)))

    async def _append(self, name: str, order: Publish) -> list[float]:
        taken, due = [], time.monotonic()
        for at in range(0, order.count, order.batch):
            job, started = self._jobs[name], time.monotonic()
            fresh = tuple(events.make() for _ in range(min(order.batch, order.count - at)))
            command = RecordEvents(job.epoch, fresh)
            self._jobs[name] = await handle(
                self._house.writer, job, command, actor="worker:benchmark", epoch=job.epoch
            )
            taken.append(time.monotonic() - started)
            due += order.pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        return taken


async def main(url: str) -> None:
    accounts.settle_as(server=False)
    house = Container(Settings(), url)
    settle()
    hearing = asyncio.create_task(house.wake.run())
    print("ready", flush=True)
    await obey(Fill | Publish, Pen(house).carry_out)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await house.engine.dispose()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
