"""Server-sent events as responses.

Some stream, the others keep an EventSource alive or end it.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Generic, TypeVar

from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send

from app.api.handover import WIRE, Wire, handed_over
from app.stream.connection import RETRY_MS, Connection, goodbye, message
from app.stream.reader import Reader
from app.stream.readers import Readers
from app.stream.source import StreamSource

BUSY_RETRY_MS = (15_000, 30_000)  # a full server wants to be left alone for a while

STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept, Authorization, Cookie"),
]

# For a token of the address: it is sent by no browser unasked, so any page that has it may read.
ANY_ORIGIN = (b"access-control-allow-origin", b"*")

CursorT = TypeVar("CursorT", bound=Hashable)


class EventStream(Generic[CursorT]):
    """The response to one reader.

    It sends `first` frames, replays from the reader's cursor, and then follows live until the end.
    """

    __slots__ = ("_crowd", "_cursor", "_first", "_source", "headers", "watch")

    connection: ClassVar[type[Connection]] = Connection

    def __init__(
        self, crowd: Readers, source: Callable[[], StreamSource[CursorT]], cursor: CursorT, first: bytes
    ) -> None:
        self.headers: Sequence[tuple[bytes, bytes]] = STREAM_HEADERS
        self.watch: Callable[[Reader[Any]], AbstractContextManager[None]] = _unwatched
        self._crowd = crowd
        self._source = source
        self._cursor = cursor
        self._first = first

    @handed_over
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start, let the source write, and wait for the end.

        The log, the connection or the server may end it.
        """
        await send(_start(200, self.headers))
        wire = _wire(scope)
        wire.let_go()
        connection = self.connection(send, wire)  # type: ignore[arg-type]  # sent by coroutines
        reader = Reader(self._source(), self._cursor, connection)
        self._crowd.add(reader, message(self._first, more=True))
        watching = self.watch(reader)
        del self._source, self._first, self.headers, self.watch, wire, connection  # a reader stays for long
        try:
            with watching:
                while (await receive())["type"] != "http.disconnect":  # also comes once all is sent
                    pass
        finally:
            await self._crowd.remove(reader)


class NothingLeft:
    """Answers 204 to a reader who has received everything.

    This is the documented way to tell an EventSource to stop.
    """

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        self._headers = headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the status and nothing else."""
        await send(_start(204, [(b"cache-control", b"no-store"), *self._headers]))
        await send(message(b"", more=False))


class Later:
    """Answers 200 with `retry:` and closes.

    A browser's EventSource never reconnects after any other status.
    """

    headers: Sequence[tuple[bytes, bytes]] = STREAM_HEADERS

    def __init__(self, reason: str, retry_ms: tuple[int, int] = RETRY_MS) -> None:
        self._reason = reason
        self._retry_ms = retry_ms

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send one reconnect frame."""
        await send(_start(200, self.headers))
        await send(goodbye(self._reason, self._retry_ms))


def turned_away(crowd: Readers, *, has_room: bool = True) -> Later | None:
    """Return the answer to a reader who cannot be served.

    None where there is room for the reader, also in the quota of its tenant.
    """
    if crowd.is_draining:
        return Later("draining")
    return Later("too_many_streams", BUSY_RETRY_MS) if crowd.is_full or not has_room else None


def _unwatched(_reader: Reader[Any]) -> AbstractContextManager[None]:
    return nullcontext()


class TaskWire:
    """Stands for a connection of another server.

    Everything goes by ASGI, and the end of the task cuts the socket.
    """

    def __init__(self, task: "asyncio.Task[Any]") -> None:
        self._task = task

    def write(self, _chunk: bytes, /) -> bool:
        """Take nothing."""
        return False

    def abort(self) -> None:
        """End the task."""
        self._task.cancel()

    def let_go(self) -> None:
        """Forget nothing."""


def _wire(scope: Scope) -> Wire:
    """Return what the server offers for writing."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    wire: Wire | None = extensions.get(WIRE)
    task = asyncio.current_task()
    assert task
    return wire or TaskWire(task)


def _start(status: int, headers: Sequence[tuple[bytes, bytes]]) -> HTTPResponseStartEvent:
    return {"type": "http.response.start", "status": status, "headers": headers}
