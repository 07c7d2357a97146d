"""Serve the events of ingestions by one query for all readers."""

import asyncio
import logging
from functools import partial
from uuid import UUID

import msgspec

from app.domain.caller import Caller
from app.errors import DatabaseUnavailable
from app.store.database import Engine
from app.store.ingestions import INGESTION_EVENTS_PAGE, read_ingestion_events
from app.store.wake import Hint, Wake
from app.stream.topic import EncodedEvent, Topic, by_tenant
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

    def topic(self, caller: Caller, ingestion_id: UUID, head: int) -> Topic:
        """Return the topic of the caller's ingestion for a new reader."""
        topic = self._topics.get(ingestion_id)
        if topic is None:
            read = partial(self._read_page, caller)
            forget = partial(self._topics.pop, ingestion_id)
            topic = Topic(ingestion_id, head, read, forget, tenant=caller.tenant)
            self._topics[ingestion_id] = topic
            self._bell.set()
        return topic

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
        for tenant, cursors in by_tenant(self._topics.values()).items():
            await self._refresh_of(Caller(tenant), cursors)

    async def _refresh_of(self, caller: Caller, cursors: dict[UUID, int]) -> None:
        fresh: dict[UUID, list[EncodedEvent]] = {}
        for event in await read_ingestion_events(self._engine, caller, cursors):
            fresh.setdefault(event.ingestion_id, []).append(encoded(event))
        for key, events in fresh.items():
            if topic := self._topics.get(key):
                topic.extend(events)
            if len(events) == INGESTION_EVENTS_PAGE:
                self._bell.set()  # there may be more

    async def _read_page(
        self, caller: Caller, ingestion_id: UUID, after: int, limit: int
    ) -> list[EncodedEvent]:
        found = await read_ingestion_events(self._engine, caller, {ingestion_id: after}, limit)
        return [encoded(one) for one in found]


def encoded(event: IngestionEvent) -> EncodedEvent:
    """Return the frame of an event."""
    name = INGESTION_FRAMES.get(event.type, b"ingestion_progress")
    body = b"id: %d\nevent: %b\ndata: %b\n\n" % (event.seq, name, msgspec.json.encode(event))
    return EncodedEvent(event.seq, body, is_over(event.status))
