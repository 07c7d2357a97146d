"""Measure the same work while the log grows.

CPU of Python and Postgres, and the time of one call.

For every 50 events there is one finished job, and for every two of those one that waits.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from app import handle
from app.domain.caller import Caller
from app.domain.commands import RecordEvents
from app.store import event_feed, job_lists, log, queue, reads
from app.store.database import APP_ROLE, SERVER_SETTINGS, Engine, driver_url
from app.store.session import Scope
from app.store.wake import Wake
from app.store.writer import Writer
from benchmarks import audit
from benchmarks.append import EVENT
from benchmarks.database import QUESTION, Cluster
from benchmarks.database import fill as submit_jobs
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.streaming.sheet import Row, Sheet, number
from tests.reporting.bulk import EVENTS_PER_JOB

FIRST = 10_000  # events of the smallest log, at most
STEP = 100  # times that the log grows
KEPT = "growth"  # the database that stays in a folder
CALLS = 300  # of each operation, at each size
AIM = 1.2  # times what it costs in the small log
WAITING_SHARE = 2  # finished jobs to one that waits
PLACES = 4  # connections
LEASE = timedelta(hours=1)
CALLER = Caller("t@m")  # whose all jobs are
PAGE = 50  # jobs of a list, events of the feed

COUNT_FINISHED = "SELECT count(*) FROM jobs WHERE status = 'completed'"

# Of any age, in no order.
FINISHED = "SELECT job_id FROM jobs WHERE status = 'completed' ORDER BY md5(job_id::text) LIMIT $1"


class Cost(Struct, frozen=True):
    """Hold the cost of one unit.

    Microseconds of CPU and of the clock, and the statement that it ends with.
    """

    cpu: float
    clock: float
    plan: str


class Watched(Engine):
    """An engine that remembers its last statement."""

    last: tuple[str, Sequence[Any]] = ("SELECT 1", ())

    async def ask(self, scope: Scope, sql: str, params: Sequence[Any]) -> list[Any]:
        self.last = (sql, params)
        return await super().ask(scope, sql, params)


class Work:
    """Hold the operations.

    Each does one unit, or returns how many it did.
    """

    def __init__(self, url: str, finished: list[UUID]) -> None:
        self.url = url
        self.engine = Watched(url, APP_ROLE, PLACES)
        self.writer = Writer(self.engine, Wake(self.engine, None))
        self._finished = itertools.cycle(finished)
        self._claimed = list[UUID]()
        self._cursor = event_feed.FEED_START

    def operations(self) -> dict[str, Callable[[], Awaitable[int]]]:
        return {
            "claim of one job": self._claim,
            "append of one event": self._append,
            "submit": self._submit,
            "view of a finished job": self._view,
            "list, newest": lambda: self._list(job_lists.JobFilter()),
            "list, completed": lambda: self._list(job_lists.JobFilter(status="completed")),
            "list, waiting": lambda: self._list(job_lists.JobFilter(status="pending")),
            "feed, an event": self._feed,
            "catch-up of a stream, an event": self._catch_up,
            "fold, an event": self._fold,
        }

    async def _claim(self) -> int:
        leases = await queue.claim(self.engine, "growth", 1, LEASE)
        self._claimed += [lease.job_id for lease in leases]
        return len(leases)

    async def _append(self) -> int:
        job = await handle.load(self.writer, self._claimed.pop())
        command = RecordEvents(job.epoch, (EVENT,))
        await handle.handle(self.writer, job, command, actor="worker:growth", epoch=job.epoch)
        return 1

    async def _submit(self) -> int:
        await handle.submit(self.writer, QUESTION, tenant=CALLER.tenant)
        return 1

    async def _view(self) -> int:
        return len(await reads.views(self.engine, CALLER, [next(self._finished)]))

    async def _list(self, asked: job_lists.JobFilter) -> int:
        assert (await job_lists.page(self.engine, CALLER, asked, PAGE)).jobs
        return 1

    async def _feed(self) -> int:
        found = await event_feed.read(self.engine, CALLER, self._cursor, PAGE)
        self._cursor = event_feed.FEED_START if found.next_after == found.head else found.next_after
        return len(found.entries)

    async def _catch_up(self) -> int:
        return len(await log.read(self.engine, CALLER, next(self._finished)))

    async def _fold(self) -> int:
        return sum(job.seq for job in (await log.load(self.engine, [next(self._finished)])).values())


async def measure(
    cluster: Cluster, scale: Scale, events: int | None = None, folder: Path | None = None
) -> list[Sheet]:
    """Measure at each size.

    In a `folder` the log and what was measured are kept, so that a run that was cut off goes on.
    """
    sizes, kept = sizes_of(events or scale.logged), Kept(folder)
    async with cluster.kept_database(KEPT) if folder else cluster.database() as url:
        for size in sizes:
            if size not in kept.costs:
                await _grow(url, size // EVENTS_PER_JOB)
                kept.keep(size, await _costs(cluster, url))
                print(f"growth: measured at {size:,} events", file=sys.stderr, flush=True)
    return [_sheet(sizes, [kept.costs[size] for size in sizes])]


def sizes_of(events: int) -> list[int]:
    """Return the lengths of the log, a hundred times each other."""
    sizes = [min(FIRST, events // STEP)]
    while sizes[-1] * STEP < events:
        sizes.append(sizes[-1] * STEP)
    return [*sizes, events]


class Kept:
    """What was measured at each size, kept in a folder if given."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / "growth.json" if folder else None
        self.costs: dict[int, dict[str, Cost]] = {}
        if self._file and self._file.exists():
            self.costs = msgspec.json.decode(self._file.read_bytes(), type=dict[int, dict[str, Cost]])

    def keep(self, size: int, costs: dict[str, Cost]) -> None:
        self.costs[size] = costs
        if self._file:
            self._file.write_bytes(msgspec.json.encode(self.costs))


