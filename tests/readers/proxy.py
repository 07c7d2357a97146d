"""Proxy TCP on loopback, noting requests and cutting streams on order.

A cut comes at the byte that it was ordered for.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.listener import listen_for

SIZE = 16 * 1024  # bytes of one read: less than the long frame of the tests
NO_LINGER = struct.pack("ii", 1, 0)  # makes close() send RST instead of FIN


class By(Enum):
    """How a connection ends."""

    RESET = "reset"  # as when a machine dies or a proxy loses patience
    CLOSE = "close"  # as when a proxy restarts: cleanly, with the body unfinished


class Cut(NamedTuple):
    """Cut a stream `more` bytes after the bytes `after` went through."""

    after: bytes
    by: By
    more: int = 0


class Asked:
    """One request, and the bytes of its answer that went through."""

    def __init__(self, head: bytes) -> None:
        first, *fields = head.decode("latin-1").split("\r\n")
        self.path = first.split(" ")[1]
        self.fields = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        self.answer = bytearray()
        self.cut: Cut | None = None

    @property
    def cursor(self) -> str | None:
        return self.fields.get("last-event-id")

    @property
    def is_stream(self) -> bool:
        return urlsplit(self.path).path.endswith("/stream")


class Requests:
    """Find the requests in a connection's bytes, passing over their bodies."""

    def __init__(self) -> None:
        self._rest = b""
        self._body = 0

    def feed(self, chunk: bytes) -> Iterator[Asked]:
        self._rest += chunk
        while self._rest:
            skipped = min(self._body, len(self._rest))
            self._rest, self._body = self._rest[skipped:], self._body - skipped
            head, ended, rest = self._rest.partition(b"\r\n\r\n")
            if not ended:
                return
            asked = Asked(head)
            self._rest, self._body = rest, int(asked.fields.get("content-length", 0))
            yield asked


class Proxy:
    """Forward to one server at a time, making each cut once.

    Cuts are made in their order, and only on streams.
    """

    def __init__(self, upstream: str, cuts: tuple[Cut, ...]) -> None:
        self.url = ""
        self.connections = 0
        self.asked: list[Asked] = []
        self.cuts = deque(cuts)
        self.forward_to(upstream)
        self._open: set[asyncio.Task] = set()
        self._faults: list[Exception] = []  # of this proxy: they must not pass for a cut

    def forward_to(self, upstream: str) -> None:
        """Send new connections elsewhere, and leave the open ones."""
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)

    @property
    def streams(self) -> list[Asked]:
        """The requests for a stream."""
        return [asked for asked in self.asked if asked.is_stream]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        self.connections += 1
        self._open.add(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self._forward(reader, writer)
        except Exception as fault:  # noqa: BLE001 - asyncio would only log it
            self._faults.append(fault)
        finally:
            self._open.discard(asyncio.current_task())
            writer.close()

    async def close(self) -> None:
        """End what is open, and raise what went wrong here."""
        for connection in (still := tuple(self._open)):
            connection.cancel()
        await asyncio.gather(*still, return_exceptions=True)
        if self._faults:
            raise ExceptionGroup("The proxy broke, not the connection.", self._faults)

    async def _forward(self, reader, writer) -> None:
        from_server, to_server = await asyncio.open_connection(*self._upstream)
        asked: deque[Asked] = deque(maxlen=1)  # the request that is being answered
        directions = {
            asyncio.create_task(self._requests(reader, to_server, asked)),
            asyncio.create_task(self._answers(from_server, writer, asked)),
        }
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            to_server.close()
            for outcome in await asyncio.gather(*directions, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                    raise outcome

    async def _requests(self, reader, to_server, current: deque[Asked]) -> None:
        requests = Requests()
        while chunk := await reader.read(SIZE):
            for asked in requests.feed(chunk):
                current.append(asked)
                self.asked.append(asked)
            to_server.write(chunk)
            await to_server.drain()

    async def _answers(self, from_server, writer, current: deque[Asked]) -> None:
        writer.transport.set_write_buffer_limits(high=0)  # so that drain() waits until all is written
        while chunk := await from_server.read(SIZE):
            asked = current[0]
            writer.write(self._pass(asked, chunk))
            await writer.drain()
            if asked.cut:
                await _cut(writer, asked.cut.by)
                return

    def _pass(self, asked: Asked, chunk: bytes) -> bytes:
        """Return what of a chunk comes before a cut that is due."""
        before = len(asked.answer)
        asked.answer += chunk
        if asked.is_stream and self.cuts:
            after, _, more = self.cuts[0]
            found = asked.answer.find(after)
            end = found + len(after) + more
            if found >= 0 and end <= len(asked.answer):
                asked.cut = self.cuts.popleft()
                del asked.answer[end:]
        return bytes(asked.answer[before:])


async def _cut(writer: asyncio.StreamWriter, by: By) -> None:
    if by is By.RESET:
        await asyncio.sleep(0.05)  # a reset overtakes bytes that the reader has not taken yet
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        writer.transport.abort()
    else:
        writer.close()


@contextlib.asynccontextmanager
async def proxying(upstream: str, *cuts: Cut) -> AsyncIterator[Proxy]:
    """Yield a proxy whose `url` replaces that of the server."""
    proxy = Proxy(upstream, cuts)
    listener = listen_for(proxy.accept)
    proxy.url = f"http://127.0.0.1:{listener.port}"
    try:
        yield proxy
    finally:
        listener.close()
        await proxy.close()
