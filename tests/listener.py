"""Accept connections until told to stop, without losing a late one.

asyncio's own server leaves the socket of a connection open that it accepted as it was closed.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A socket whose connections are served until it is closed."""

    def __init__(self, serve: Serve, listening: socket.socket) -> None:
        self._serve = serve
        self._listening = listening
        self._loop = asyncio.get_running_loop()
        self._served = set[asyncio.Task]()
        listening.setblocking(False)
        self.host, self.port = listening.getsockname()[:2]
        self._loop.add_reader(listening, self._accept)

    def close(self) -> None:
        """Refuse new connections, and leave the open ones."""
        if self._listening.fileno() != -1:
            self._loop.remove_reader(self._listening)
            self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = self._listening.accept()
            task = self._loop.create_task(self._join(connection))
            self._served.add(task)
            task.add_done_callback(self._served.discard)

    async def _join(self, connection: socket.socket) -> None:
        await self._serve(*await asyncio.open_connection(sock=connection))


def listen_for(serve: Serve, port: int = 0) -> Listener:
    """Listen on loopback, at any free port if it is 0."""
    return Listener(serve, socket.create_server(("127.0.0.1", port)))
