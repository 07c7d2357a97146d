"""The newest events of one job, encoded once, for all who follow it."""

import asyncio
from collections import deque
from uuid import UUID

from msgspec import Struct

RING = 1 << 20  # bytes of frames kept for one job; whoever is further behind reads pages of the log


class Frame(Struct, frozen=True):
    """An encoded event."""

    seq: int
    body: bytes
    last: bool  # terminal: nothing can follow


class Topic:
    """A ring of frames with contiguous seq, and a bell that rings when it grows."""

    def __init__(self, job_id: UUID, head: int) -> None:
        self.job_id = job_id
        self.head = head  # seq of the newest frame that was read
        self.readers = 0
        self._frames: deque[Frame] = deque()
        self._size = 0
        self._bell = asyncio.Event()

    def bell(self) -> asyncio.Event:
        """The next ring: take it before looking, then wait on it, and nothing is missed."""
        return self._bell

    def covers(self, cursor: int) -> bool:
        """True if everything after `cursor` is in the ring, or nothing has come after it."""
        first = self._frames[0].seq if self._frames else self.head + 1
        return cursor + 1 >= first

    def after(self, cursor: int) -> list[Frame]:
        """The frames after `cursor`, in order; only meaningful where the ring covers it."""
        fresh = self.head - cursor
        return list(self._frames)[-fresh:] if fresh > 0 else []

    def extend(self, frames: list[Frame]) -> None:
        """Add frames that follow the newest one, drop the oldest over RING bytes, and ring."""
        for frame in frames:
            if frame.seq != self.head + 1:
                continue  # an answer that crossed with another; what is missing is read again
            self._frames.append(frame)
            self._size += len(frame.body)
            self.head = frame.seq
        while self._size > RING and len(self._frames) > 1:
            self._size -= len(self._frames.popleft().body)
        self.ring()

    def ring(self) -> None:
        """Wake everybody who waits."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()
