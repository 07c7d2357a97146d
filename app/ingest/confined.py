"""Read each file in a process of its own, within limits.

The process has a limit of time and of memory. It is a fork, because a new interpreter would take longer than
most files do.
"""

import contextlib
import os
import resource
import select
import signal
import time
from pathlib import Path

import msgspec

from app.ingest.extract import read_file
from app.ingest.extracted import FileRead
from app.ingest.read_answers import TOO_MUCH, decoded_read

CPU_SECONDS = 30  # of one file, and of each program that reads its pictures
WALL_SECONDS = 300.0  # of one file, with the programs that it starts
EXTRA_MEMORY = 1 << 30  # bytes beyond those that the process has at its start
PIPE_CHUNK = 1 << 16


def confined_read(path: Path, url: str = "", name: str = "") -> FileRead:
    """Read a file as `read_file` does, within limits."""
    return decoded_read(confined_bytes(path, url, name), name or str(path))


def confined_bytes(path: Path, url: str, name: str) -> bytes:
    """Read a file in a process, and return what that says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(path, url, name, writing)
    os.close(writing)
    try:
        return _received(reading)
    finally:
        os.close(reading)
        _end(child)


def _end(child: int) -> None:
    """End a process and those that it has started."""
    for end in (os.killpg, os.kill):  # it has no group of its own before it runs
        with contextlib.suppress(ProcessLookupError):  # it has ended already, as most have
            end(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _received(pipe: int) -> bytes:
    """Return what comes until the end, or nothing when time is over."""
    ends, said = time.monotonic() + WALL_SECONDS, bytearray()
    while (left := ends - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
        chunk = os.read(pipe, PIPE_CHUNK)
        if not chunk:
            return bytes(said)
        said += chunk
    return b""


def _work(path: Path, url: str, name: str, pipe: int) -> None:
    """Read the file, say what was found, and end the process."""
    try:
        os.setpgid(0, 0)
        _limit()
        try:
            read = read_file(path, url, name)
        except MemoryError:
            read = FileRead(failed=[f"{name or path}: {TOO_MUCH}"])
        said = msgspec.msgpack.encode(read)
        while said:
            said = said[os.write(pipe, said) :]
    finally:
        os._exit(0)  # nothing of the parent's ends twice


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    most = pages * resource.getpagesize() + EXTRA_MEMORY
    with contextlib.suppress(ValueError, OSError):  # a lower limit than this is there already
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with contextlib.suppress(ValueError, OSError):  # the same for its time
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
