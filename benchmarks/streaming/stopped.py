"""Measure what the server holds for a stopped reader.

Its own memory, and the kernel's send queue.
"""

import asyncio

from benchmarks.streaming import accounts
from benchmarks.streaming.orders import Filled, Publish
from benchmarks.streaming.scale import Size
from benchmarks.streaming.sheet import Round, Row, compared
from benchmarks.streaming.stage import Pen, Stage, dossier, request, serving, stream

BATCH = 100
EVENT = 330  # bytes, about
SETTLE = 0.5  # seconds after the last event


async def measure(url: str, pen: Pen, size: Size) -> list[Row]:
    ours, bare = list[Round](), list[Round]()
    for _ in range(size.rounds):
        job = await pen.jobs()
        async with dossier(url, pen.writer) as stage:
            ours.append(await _round(stage, stream(job.jobs[0], job.head), job, size))
        async with serving("benchmarks.streaming.peers", "bare") as stage:
            bare.append(await _round(stage, request("/stream"), Filled(["one"], 0), size))
    name = f"a reader that stopped, KB of {size.megabytes:,} MB sent"
    return [
        compared(name, ours, "all", "≤ 400", bare),
        compared("… of them in the kernel's send queue", ours, "kernel", "", bare),
        compared("… in the process", ours, "resident", "", bare),
    ]


async def _round(stage: Stage, path: str, job: Filled, size: Size) -> Round:
    """Send the same bytes twice to one reader that listens.

    First alone, then beside those who stopped.
    """
    count = size.megabytes * 1_000_000 // EVENT // BATCH * BATCH
    await stage.connect([path])
    await stage.publish(Publish(job.jobs, job.head + 1, count, BATCH))
    before = accounts.resident(stage.pid)
    await stage.connect(
        [path.replace(f"after={job.head}", f"after={job.head + count}")] * size.deaf, deaf=True
    )
    await stage.publish(Publish(job.jobs, job.head + 1 + count, count, BATCH))
    await asyncio.sleep(SETTLE)
    resident = (accounts.resident(stage.pid) - before) / size.deaf
    kernel = accounts.unsent(stage.port) / size.deaf
    return {"all": resident + kernel, "kernel": kernel, "resident": resident}
