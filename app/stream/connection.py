"""Write one response, with bounded waits, up to a frame boundary."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, Protocol, TypedDict

from app.stream import frames
from app.stream.eager import step

STALL = 20.0  # seconds that one write may wait for the reader; the log makes it harmless to cut it
LIFE = 600.0  # seconds after which a reader is sent elsewhere, so that load moves to new servers
RETRY_MS = (1000, 4000)  # from which each reader gets its own, so that they do not all come back at once


class BodyPart(TypedDict):
    """ASGI's message for a part of a body.

    Many responses may share it.
    """

    type: Literal["http.response.body"]
    body: bytes
    more_body: bool
    chunk: bytes  # the same as HTTP/1.1 puts it on the wire, which servers pass over


Send = Callable[[BodyPart], Coroutine[Any, Any, None]]


class RawWriter(Protocol):
    """What the server adds to ASGI: write without waiting, and cut."""

    def write(self, chunk: bytes, /) -> bool:
        """Write a chunk, or return False where that has to wait."""

    def abort(self) -> None:
        """Cut the response in the middle."""


def message(body: bytes, *, more: bool) -> BodyPart:
    """Return a part of a body, the last one without `more`."""
    chunk = b"%x\r\n%b\r\n" % (len(body), body)
    return {"type": "http.response.body", "body": body, "more_body": more, "chunk": chunk}


HEARTBEAT_PART = message(frames.HEARTBEAT_FRAME, more=True)


def goodbye(reason: str, retry_ms: tuple[int, int] = RETRY_MS) -> BodyPart:
    """The last part of a response whose reader should reconnect."""
    return message(frames.reconnect(reason, random.randint(*retry_ms)), more=False)


class Connection:
    """One response that has started."""

    __slots__ = ("_send", "_wire", "ends_at", "over", "wrote_at")

    def __init__(self, send: Send, wire: RawWriter) -> None:
        self._send = send
        self._wire = wire
        self.wrote_at = time.monotonic()
        self.ends_at = self.wrote_at + LIFE * random.uniform(0.8, 1.0)
        self.over = False  # the last part was written, or the reader cut off

    def give(self, part: BodyPart) -> bool:
        """Write a part if the wire takes it.

        Its bytes are encoded once for all readers.
        """
        if not part["more_body"] or not self._wire.write(part["chunk"]):
            return False
        self.wrote_at = time.monotonic()
        return True

    def start(self, part: BodyPart) -> Awaitable[None] | None:
        """Write without waiting.

        Return what is left for `finish`, or None.

        What the wire cannot take, and the end of the response, goes by ASGI, which waits where it has to.
        """
        if self.give(part):
            return None
        self.wrote_at = time.monotonic()
        self.over = not part["more_body"]
        return step(self._send(part))

    async def finish(self, rest: Awaitable[None]) -> None:
        """Wait up to STALL seconds for the reader, then cut it off."""
        try:
            async with asyncio.timeout(STALL):
                await rest
        except TimeoutError:  # a reader that stalls costs itself; it comes back with its cursor
            self.cut()

    def send_away(self, reason: str) -> Awaitable[None] | None:
        """Write why the reader has to come back, as `start` does."""
        return self.start(goodbye(reason))

    async def send_away_and_wait(self, reason: str) -> None:
        """Tell the reader why it must come back, and wait until written."""
        if rest := self.send_away(reason):
            await self.finish(rest)

    async def write(self, part: BodyPart) -> None:
        """Write, and wait until there is room for the next part."""
        if rest := self.start(part):
            await self.finish(rest)

    def cut(self) -> None:
        """Cut the response in the middle.

        The reader returns with its cursor.
        """
        self.over = True
        self._wire.abort()


class UnsignedConnection(Connection):
    """A connection that must be cut, for lack of a "come back".

    A clean end would look like the end of the whole.
    """

    __slots__ = ()

    def __init__(self, send: Send, wire: RawWriter) -> None:
        super().__init__(send, wire)
        self.ends_at = float("inf")  # its clients do not come back unasked

    def send_away(self, _reason: str) -> Awaitable[None] | None:
        """Cut it: the client reports a lost connection, which it can resume."""
        self.cut()
        return None
