"""Measure many machines on one Postgres.

50 workers of 20 jobs, idle and busy, and 20,000 readers of two servers.

The workers are models: each makes the statements of a worker at its pace, over connections of its own, from
one process. The servers and readers are real processes and sockets.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import UUID

import psutil

from app.settings import Settings
from app.store import queue, workers
from app.store.database import Engine, connect, make_engine
from app.store.session import Session
from app.wiring import Container
from app.worker.presence import Presence
from benchmarks.child import child
from benchmarks.database import Cluster, fill
from benchmarks.machine import Meter
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming import accounts
from benchmarks.streaming.orders import Publish
from benchmarks.streaming.sheet import HEADS, Round, Row, Sheet, compared
from benchmarks.streaming.stage import Pen, dossier, stream

WORKERS, JOBS = 50, 20
LEASE = timedelta(seconds=10)
BEATS_PER_LEASE, PEEK_EVERY = 3, 1.0
READERS, STREAMED, EVENTS = 20_000, 1_000, 4


class ModelWorker:
    """What a worker asks of Postgres, without the work."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = make_engine(url, pool_size=1)
        self._presence = Presence(JOBS, LEASE.total_seconds(), dict)
        self.name = self._presence.name
        self._url = url
        self.held: dict[UUID, int] = {}

    async def claim(self) -> float:
        """Claim 20 jobs, and return the seconds that it took."""
        before = time.perf_counter()
        leases = await queue.claim(self.engine, self.name, JOBS, LEASE)
        taken = time.perf_counter() - before
        self.held = {lease.job_id: lease.epoch for lease in leases}
        return taken

    async def live(self) -> None:
        """Look at the queue and beat, until cancelled."""
        connection = await connect(self._url)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._peek())
                tasks.create_task(self._beat(connection))
        finally:
            connection.terminate()

    async def _peek(self) -> None:
        while True:
            await queue.peek(self.engine, list(self.held), self.name)
            await asyncio.sleep(PEEK_EVERY)

    async def _beat(self, connection: Session) -> None:
        while True:
            if self.held:
                await queue.beat(connection, self.held, LEASE)
            await workers.sign(connection, self._presence.badge())
            await asyncio.sleep(LEASE.total_seconds() / BEATS_PER_LEASE)


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    """Measure workers, then readers."""
    quick = scale == QUICK
    rows = await _workers(cluster, 5 if quick else WORKERS, 2.0 if quick else 20.0)
    rows += await _readers(cluster, 200 if quick else READERS, 20 if quick else STREAMED)
    return [Sheet("Many", HEADS, rows, ["The workers are models, the readers are real."])]


async def _workers(cluster: Cluster, count: int, seconds: float) -> list[Row]:
    async with cluster.database() as url, _crew(url, count) as crew:
        meter = Meter(psutil.Process(), cluster.postmaster)
        idle = await _lived(crew, meter, seconds)
        house = Container(Settings(), url)
        await fill(house.writer, 2 * JOBS * count)
        await house.engine.dispose()
        alone, together = await _claims(crew, meter)
        busy = await _lived(crew, meter, seconds)
    what = f"{count} workers of {JOBS} jobs"
    return [
        compared(f"{what}, idle: Postgres, ms CPU a second", [idle], "cpu", ""),
        compared(f"{what}, busy: Postgres, ms CPU a second", [busy], "cpu", ""),
        compared(f"a claim of {JOBS}, one after the other: Postgres, us CPU a job", [alone], "us", ""),
        compared("… ms until its answer, median", [alone], "ms", ""),
        compared(f"a claim of {JOBS} by all at once: Postgres, us CPU a job", [together], "us", ""),
        compared("… ms until its answer, longest", [together], "ms", ""),
        compared("… jobs claimed a second", [together], "rate", ""),
    ]


@contextlib.asynccontextmanager
async def _crew(url: str, count: int) -> AsyncIterator[list[ModelWorker]]:
    crew = [ModelWorker(url) for _ in range(count)]
    try:
        yield crew
    finally:
        for worker in crew:
            await worker.engine.dispose()


async def _lived(crew: list[ModelWorker], meter: Meter, seconds: float) -> Round:
    """Return Postgres's milliseconds of CPU a second while all live."""
    living = [asyncio.create_task(worker.live()) for worker in crew]
    await asyncio.sleep(min(3.0, seconds))  # connected
    meter.start()
    await asyncio.sleep(seconds)
    took, _, postgres = meter.stop()
    for task in living:
        task.cancel()
    await asyncio.gather(*living, return_exceptions=True)
    return {"cpu": 1000 * postgres / took}


async def _claims(crew: list[ModelWorker], meter: Meter) -> tuple[Round, Round]:
    """Return what claims cost one after the other, and all at once."""
    meter.start()
    waits = [await worker.claim() for worker in crew]
    _, _, postgres = meter.stop()
    jobs = sum(len(worker.held) for worker in crew)
    alone = {"us": 1e6 * postgres / jobs, "ms": 1000 * sorted(waits)[len(waits) // 2]}
    meter.start()
    waits = await asyncio.gather(*(worker.claim() for worker in crew))
    took, _, postgres = meter.stop()
    claimed: Mapping[UUID, int] = {job: 1 for worker in crew for job in worker.held}
    assert len(claimed) == sum(len(worker.held) for worker in crew), "a job was claimed twice"
    return alone, {"us": 1e6 * postgres / len(claimed), "ms": 1000 * max(waits), "rate": len(claimed) / took}


async def _readers(cluster: Cluster, readers: int, jobs: int) -> list[Row]:
    half = min(readers // 2, accounts.connections())
    async with cluster.database() as url, child("benchmarks.streaming.writer", url) as (writer, _):
        pen = Pen(writer)
        made = await pen.jobs(jobs)
        paths = [stream(made.jobs[at % jobs], made.head) for at in range(half)]
        async with dossier(url, pen.writer) as one, dossier(url, pen.writer) as two:
            before = accounts.resident(one.pid)
            connected = await one.connect(paths)
            await two.connect(paths)
            kilobytes = (accounts.resident(one.pid) - before) / half
            spell = await one.publish(Publish(made.jobs, made.head + 1, EVENTS, 2))
    round_ = {"rate": spell.rate, "us": spell.us_server, "KB": kilobytes, "ms": 1000 * connected / half}
    what = f"{2 * half:,} readers over {jobs:,} jobs, two servers"
    return [
        compared(f"{what}: deliveries/s of one", [round_], "rate", ""),
        compared("… us CPU each", [round_], "us", ""),
        compared("… KB resident a connection", [round_], "KB", ""),
        compared("… ms CPU to connect", [round_], "ms", ""),
    ]
