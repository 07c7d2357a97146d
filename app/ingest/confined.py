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
from msgspec import Struct

from app.errors import BadDocument
from app.ingest.extract import ExtractedDocument, document

CPU_SECONDS = 30  # of one file
WALL_SECONDS = 60.0
EXTRA_MEMORY = 1 << 30  # bytes beyond those that the process has at its start
PIPE_CHUNK = 1 << 16
TOO_MUCH = "It takes more time or memory than a text does: split it, or save it in another format."


class _ReadFile(Struct):
    """What the process found: a document, or why there is none."""

    found: ExtractedDocument | None = None
    error: str = ""


_decode = msgspec.msgpack.Decoder(_ReadFile).decode


def confined_document(path: Path) -> ExtractedDocument:
    """Read a file as `document` does, within limits. Raises BadDocument."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(path, writing)
    os.close(writing)
    try:
        said = _received(reading)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):  # it has ended already, as most have
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return _result(path, said)


def _result(path: Path, said: bytes) -> ExtractedDocument:
    try:
        read = _decode(said)
    except ValueError:  # the process was ended
        raise BadDocument(f"{path}: {TOO_MUCH}") from None
    if read.found is None:
        raise BadDocument(read.error)
    return read.found


def _received(pipe: int) -> bytes:
    """Return what comes until the end, or nothing when time is over."""
    ends, said = time.monotonic() + WALL_SECONDS, bytearray()
    while (left := ends - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
        chunk = os.read(pipe, PIPE_CHUNK)
        if not chunk:
            return bytes(said)
        said += chunk
    return b""


def _work(path: Path, pipe: int) -> None:
    """Read the file, say what was found, and end the process."""
    try:
        _limit()
        try:
            read = _ReadFile(document(path))
        except BadDocument as error:
            read = _ReadFile(error=f"{path}: {TOO_MUCH}" if _is_out_of_memory(error) else str(error))
        said = msgspec.msgpack.encode(read)
        while said:
            said = said[os.write(pipe, said) :]
    finally:
        os._exit(0)  # nothing of the parent's ends twice


def _is_out_of_memory(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__
    return error is not None


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    most = pages * resource.getpagesize() + EXTRA_MEMORY
    with contextlib.suppress(ValueError, OSError):  # a lower limit than this is there already
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with contextlib.suppress(ValueError, OSError):  # the same for its time
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
