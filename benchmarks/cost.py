"""Measure the CPU of a unit of work.

It is that of this process and of Postgres's backends, in nanoseconds as the kernel counts them: ticks of ten
milliseconds would be a fifth of a round.
"""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from msgspec import Struct


class Cost(Struct, frozen=True):
    """Microseconds of one unit: of CPU, and of the clock."""

    cpu: float
    clock: float


async def cost_of(operation: Callable[[], Awaitable[int]], calls: int, backends: Sequence[int]) -> Cost:
    """Call an operation, which returns how many units it did.

    `backends` are the process ids of those that work for it.
    """
    taken, done = [], 0
    before = _spent(backends)
    for _ in range(calls):
        began = time.perf_counter()
        done += (units := await operation())
        taken.append((time.perf_counter() - began) / max(1, units))
    assert done, f"{operation} did nothing."
    return Cost(1e6 * (_spent(backends) - before) / done, 1e6 * statistics.median(taken))


def _spent(backends: Sequence[int]) -> float:
    return time.process_time() + sum(map(_ran, backends)) / 1e9


def _ran(pid: int) -> int:
    """Nanoseconds that a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
