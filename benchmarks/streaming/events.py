"""Make events of about 300 bytes with their time."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from app.domain import chain
from app.domain.chain import GENESIS
from app.domain.events import PlanAdapted
from app.domain.row import Row
from benchmarks.streaming.orders import Publish, Published

TYPE, STATUS, PROGRESS = "plan_adapted", "running", 40
NOWHERE = UUID(int=0)  # the job of those who have none
FRAME = b"id: %d\nevent: job_progress\ndata: %b\n\n"


def make() -> PlanAdapted:
    """Make an event whose goal is its time.

    The monotonic clock is the same in all processes of a machine.
    """
    return PlanAdapted(
        goal=f"at_ns {time.monotonic_ns()}", steps=("find", "read"), changes=(), reason="boils"
    )


def row(job: str, seq: int) -> Row:
    """Such an event as the log keeps it."""
    text = msgspec.json.encode(make()).decode()
    return Row(
        UUID(job), seq, TYPE, 1, STATUS, PROGRESS, text, "benchmark", 1, datetime.now(UTC), GENESIS, GENESIS
    )


def line(seq: int) -> bytes:
    """Such an event as one line of JSON."""
    text = msgspec.json.encode(make()).decode()
    return chain.line(NOWHERE, seq, TYPE, 1, STATUS, PROGRESS, datetime.now(UTC), text)


def frame(seq: int) -> bytes:
    """Such an event as a frame of a stream."""
    return FRAME % (seq, line(seq))


async def publish(order: Publish, push: Callable[[str, range], None]) -> Published:
    """Push batches of seqs, and let the readers be served in between."""
    due = asyncio.get_running_loop().time()
    for at in range(order.first, order.first + order.count, order.batch):
        for job in order.jobs:
            push(job, range(at, min(at + order.batch, order.first + order.count)))
        due += order.pause
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()) if order.pause else 0)
    return Published()
