"""Keep a job's newest events, encoded once for all readers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from uuid import UUID

from msgspec import Struct

from app.stream import frames
from app.stream.connection import message
from app.stream.source import Piece, StreamSource

RING = 1 << 20  # bytes of frames kept for one job; a reader further behind reads pages of the log
WRITE_SIZE = 64 * 1024  # bytes of one write; more would only wait in the kernel
MEMO = 8  # pieces kept joined; nearly all readers have the same cursor
EVENTS_PAGE_SIZE = 500  # events of one page of the log


class EncodedEvent(Struct, frozen=True):
    """An encoded event."""

    seq: int
    body: bytes
    last: bool  # terminal: nothing can follow


ReadPage = Callable[[UUID, int, int], Awaitable[list[EncodedEvent]]]  # job, the seq before, how many


class Topic(StreamSource[int]):
    """A ring of frames with contiguous seq.

    A cursor is the seq of the last event a reader has.
    """

    def __init__(
        self,
        job_id: UUID,
        head: int,
        read_page: ReadPage,
        forget: Callable[[], object],
        end: bytes = frames.END,
        tenant: str = "",
    ) -> None:
        super().__init__()
        self._end = end  # what follows the last frame
        self.job_id = job_id
        self.tenant = tenant  # whose job it is
        self.head = head  # seq of the newest frame that was read
        self.tip: bytes | None = None  # the hash of that event, where it is known
        self.size = 0  # bytes in the ring
        self._frames: deque[EncodedEvent] = deque()
        self._read_page = read_page
        self._forget = forget
        self._pages: dict[int, asyncio.Task[list[EncodedEvent]]] = {}  # being read now, by their number
        self._pieces: dict[int, Piece[int]] = {}  # what was joined since the last event, by cursor

    def is_level(self, cursor: int) -> bool:
        """True where nothing is known that follows `cursor`."""
        return cursor >= self.head

    def piece(self, cursor: int) -> Piece[int] | None:
        """Return what follows the cursor, or None if not in the ring.

        It has at most WRITE_SIZE bytes and a frame.
        """
        if (known := self._pieces.get(cursor)) is not None:
            return known
        first = self._first()
        if not first <= cursor + 1 <= self.head:
            return None
        piece = join(cursor, islice(self._frames, cursor + 1 - first, None), self._end)
        if len(self._pieces) >= MEMO:
            self._pieces.clear()
        self._pieces[cursor] = piece
        return piece

    async def page(self, cursor: int) -> Piece[int]:
        """Read what follows the cursor from the log, shared between readers."""
        number, skip = divmod(cursor, EVENTS_PAGE_SIZE)
        found = await self._shared(number)
        if len(found) <= skip:  # that read may have begun before the event was written
            found = await self._shared(number)
        return join(cursor, islice(found, skip, None), self._end)

    def extend(self, fresh: list[EncodedEvent]) -> None:
        """Append frames, drop the oldest beyond RING bytes, and deliver."""
        self._pieces.clear()
        for frame in fresh:
            if frame.seq == self.head + 1:  # else an answer that crossed with another
                self._frames.append(frame)
                self.size += len(frame.body)
                self.head = frame.seq
        while self.size > RING and self._frames:
            self.size -= len(self._frames.popleft().body)
        self.deliver()

    def forget(self) -> None:
        """Empty the ring.

        Readers then read pages.
        """
        self._frames.clear()
        self._pieces.clear()
        self.size = 0

    def begin_again(self, head: int) -> None:
        """Drop everything that was read, as another log took its place."""
        self.forget()
        self.head, self.tip = head, None

    def close(self) -> None:
        """Nobody reads any more."""
        self._forget()
        for reading in self._pages.values():
            reading.cancel()

    def _first(self) -> int:
        return self.head + 1 - len(self._frames)

    async def _shared(self, number: int) -> list[EncodedEvent]:
        reading = self._pages.get(number)
        if reading is None:
            reading = self._pages[number] = asyncio.get_running_loop().create_task(self._load(number))
            reading.add_done_callback(_see)
        return await asyncio.shield(reading)  # a reader who leaves must not end the read of the others

    async def _load(self, number: int) -> list[EncodedEvent]:
        try:
            found = await self._read_page(self.job_id, number * EVENTS_PAGE_SIZE, EVENTS_PAGE_SIZE)
        finally:
            del self._pages[number]
        self._keep(found)
        return found

    def _keep(self, found: list[EncodedEvent]) -> None:
        """Keep a page that reaches the ring, for all other readers."""
        first = self._first()
        if not found or found[-1].seq + 1 < first:
            return
        self._pieces.clear()
        for frame in reversed(found):
            if frame.seq == first - 1 and self.size + len(frame.body) <= RING:
                self._frames.appendleft(frame)
                self.size += len(frame.body)
                first = frame.seq


def by_tenant(topics: Iterable[Topic]) -> dict[str, dict[UUID, int]]:
    """Return the heads of topics by tenant."""
    heads: dict[str, dict[UUID, int]] = {}
    for topic in topics:
        heads.setdefault(topic.tenant, {})[topic.job_id] = topic.head
    return heads


def _see(reading: asyncio.Task[list[EncodedEvent]]) -> None:
    """Retrieve a finished read's error, which asyncio would otherwise log."""
    if not reading.cancelled():
        reading.exception()


def join(cursor: int, fresh: "islice[EncodedEvent]", end: bytes = frames.END) -> Piece[int]:
    """Join one or more frames into a write of about WRITE_SIZE bytes.

    Raises LookupError where there is none, or one is missing: a hole must never look like an event.
    """
    parts, size, at, last = list[bytes](), 0, cursor, False
    for frame in fresh:
        if frame.seq != at + 1:
            break
        parts.append(frame.body)
        size += len(frame.body)
        at, last = frame.seq, frame.last
        if size >= WRITE_SIZE:
            break
    if at == cursor:
        raise LookupError(f"Event {cursor + 1} is not where it has to be.")
    if last:
        parts.append(end)
    return Piece(cursor, at, message(b"".join(parts), more=not last))
