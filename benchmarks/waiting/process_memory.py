"""Ask Linux for the memory of a process."""

import re
from pathlib import Path

import psutil

RESET_PEAK = "5"  # what Linux takes in clear_refs
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def resident(process: psutil.Process) -> int:
    """Return the bytes that it has in memory."""
    return process.memory_info().rss


def peak(process: psutil.Process) -> int:
    """Return the most bytes that it had since the last reset."""
    found = PEAK.search(_file(process, "status").read_text())
    assert found, process
    return int(found[1]) * 1024


def forget_peak(process: psutil.Process) -> None:
    """Reset the peak to what is resident now."""
    _file(process, "clear_refs").write_text(RESET_PEAK)


def _file(process: psutil.Process, name: str) -> Path:
    return Path(f"/proc/{process.pid}/{name}")
