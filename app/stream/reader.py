"""One reader: a cursor over a source, and a connection.

A reader that has everything is *level*: it costs nothing until the source writes to it, from the
loop that read the news, without a task. One that has not - a late comer, a slow one - is *behind*:
it has a task that reads and writes at the reader's own pace until it is level again. Nobody has a
queue; what a reader lacks is in the log.
"""

import asyncio
import logging
from collections.abc import Awaitable, Hashable
from typing import Generic, TypeVar

from app.errors import DatabaseUnavailable
from app.stream.connection import HEARTBEAT_PART, BodyPart, Connection
from app.stream.source import Piece, StreamSource

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0  # seconds of silence; shorter than the idle timeout of common proxies

CursorT = TypeVar("CursorT", bound=Hashable)


class Reader(Generic[CursorT]):
    """Follows a source from a cursor until either ends, or a drain."""

    __slots__ = ("_again", "_behind", "_connection", "_leaving", "cursor", "source")

    def __init__(self, source: StreamSource[CursorT], cursor: CursorT, connection: Connection) -> None:
        self.cursor = cursor
        self.source = source
        self._connection = connection
        self._behind: asyncio.Task[None] | None = None
        self._leaving: str | None = None  # why, once it has to go
        self._again: tuple[BodyPart, CursorT] | None = None  # what to say, and where to begin again

    def begin(self, first: BodyPart) -> None:
        """Write the first frames, then all there is after the cursor."""
        self._go_on(self._connection.start(first))

    def take(self, piece: Piece[CursorT]) -> bool:
        """Write a piece that follows at once, or return False."""
        if piece.part is None or not self._connection.give(piece.part):
            return False
        self.cursor = piece.cursor
        return True

    def push(self) -> None:
        """Write what is new without waiting.

        A full reader falls behind.
        """
        source = self.source
        while not source.is_level(self.cursor):
            piece = source.piece(self.cursor)
            if piece is None:  # more came at once than is kept in memory
                self._fall_behind(None)
            elif rest := self._give(piece):
                self._fall_behind(rest)
            elif not self._connection.over:
                continue
            source.level.discard(self)
            return

    def tick(self, now: float) -> None:
        """Send heartbeats in silence, and rotate long connections, once a second."""
        if now >= self._connection.ends_at:
            self.leave("rotation")
        elif now >= self._connection.wrote_at + HEARTBEAT_SECONDS and not self._behind:
            self._go_on(self._connection.start(HEARTBEAT_PART))

    def leave(self, reason: str) -> None:
        """Tell the reader to come back, once its current piece is written."""
        if self._connection.over or self._leaving:
            return
        self._leaving = reason
        if not self._behind:
            self._fall_behind(self._connection.send_away(reason))

    def begin_again(self, first: BodyPart, cursor: CursorT) -> None:
        """Write `first`, then everything after the cursor again."""
        self._again = (first, cursor)
        if not self._behind and not self._connection.over:
            self._fall_behind(None)

    async def close(self) -> None:
        """The connection is gone: leave nothing behind."""
        self._connection.over = True
        self.source.level.discard(self)
        if self._behind:
            self._behind.cancel()
            await asyncio.gather(self._behind, return_exceptions=True)
            self._behind = None

    def _give(self, piece: Piece[CursorT]) -> Awaitable[None] | None:
        """Write a piece and move on.

        End the stream at a gap.
        """
        if piece.after != self.cursor:
            log.error("A stream was cut: %r follows %r, not %r.", piece.cursor, piece.after, self.cursor)
            self._connection.cut()
            return None
        self.cursor = piece.cursor
        return self._connection.start(piece.part) if piece.part else None

    def _go_on(self, rest: Awaitable[None] | None) -> None:
        """After a write: level if it is, else behind."""
        if rest is None and not self._connection.over and self.source.is_level(self.cursor):
            self.source.level.add(self)
        else:
            self._fall_behind(rest)

    def _fall_behind(self, rest: Awaitable[None] | None) -> None:
        self.source.level.discard(self)
        if rest is not None or not self._connection.over:
            self._behind = asyncio.get_running_loop().create_task(self._catch_up(rest))

    async def _catch_up(self, rest: Awaitable[None] | None) -> None:
        try:
            if rest is not None:
                await self._connection.finish(rest)
            await self._read()
        except DatabaseUnavailable:  # the reader is told and comes back; the hub logs it
            await self._connection.send_away_and_wait("database_unavailable")
        except Exception:  # a fault ends this stream, not the server; the reader comes back
            log.exception("A stream ended early.")
            self._connection.cut()
        finally:
            self._behind = None

    async def _read(self) -> None:
        """Read and write until level, told to leave, or over."""
        source, connection = self.source, self._connection
        while not connection.over:
            if self._leaving:
                await connection.send_away_and_wait(self._leaving)
            elif self._again:
                (first, self.cursor), self._again = self._again, None
                await connection.write(first)
            elif source.is_level(self.cursor):
                source.level.add(self)
                return
            elif rest := self._give(source.piece(self.cursor) or await source.page(self.cursor)):
                await connection.finish(rest)
