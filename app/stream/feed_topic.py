"""Serve the events of a tenant's jobs to readers with one filter."""

from collections.abc import Awaitable, Callable

from app.store.event_feed import SCAN, Cursor, FeedSlice
from app.stream import frames
from app.stream.connection import message
from app.stream.source import Piece, StreamSource

RECENT_BYTES = 1 << 20  # bytes of pieces kept for readers who are a little behind

ReadFeed = Callable[[Cursor], Awaitable[FeedSlice]]


class Feed(StreamSource[Cursor]):
    """The newest pieces of the feed, by the cursor they follow.

    A cursor is that of the last event a reader has.
    """

    def __init__(self, head: Cursor, read: ReadFeed, forget: Callable[[], object]) -> None:
        super().__init__()
        self.head = head
        self.is_replaced = False  # the log ends before what was read of it
        self._read = read
        self._forget = forget
        self._recent: dict[Cursor, Piece[Cursor]] = {}  # oldest first
        self._size = 0

    def is_level(self, cursor: Cursor) -> bool:
        """True where nothing is known that follows `cursor`."""
        return cursor >= self.head

    def piece(self, cursor: Cursor) -> Piece[Cursor] | None:
        """What follows the cursor, if it is among the newest pieces."""
        return self._recent.get(cursor)

    async def page(self, cursor: Cursor) -> Piece[Cursor]:
        """What follows the cursor, from the log."""
        return join(cursor, await self._read(cursor))

    async def refresh(self) -> bool:
        """Read and deliver new events.

        Return False if none came.
        """
        head = self.head
        page = await self._read(head)
        self.is_replaced = page.is_beyond
        piece = join(head, page)
        if piece.cursor == head:
            return False
        self._recent[head] = piece
        self._size += _size(piece)
        while self._size > RECENT_BYTES:
            self._size -= _size(self._recent.pop(next(iter(self._recent))))
        self.head = piece.cursor
        self.deliver()
        return True

    def close(self) -> None:
        """Nobody reads any more."""
        self._forget()


def join(cursor: Cursor, page: FeedSlice) -> Piece[Cursor]:
    """A page as one write.

    Where a long stretch had nothing for these readers, they are told how far it goes: without that
    a reader who comes back would have it looked through again.
    """
    body = b"".join(
        frames.event(str(entry.cursor).encode(), entry.row.type, entry.row.line()) for entry in page.entries
    )
    if not page.entries and page.next_after.position - cursor.position >= SCAN:
        body = frames.checkpoint(str(page.next_after))
    return Piece(cursor, page.next_after, message(body, more=True) if body else None)


def _size(piece: Piece[Cursor]) -> int:
    return 100 + (len(piece.part["body"]) if piece.part else 0)
