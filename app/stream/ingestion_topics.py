"""Serve the events of ingestions by one query for all readers."""

import asyncio
import logging
from uuid import UUID

import msgspec

from app.errors import DatabaseUnavailable
from app.store.database import Engine
from app.store.ingestions import INGESTION_EVENTS_PAGE, read_ingestion_events
from app.store.wake import Hint, Wake
from app.stream.topic import EncodedEvent, Topic
from dossier.document_types import IngestionEvent, is_over

INGESTION_STREAM_POLL = 1.0  # seconds; the guarantee where hints are lost
INGESTION_FRAMES = {
    "ingestion_completed": b"ingestion_complete",
    "ingestion_failed": b"ingestion_failed",
    "ingestion_cancelled": b"ingestion_cancelled",
}

log = logging.getLogger(__name__)


class IngestionTopics:
    """The ingestions that one process's readers follow."""

    def __init__(self, engine: Engine, wake: Wake) -> None:
        self._engine = engine
        self._wake = wake
        self._topics: dict[UUID, Topic] = {}
        self._bell = asyncio.Event()

    def topic(self, ingestion_id: UUID, head: int) -> Topic:
        """Return an ingestion's topic for a new reader."""
        if ingestion_id not in self._topics:
            self._topics[ingestion_id] = Topic(
                ingestion_id, head, self._read_page, lambda: self._topics.pop(ingestion_id)
            )
            self._bell.set()
        return self._topics[ingestion_id]

    async def run(self) -> None:
        """Read what moves until cancelled."""
        unsubscribe = self._wake.subscribe(self._hear)
        try:
            while True:
                await self._rest()
                try:
                    await self._refresh()
                except DatabaseUnavailable as error:
                    log.warning("Readers of ingestions wait for the database: %s", error)
                    await asyncio.sleep(INGESTION_STREAM_POLL)
        finally:
            unsubscribe()

    def _hear(self, hint: Hint) -> None:
        if self._topics and (hint.everything or self._topics.keys() & hint.job_ids):
            self._bell.set()

    async def _rest(self) -> None:
        """Wait for a hint, or without readers for the first reader."""
        try:
            async with asyncio.timeout(INGESTION_STREAM_POLL if self._topics else None):
                await self._bell.wait()
        except TimeoutError:  # a hint may have been lost
            return
        self._bell.clear()

    async def _refresh(self) -> None:
        heads = {key: topic.head for key, topic in self._topics.items()}
        if not heads:
            return
        fresh: dict[UUID, list[EncodedEvent]] = {}
        for event in await read_ingestion_events(self._engine, heads):
            fresh.setdefault(event.ingestion_id, []).append(encoded(event))
        for key, events in fresh.items():
            if topic := self._topics.get(key):
                topic.extend(events)
            if len(events) == INGESTION_EVENTS_PAGE:
                self._bell.set()  # there may be more

    async def _read_page(self, ingestion_id: UUID, after: int, limit: int) -> list[EncodedEvent]:
        return [
            encoded(one) for one in await read_ingestion_events(self._engine, {ingestion_id: after}, limit)
        ]


def encoded(event: IngestionEvent) -> EncodedEvent:
    """Return the frame of an event."""
    name = INGESTION_FRAMES.get(event.type, b"ingestion_progress")
    body = b"id: %d\nevent: %b\ndata: %b\n\n" % (event.seq, name, msgspec.json.encode(event))
    return EncodedEvent(event.seq, body, is_over(event.status))
