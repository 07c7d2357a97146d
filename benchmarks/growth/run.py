"""Measure the same work in logs of several lengths, by turns.

Each size is a database of its own. All are filled first; then each operation is measured in one size after
the other, round by round, so that whatever else the machine does meets them alike.
"""

import contextlib
import statistics
import sys
import time
from pathlib import Path

from benchmarks import audit
from benchmarks.cost import Cost, cost_of
from benchmarks.database import Cluster
from benchmarks.growth.filling import EVENTS_PER_JOB, fill
from benchmarks.growth.work import JOBS, Work
from benchmarks.machine import Meter
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Row, Sheet, number

FIRST = 10_000  # events of the smallest log, at most
STEP = 100  # times that the log grows
LEAST = STEP * EVENTS_PER_JOB * 2 * JOBS  # events of the longest log: the shortest has a page of jobs
AIM = 1.2  # times what it costs in the small log
ROUNDS, QUICK_ROUNDS = 9, 3  # and one before, which fills the caches
CALLS = 40  # of each operation in a round
VERIFY = "verify, an event"

Costs = dict[str, list[list[Cost]]]  # by operation: for each round, for each size


async def measure(
    cluster: Cluster,
    scale: Scale,
    events: int | None = None,
    folder: Path | None = None,
    *,
    fills: bool = False,
) -> list[Sheet]:
    """Fill what is missing, and measure unless `fills`.

    In a `folder` the logs are kept.
    """
    sizes = sizes_of(events or max(scale.logged, LEAST))
    rounds = QUICK_ROUNDS if scale is QUICK else ROUNDS
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(_database(cluster, size, folder)) for size in sizes]
        for size, url in zip(sizes, urls, strict=True):
            began = time.perf_counter()
            await fill(url, size)
            _tell(f"{size:,} events are there after {time.perf_counter() - began:.0f} s")
        return [] if fills else [await _measured(cluster, urls, sizes, rounds)]


def sizes_of(events: int) -> list[int]:
    """Return the lengths of the log, a hundred times each other."""
    sizes = [min(FIRST, events // STEP)]
    while sizes[-1] * STEP < events:
        sizes.append(sizes[-1] * STEP)
    return [*sizes, events]


def _database(
    cluster: Cluster, size: int, folder: Path | None
) -> contextlib.AbstractAsyncContextManager[str]:
    return cluster.kept_database(f"growth_{size}") if folder else cluster.database()


async def _measured(cluster: Cluster, urls: list[str], sizes: list[int], rounds: int) -> Sheet:
    works = [Work(url) for url in urls]
    for work in works:
        await work.prepare(CALLS, CALLS * (rounds + 3))
    names = list(works[0].operations())
    costs: Costs = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names:
            found = await _one_round(works, name, turn)
            if turn:
                costs[name].append(found)
        _tell(f"round {turn} of {rounds}")
    plans = {
        name: [await work.plan(work.operations()[name]) for work in (works[0], works[-1])] for name in names
    }
    for work in works:
        await work.engine.dispose()
    costs[VERIFY] = [[await _verified(cluster, url) for url in urls]]
    return _sheet(sizes, costs, plans)


async def _one_round(works: list[Work], name: str, turn: int) -> list[Cost]:
    """Measure an operation in each size, beginning with another one each turn."""
    found = dict[int, Cost]()
    for at in range(len(works)):
        place = (at + turn) % len(works)
        work = works[place]
        found[place] = await cost_of(work.operations()[name], CALLS, await work.engine.backends())
    return [found[place] for place in range(len(works))]


async def _verified(cluster: Cluster, url: str) -> Cost:
    """Verify the whole log, which finds nothing."""
    meter, before = Meter(cluster.postmaster, cluster.postmaster), audit.spent()
    meter.start()
    count = await audit.verified(url)
    seconds, _, postgres = meter.stop()
    _tell(f"verified {count:,} events in {seconds:.0f} s")
    return Cost(1e6 * (audit.spent() - before + postgres) / count, 1e6 * seconds / count)


def _tell(line: str) -> None:
    print(f"growth: {line}", file=sys.stderr, flush=True)


def _sheet(sizes: list[int], costs: Costs, plans: dict[str, list[str]]) -> Sheet:
    rows, notes = list[Row](), list[str]()
    for name, rounds in costs.items():
        cells = [
            statistics.median(getattr(one[at], what) for one in rounds)
            for what in ("cpu", "clock")
            for at in range(len(sizes))
        ]
        ratio = statistics.median(one[-1].cpu / one[0].cpu for one in rounds)
        rows.append((name, [*map(number, cells), f"{ratio:.2f}", f"≤ {AIM}"]))
        if ratio > AIM and name in plans:
            for size, plan in zip((sizes[0], sizes[-1]), plans[name], strict=True):
                notes.append(f"{name}, at {size:,} events:\n{plan}\n")
    heads = [f"{what}, {size:,}" for what in ("CPU µs", "p50 µs") for size in sizes]
    return Sheet("The same work while the log grows", [*heads, "CPU ratio", "aim"], rows, notes)
