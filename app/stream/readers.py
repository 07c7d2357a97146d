"""Count and look after all readers of one process."""

import asyncio
import random
import time
from typing import Any

from app.stream.connection import BodyPart
from app.stream.reader import Reader
from app.stream.source import StreamSource

TICK = 1.0  # seconds between two looks for silent and old readers
DRAIN = 10.0  # seconds, at most, over which the readers of a stopping server are sent away …
DRAIN_RATE = 100  # … of which so many leave in a second where there are fewer


class Readers:
    """The readers.

    `draining` is set once the process wants to end.
    """

    def __init__(self, draining: asyncio.Event, limit: int) -> None:
        self._draining = draining
        self._limit = limit
        self._readers: set[Reader[Any]] = set()

    def __len__(self) -> int:
        return len(self._readers)

    @property
    def is_draining(self) -> bool:
        """True once the process wants to end."""
        return self._draining.is_set()

    @property
    def is_full(self) -> bool:
        """True where no further reader is taken."""
        return len(self._readers) >= self._limit

    def add(self, reader: Reader[Any], first: BodyPart) -> None:
        """Serve this reader with heartbeat, rotation and drain until removed."""
        self._readers.add(reader)
        reader.source.readers += 1
        reader.begin(first)
        if self.is_draining:
            reader.leave("draining")

    async def remove(self, reader: Reader[Any]) -> None:
        """Remove a reader, and its source with the last one."""
        self._readers.discard(reader)
        await reader.close()
        source = reader.source
        source.readers -= 1
        if not source.readers:
            source.close()

    def of(self, source: StreamSource[Any]) -> list[Reader[Any]]:
        """Those who read this source."""
        return [reader for reader in self._readers if reader.source is source]

    async def tick(self) -> None:
        """Break long silences and end long lives, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for reader in tuple(self._readers):
                reader.tick(now)

    async def drain(self) -> None:
        """Send the readers away one by one, once the process ends."""
        await self._draining.wait()
        readers = random.sample(tuple(self._readers), len(self._readers))
        pause = min(DRAIN / max(1, len(readers)), 1 / DRAIN_RATE)
        for reader in readers:
            reader.leave("draining")
            await asyncio.sleep(pause)
