"""Compare appends with a bare multi-row INSERT of the same bytes."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import psutil
from msgspec.structs import astuple

from app.domain.change import change
from app.domain.commands import RecordEvents
from app.domain.events import Event, PlanAdapted
from app.domain.job import Job
from app.handle import handle, load
from app.process_memory import settle
from app.settings import Settings
from app.store import log, queue
from app.store.database import driver_url
from app.wiring import Container
from benchmarks.database import Cluster, fill
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.table import Line, Take, line

WRITERS = (1, 8, 16)
BATCHES = (1, 10, 100)  # events of one append
LEASE = timedelta(hours=1)

# A plan that changes leaves the job's state as large as it was, and its JSON has about 300 bytes.
EVENT = PlanAdapted(
    goal="Why water boils at a lower temperature on a mountain",
    steps=("look for the boiling point at sea level", "look for the one on Mount Everest", "compare"),
    changes=("compare with the Dead Sea too",),
    reason="The first search found pages about the pressure, and none about the temperature.",
)

# The same columns, defaults and indexes, without the partitions and their triggers.
TABLE = "DROP TABLE IF EXISTS bare_events; CREATE TABLE bare_events (LIKE events INCLUDING ALL)"
INSERT = f"""
    INSERT INTO bare_events ({log.EVENT_NAMES})
    SELECT {", ".join("e.data::json" if name == "data" else f"e.{name}" for name in log.EVENT_COLUMNS)}
    FROM unnest({", ".join(f"${at}::{kind}[]" for at, kind in enumerate(log.EVENT_COLUMNS.values(), 1))})
    AS e({log.EVENT_NAMES})"""


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    return [await _compare(cluster, scale, writers, batch) for writers in WRITERS for batch in BATCHES]


async def _compare(cluster: Cluster, scale: Scale, writers: int, batch: int) -> Line:
    async with cluster.database() as url:
        house = Container(Settings(), url)
        hearing = asyncio.create_task(house.wake.run())
        jobs = await _running(house, writers)
        connections = [await asyncpg.connect(driver_url(url)) for _ in range(writers)]
        await connections[0].execute(TABLE)
        ours, bare = _Ours(house, jobs, batch), _Bare(connections, jobs, batch)
        settle()  # as servers and workers do
        pairs = [
            (await _round(cluster, ours, scale.spell), await _round(cluster, bare, scale.spell))
            for _ in range(scale.rounds)
        ]
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in connections))
        await house.engine.dispose()
    return line(f"events appended, {writers:>2} x {batch:>3}", pairs, "≥ 60 %")


async def _running(house: Container, count: int) -> list[Job]:
    """Jobs under a lease that outlasts the measurement."""
    jobs = await fill(house.writer, count)
    await queue.claim(house.engine, "benchmark", count, LEASE)
    return [await load(house.writer, job.id) for job in jobs]


async def _round(cluster: Cluster, side: "_Ours | _Bare", seconds: float) -> Take:
    await side.write(until=time.perf_counter() + seconds / 5)
    meter = Meter(psutil.Process(), cluster.postmaster)
    meter.start()
    count = await side.write(until=time.perf_counter() + seconds)
    elapsed, python, postgres = meter.stop()
    return Take(count / elapsed, None, None, 1e6 * python / count, 1e6 * postgres / count)


class _Ours:
    """Each writer appends to a job of its own, through `handle`."""

    def __init__(self, house: Container, jobs: list[Job], batch: int) -> None:
        self._writer = house.writer
        self._jobs = jobs
        self._events: tuple[Event, ...] = (EVENT,) * batch

    async def write(self, until: float) -> int:
        return sum(await asyncio.gather(*(self._write(at, until) for at in range(len(self._jobs)))))

    async def _write(self, at: int, until: float) -> int:
        job, before = self._jobs[at], self._jobs[at].seq
        command = RecordEvents(job.epoch, self._events)
        while time.perf_counter() < until:
            job = await handle(self._writer, job, command, actor="worker:benchmark", epoch=job.epoch)
        self._jobs[at] = job
        return job.seq - before


class _Bare:
    """Insert rows that were made beforehand.

    Only their numbers move on.
    """

    def __init__(self, connections: list[asyncpg.Connection], jobs: list[Job], batch: int) -> None:
        self._connections = connections
        self._writers = [_columns(job, batch) for job in jobs]

    async def write(self, until: float) -> int:
        asked = zip(self._connections, self._writers, strict=True)
        return sum(await asyncio.gather(*(self._write(*one, until) for one in asked)))

    async def _write(self, connection: asyncpg.Connection, columns: list[list], until: float) -> int:
        before, batch = columns[1][0], len(columns[1])
        while time.perf_counter() < until:
            await connection.execute(INSERT, *columns)
            columns[1] = [seq + batch for seq in columns[1]]
        return columns[1][0] - before


def _columns(job: Job, batch: int) -> list[list]:
    """The rows of one append, one list a column."""
    rows = change(job, (EVENT,) * batch, datetime.now(UTC), "worker:benchmark", job.epoch).rows
    return [list(column) for column in zip(*map(astuple, rows), strict=True)]
