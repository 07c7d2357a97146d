"""Measure the memory of deep jobs that wait in one worker.

All have read large pages, and wait for a model; then each goes on, reads more or takes evidence, and waits
again. The worker is a process of its own, which asks a model's server on loopback that holds its replies.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from msgspec import Struct

from app.providers.http import CONNECTIONS
from app.store.database import APP_ROLE, Engine
from app.store.wake import Wake
from app.store.writer import Writer
from app.worker.providers import MAX_FLYING
from benchmarks.child import Child, child
from benchmarks.database import Cluster
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Row, Sheet, number
from benchmarks.waiting.logs import OPEN, PAGE_SIZE, PAGES, keep_pages, write_jobs
from benchmarks.waiting.process_memory import forget_peak, peak, resident

JOBS, FEWER = 500, 50  # fewer: traced, which takes three times as long, and in quick runs
AIM = 400  # KB of a job over idle
TIMEOUT = 600  # seconds until all wait
PAUSE = 5.0  # seconds between two looks
STILL = 200_000  # bytes: less is no prompt
KILOBYTE = 1024
# The kinds of the model's call that the jobs are held at, and of the one after it.
LOOPS = {"turns": ("turn 12", "turn 13"), "threads": ("thread", "extract")}
HEADS = [
    "KB a job, resident",
    "MB more at the peak",
    f"KB a job, traced, of {FEWER}",
    "KB a job at the peak, traced",
    "aim",
]


class HeldMemory(Struct, frozen=True):
    """Bytes over an idle process, by Linux and by tracemalloc."""

    resident: float
    most: float
    traced: float
    most_traced: float


async def measure(cluster: Cluster, scale: Scale) -> Sheet:
    count = FEWER if scale is QUICK else JOBS
    rows = list[Row]()
    for loop in LOOPS:
        whole = await held(cluster, loop, count)
        traced = await held(cluster, loop, FEWER, "traced")
        rows += [
            _row(f"by {loop}, {when}", count, one, other)
            for when, one, other in zip(("waiting", "after a further call"), whole, traced, strict=True)
        ]
    notes = [
        f"Each has read {PAGES} pages of {PAGE_SIZE:,} characters; by threads, {OPEN} wait for evidence.",
        f"A worker makes {MAX_FLYING} calls at a time, {CONNECTIONS} on the wire.",
        "Idle is before the first job, which loads some MB.",
    ]
    return Sheet(f"Memory of {count} deep jobs in one worker that wait for a model", HEADS, rows, notes)


def _row(name: str, count: int, one: HeldMemory, traced: HeldMemory) -> Row:
    each = [one.resident / count, one.most / KILOBYTE, traced.traced / FEWER, traced.most_traced / FEWER]
    return name, [*(number(size / KILOBYTE) for size in each), f"≤ {AIM}"]


async def held(cluster: Cluster, loop: str, count: int, *traced: str) -> list[HeldMemory]:
    """Return what the jobs hold at either kind of call."""
    first, _ = LOOPS[loop]
    async with cluster.database() as url, child("benchmarks.waiting.held_model") as (model, port):
        async with _writer(url) as writer:
            await write_jobs(writer, count, await keep_pages(writer), threaded=loop == "threads")
        address = f"http://127.0.0.1:{port.decode()}/v1"
        async with child("benchmarks.waiting.worker", url, address, str(count), *traced) as (worker, _):
            idle = resident(worker.account)
            await worker.tell(b"")
            before = await _waiting(worker, model, count, idle)
            await model.tell(first.encode())
            await model.hear()
            return [before, await _waiting(worker, model, count, idle)]


@contextlib.asynccontextmanager
async def _writer(url: str) -> AsyncIterator[Writer]:
    engine = Engine(url, APP_ROLE, 2)
    try:
        yield Writer(engine, Wake(engine, None))
    finally:
        await engine.dispose()


async def _waiting(worker: Child, model: Child, count: int, idle: int) -> HeldMemory:
    """Look at the process once all its jobs wait."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            before = resident(worker.account)
            await asyncio.sleep(PAUSE)
            [calls], [jobs, *_] = await _asked(model), await _asked(worker)
            # Further prompts wait for a connection: they are made once the process no longer grows.
            is_still = abs(resident(worker.account) - before) < STILL
            if is_still and calls >= min(count, CONNECTIONS) and jobs == count:
                break
    _, traced, most_traced = await _asked(worker)
    found = HeldMemory(resident(worker.account) - idle, peak(worker.account) - idle, traced, most_traced)
    forget_peak(worker.account)
    return found


async def _asked(one: Child) -> list[int]:
    await one.tell(b"")
    return [int(said) for said in (await one.hear()).split()]
