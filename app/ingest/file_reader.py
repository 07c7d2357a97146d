"""Read files within limits, off the event loop."""

import asyncio
import contextlib
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import msgspec

import app
from app.errors import BadDocument
from app.ingest.extracted import FileRead
from app.ingest.read_answers import LENGTH, decoded_read
from app.text.formats import Extract

READERS = 2  # files at once, each in a process
# What a reading process knows of the server: no keys and no addresses.
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TESSDATA_PREFIX")
PACKAGES = str(Path(app.__file__ or "").parents[1])
PDF_NAME = "page.pdf"


class FileReader:
    """Reads files by processes that it starts with the first ones."""

    def __init__(self, readers: int = READERS) -> None:
        self._places = asyncio.Semaphore(readers)
        self._idle = list[Process]()

    async def read(self, path: Path, url: str, name: str) -> FileRead:
        """Read the documents of a file. Errors are in the answer."""
        async with self._places:
            process = self._idle.pop() if self._idle else await _started()
            try:
                said = await _asked(process, path, url, name)
            except BaseException as error:
                await _ended(process)
                if not isinstance(error, (OSError, asyncio.IncompleteReadError)):
                    raise
                said = b""  # as of a file that ended its process
            else:
                self._idle.append(process)
        return decoded_read(said, name)

    async def read_pdf(self, body: bytes) -> Extract:
        """Read a PDF of the web. Raises BadDocument."""
        with tempfile.NamedTemporaryFile(prefix="dossier-page-", suffix=".pdf") as file:
            await asyncio.to_thread(_written, file.name, body)
            read = await self.read(Path(file.name), "page:", PDF_NAME)
        if not read.documents:
            raise BadDocument("; ".join(read.failed).removeprefix(f"{PDF_NAME}: "))
        [found] = read.documents
        title = "" if found.title == PDF_NAME else found.title
        return Extract(title, found.text, found.metadata)

    async def aclose(self) -> None:
        """End the processes."""
        while self._idle:
            await _ended(self._idle.pop())


def _written(path: str, body: bytes) -> None:
    Path(path).write_bytes(body)


async def _started() -> Process:
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    command = (sys.executable, "-P", "-m", "app.ingest.reading_process")
    return await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env={**environment, "PYTHONPATH": PACKAGES}, start_new_session=True
    )


async def _asked(process: Process, path: Path, url: str, name: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    request = msgspec.msgpack.encode((str(path), url, name))
    process.stdin.write(LENGTH.pack(len(request)) + request)
    await process.stdin.drain()
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    return await process.stdout.readexactly(length)


async def _ended(process: Process) -> None:
    """End a process.

    What it has forked ends at its limits of time.
    """
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        process.kill()
    await process.wait()
