"""Many readers over many jobs in one process, all of which move."""

import asyncio

from benchmarks.streaming import accounts
from benchmarks.streaming.orders import Publish
from benchmarks.streaming.scale import Size
from benchmarks.streaming.sheet import Round, Row, compared
from benchmarks.streaming.stage import Pen, dossier, stream

EVENTS = 20  # of each job
BATCH = 2  # events of one append
SETTLE = 1.0  # seconds after the last connect


async def measure(url: str, pen: Pen, size: Size) -> list[Row]:
    readers = min(size.crowd, accounts.connections())
    ours = [await _round(url, pen, readers, size.jobs) for _ in range(size.rounds)]
    what = f"{readers:,} readers over {size.jobs:,} jobs"
    return [
        compared(f"{what}: deliveries/s", ours, "rate", ""),
        compared("… us CPU each", ours, "us", "≤ 10"),
        compared("… KB resident a connection, idle", ours, "KB", "≤ 12"),
        compared("… ms CPU to connect", ours, "ms", ""),
    ]


async def _round(url: str, pen: Pen, readers: int, jobs: int) -> Round:
    made = await pen.jobs(jobs)
    paths = [stream(made.jobs[at % jobs], made.head) for at in range(readers)]
    async with dossier(url, pen.writer) as stage:
        await stage.warm_up(paths[0])
        before = accounts.resident(stage.pid)
        connected = await stage.connect(paths)
        await asyncio.sleep(SETTLE)
        kilobytes = (accounts.resident(stage.pid) - before) / readers
        spell = await stage.publish(Publish(made.jobs, made.head + 1, EVENTS, BATCH))
    return {
        "rate": spell.rate,
        "us": spell.us_server,
        "KB": kilobytes,
        "ms": 1000 * connected / readers,
    }