async def _grow(url: str, wanted: int) -> None:
    """Add finished jobs until there are so many, and some that wait."""
    engine = Watched(url, APP_ROLE, PLACES)
    count = max(0, wanted - (await engine.fetch(COUNT_FINISHED))[0][0])
    await submit_jobs(Writer(engine, Wake(engine, None)), CALLS + count // WAITING_SHARE, CALLER.tenant)
    await engine.dispose()
    await audit.fill(url, count)


async def _costs(cluster: Cluster, url: str) -> dict[str, Cost]:
    connection = await asyncpg.connect(driver_url(url), server_settings=SERVER_SETTINGS)
    rows = await connection.fetch(FINISHED, CALLS)
    work = Work(url, [row[0] for row in rows])
    costs = {}
    for name, operation in work.operations().items():
        costs[name] = await _cost(cluster, operation, CALLS, lambda: _plan(connection, work.engine.last))
    costs["verify, an event"] = await _cost(cluster, lambda: audit.verified(url), 1, _no_plan)
    await work.engine.dispose()
    await connection.close()
    return costs


async def _cost(
    cluster: Cluster, operation: Callable[[], Awaitable[int]], calls: int, plan: Callable[[], Awaitable[str]]
) -> Cost:
    taken, done = [], 0
    meter, before = Meter(cluster.postmaster, cluster.postmaster), audit.spent()
    meter.start()
    for _ in range(calls):
        began = time.perf_counter()
        done += (units := await operation())
        taken.append((time.perf_counter() - began) / max(1, units))
    _, _, postgres = meter.stop()
    spent = audit.spent() - before + postgres
    assert done, f"{operation} did nothing."
    return Cost(1e6 * spent / done, 1e6 * statistics.median(taken), await plan())


async def _plan(connection: asyncpg.Connection, statement: tuple[str, Sequence[Any]]) -> str:
    """Run the statement once more, and undo what it did."""
    sql, params = statement
    transaction = connection.transaction()
    await transaction.start()
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", *params)
    await transaction.rollback()
    return "\n".join(row[0] for row in rows)


async def _no_plan() -> str:
    return "it reads the whole log"


def _sheet(sizes: list[int], costs: list[dict[str, Cost]]) -> Sheet:
    rows: list[Row] = []
    notes = []
    for name, first in costs[0].items():
        last = costs[-1][name]
        ratio = last.cpu / first.cpu
        cells = [*(one[name].cpu for one in costs), *(one[name].clock for one in costs)]
        rows.append((name, [*map(number, cells), f"{ratio:.2f}", f"≤ {AIM}"]))
        if ratio > AIM:
            notes.append(f"{name}, at {sizes[-1]:,} events:\n{last.plan}")
    heads = [f"{what}, {size:,}" for what in ("CPU µs", "p50 µs") for size in sizes]
    return Sheet("The same work while the log grows", [*heads, "CPU ratio", "aim"], rows, notes)
