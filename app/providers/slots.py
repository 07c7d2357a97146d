"""Bound the concurrent calls to a server.

The others wait here, and the wait counts for no time-out.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from app.agent.ports import Writing


class ServerSlots:
    """The queues of all servers of a process."""

    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def one(self, server: str, most: int, writing: Writing) -> AsyncIterator[None]:
        """Hold one of `most` slots of a server.

        0 means no bound.
        """
        if not most:
            yield
            return
        queue = self._queues.setdefault(server, asyncio.Semaphore(most))
        if queue.locked():
            writing.start("queued")
        async with queue:
            writing.start()
            yield
