"""Python processes beside this one, spoken to in lines."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import psutil

READY = 120.0  # seconds; a loaded machine takes its time to import everything
END = 15  # seconds for it to end when it is told to


class Child:
    """A running module of this package."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self._running = running
        self.account = psutil.Process(running.pid)

    async def tell(self, line: bytes) -> None:
        self._running.stdin.write(line + b"\n")
        await self._running.stdin.drain()

    async def hear(self) -> bytes:
        line = await self._running.stdout.readline()
        if not line:
            raise RuntimeError("A benchmark's child process ended before its time.")
        return line.strip()


@contextlib.asynccontextmanager
async def child(module: str, *arguments: str) -> AsyncIterator[tuple[Child, bytes]]:
    """Run `python -m module arguments`, and yield it with its first line."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    one = Child(running)
    try:
        yield one, await asyncio.wait_for(one.hear(), READY)
    finally:
        await _end(running)


async def _end(running: asyncio.subprocess.Process) -> None:
    """See the child gone, on every way out."""
    with contextlib.suppress(ProcessLookupError):
        running.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.wait(), END)
        running.kill()
    await running.wait()
