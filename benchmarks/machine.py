"""What the numbers were measured on, and who used its processors."""

import os
import platform
import statistics
import tempfile
import time

import psutil

BLOCK = bytes(8192)  # a page of Postgres's write-ahead log


def fdatasync_ms(times: int = 100) -> float:
    """Measure a write with fdatasync, in milliseconds.

    The disk asks that of each commit.
    """
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            started = time.perf_counter()
            os.write(file.fileno(), BLOCK)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)


def describe(postgres_version: str) -> dict[str, object]:
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "postgres": postgres_version,
        "fdatasync_ms": round(fdatasync_ms(), 3),
        "load": round(os.getloadavg()[0], 2),
    }


class Meter:
    """CPU seconds of a Python process and of Postgres since `start`."""

    def __init__(self, python: psutil.Process, postmaster: psutil.Process) -> None:
        self._python = python
        self._postmaster = postmaster

    def start(self) -> None:
        self._before = self._spent()
        self._at = time.perf_counter()

    def stop(self) -> tuple[float, float, float]:
        """Seconds of the clock, of Python, of Postgres."""
        seconds = time.perf_counter() - self._at
        python, postgres = self._spent()
        return seconds, python - self._before[0], postgres - self._before[1]

    def _spent(self) -> tuple[float, float]:
        return _cpu(self._python), sum(map(_cpu, (self._postmaster, *self._postmaster.children()))) + (
            self._postmaster.cpu_times().children_user + self._postmaster.cpu_times().children_system
        )


def _cpu(one: psutil.Process) -> float:
    try:
        times = one.cpu_times()
    except psutil.NoSuchProcess:  # a backend that ended in between: its postmaster keeps its account
        return 0.0
    return times.user + times.system
