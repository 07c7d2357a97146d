"""Compare what an event costs in a long and a short job."""

import statistics
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta

from app import handle
from app.audit.bundle_writer import Bundle
from app.domain import commands as c
from app.domain.caller import Caller
from app.store import log, queue
from app.store.database import APP_ROLE
from app.store.wake import Wake
from app.store.writer import Writer
from benchmarks.append import EVENT
from benchmarks.cost import cost_of
from benchmarks.database import Cluster
from benchmarks.growth.work import Watched
from benchmarks.long_job import write_job
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Row, Sheet, number

SHORT, LONG, QUICK_LONG = 1_000, 20_000, 5_000  # events
ROUNDS = 5  # and one before, which fills the caches
AIM = 1.2
LEASE = timedelta(hours=1)
CALLER = Caller("default")
Operation = Callable[[], Awaitable[int]]


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    async with cluster.database() as one, cluster.database() as other:
        jobs = [JobWork(one), JobWork(other)]
        for job, events in zip(jobs, (SHORT, QUICK_LONG if scale is QUICK else LONG), strict=True):
            await job.prepare(events)
        rows = [await _row(name, jobs) for name in jobs[0].operations()]
        for job in jobs:
            await job.engine.dispose()
    heads = [*(f"CPU µs, {job.events:,}" for job in jobs), "ratio", "aim"]
    return [Sheet("A job of so many events", heads, rows)]


class JobWork:
    """Hold the operations on the one job of a database."""

    def __init__(self, url: str) -> None:
        self.engine = Watched(url, APP_ROLE, 2)
        self.writer = Writer(self.engine, Wake(self.engine, None))
        self.events = 0

    async def prepare(self, events: int) -> None:
        self.job = await write_job(self.writer, events, is_over=False)
        self.events = self.job.seq

    def operations(self) -> dict[str, tuple[Operation, int]]:
        """Return each with how often it is called in a round."""
        return {
            "claim, and hand back": (self._claim, 20),
            "append of one event": (self._append, 20),
            "fold, an event": (self._fold, 1),
            "a page of 1,000 events, an event": (self._page, 5),
            "bundle without pages, an event": (self._bundle, 1),
        }

    async def _claim(self) -> int:
        await self._take()
        await self._do(c.ReleaseAttempt(self.job.epoch))
        return 1

    async def _append(self) -> int:
        if self.job.status == "pending":
            await self._take()
        await self._do(c.RecordEvents(self.job.epoch, (EVENT,)))
        return 1

    async def _take(self) -> None:
        assert len(await queue.claim(self.engine, "benchmark", 1, LEASE)) == 1
        self.job = await log.catch_up(self.engine, self.job)

    async def _do(self, command: c.Command) -> None:
        who = {"actor": "worker:benchmark", "epoch": self.job.epoch}
        self.job = await handle.handle(self.writer, self.job, command, **who)

    async def _fold(self) -> int:
        return (await log.load(self.engine, [self.job.id]))[self.job.id].seq

    async def _page(self) -> int:
        rows = await log.read(self.engine, CALLER, self.job.id)
        return len([row.line() for row in rows])

    async def _bundle(self) -> int:
        with tempfile.TemporaryFile() as out:
            bundle = Bundle(out, self.job.id)
            async for rows in log.pages(self.engine, CALLER, self.job.id):
                bundle.write_events(rows)
            bundle.write_report(None, signed=False)
            bundle.close(None)
        return self.job.seq


async def _row(name: str, jobs: list[JobWork]) -> Row:
    """Measure an operation on either job, by turns."""
    rounds = list[tuple[float, ...]]()
    for _ in range(ROUNDS + 1):
        costs = list[float]()
        for job in jobs:
            operation, calls = job.operations()[name]
            costs.append((await cost_of(operation, calls, await job.engine.backends())).cpu)
        rounds.append(tuple(costs))
    short, long = zip(*rounds[1:], strict=True)
    ratio = statistics.median(theirs / ours for ours, theirs in zip(short, long, strict=True))
    cells = [number(statistics.median(short)), number(statistics.median(long)), f"{ratio:.2f}", f"≤ {AIM}"]
    return name, cells
