"""Define what readers read: pieces that follow a cursor."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from app.stream.connection import BodyPart

CursorT = TypeVar("CursorT", bound=Hashable)


class Piece(Struct, Generic[CursorT], frozen=True):
    """Frames in sequence, encoded once for all readers at `after`."""

    after: CursorT
    cursor: CursorT  # of a reader that has it
    part: BodyPart | None  # None: there is nothing to send, only the cursor moves


class Listener(Protocol[CursorT]):
    """A reader who has everything, and wants to be told of more."""

    cursor: CursorT

    def take(self, piece: Piece[CursorT]) -> bool:
        """Write a piece that leaves nothing, or return False."""

    def push(self) -> None:
        """Write what is new, without waiting."""


class StreamSource(ABC, Generic[CursorT]):
    """A log, or a cut of it, as its readers see it."""

    def __init__(self) -> None:
        self.level: set[Listener[CursorT]] = set()  # they have everything; the others read for themselves
        self.readers = 0

    @abstractmethod
    def is_level(self, cursor: CursorT) -> bool:
        """True where nothing is known that follows `cursor`."""

    @abstractmethod
    def piece(self, cursor: CursorT) -> Piece[CursorT] | None:
        """The next piece, where it is in memory."""

    @abstractmethod
    async def page(self, cursor: CursorT) -> Piece[CursorT]:
        """The next piece, read from the log. Raises DatabaseUnavailable."""

    @abstractmethod
    def close(self) -> None:
        """Nobody reads any more."""

    def deliver(self) -> None:
        """Give what is new to everybody who has the rest.

        Nearly all have the same cursor, and what follows it is one piece: that takes a short way.
        """
        shared: Piece[CursorT] | None = None
        for reader in tuple(self.level):
            if shared is None or shared.after != reader.cursor:
                shared = self._rest(reader.cursor)
            if shared is None or not reader.take(shared):
                reader.push()

    def _rest(self, cursor: CursorT) -> Piece[CursorT] | None:
        """Return all that follows the cursor, if it is one piece."""
        piece = self.piece(cursor)
        return piece if piece and piece.after == cursor and self.is_level(piece.cursor) else None
