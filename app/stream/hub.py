"""Serve all readers from one reader of the database.

A wake-up marks jobs as moved; one loop reads what is new for all marked jobs in one query and puts
the frames into their topics. A poll of at most a second finds what no wake-up told of. No reader
holds a connection while it waits, and there is no handover from old to new events: a cursor is
served from the ring where the ring covers it, else from pages of the log.
"""

import asyncio
import contextlib
import logging
import random
from functools import partial
from uuid import UUID

from app.domain.caller import Caller
from app.domain.row import Row
from app.errors import DatabaseUnavailable
from app.store import event_feed, log, reads
from app.store.database import Engine
from app.store.event_feed import Cursor, FeedSlice
from app.store.wake import Hint, Wake
from app.stream import frames
from app.stream.connection import message
from app.stream.feed_topic import Feed
from app.stream.ingestion_topics import IngestionTopics
from app.stream.readers import Readers
from app.stream.topic import EVENTS_PAGE_SIZE, EncodedEvent, Topic, by_tenant
from dossier.job_types import OVER

logger = logging.getLogger(__name__)

STREAM_POLL = 1.0  # seconds; the guarantee where hints are lost
CATCH_UPS = 4  # catch-up reads at a time, so that a storm of reconnects leaves connections for others
MEMORY = 256 << 20  # bytes of all rings together
DATABASE_PAUSE = 0.5  # seconds to wait while the database is away
FEED_PAUSE = 0.02  # seconds between two reads of the feeds; each hears of every event there is


class Hub:
    """All sources and at most `limit` readers of one process."""

    def __init__(
        self, engine: Engine, wake: Wake, draining: asyncio.Event, limit: int, reading: Engine | None = None
    ) -> None:
        self._engine = engine
        # Of jobs' logs. The feed orders by transactions, and only the primary knows which still run.
        self._reading = reading or engine
        self._wake = wake
        self.crowd = Readers(draining, limit)
        self.ingestions = IngestionTopics(engine, wake)
        self._feeds: dict[tuple[str, tuple[str, ...] | None], Feed] = {}
        self._news = asyncio.Event()
        self._topics: dict[UUID, Topic] = {}  # in the order of their last news
        self._moved: set[UUID] = set()
        self._bell = asyncio.Event()
        self._catching_up = asyncio.Semaphore(CATCH_UPS)

    async def run(self) -> None:
        """Read what moves until cancelled."""
        unsubscribe = self._wake.subscribe(self._hear)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._poll())
                tasks.create_task(self._follow_feeds())
                tasks.create_task(self.ingestions.run())
                tasks.create_task(self.crowd.tick())
                tasks.create_task(self.crowd.drain())
        finally:
            unsubscribe()

    def topic(self, caller: Caller, job_id: UUID, head: int) -> Topic:
        """Return the topic of the caller's job for a new reader.

        `head` is its seq.
        """
        topic = self._topics.get(job_id)
        if topic is None:
            read = partial(self._read_page, caller)
            forget = partial(self._topics.pop, job_id)
            topic = self._topics[job_id] = Topic(job_id, head, read, forget, tenant=caller.tenant)
            self._mark({job_id})  # what came since the head was read, nobody told us of
        return topic

    def feed(self, caller: Caller, types: tuple[str, ...] | None, head: Cursor) -> Feed:
        """Return the feed of a caller's tenant for a new reader.

        `head` is its end.
        """
        key = (caller.tenant, types)
        if key not in self._feeds:

            async def read(after: Cursor) -> FeedSlice:
                async with self._catching_up:
                    return await event_feed.read(self._engine, caller, after, EVENTS_PAGE_SIZE, types)

            self._feeds[key] = Feed(head, read, lambda: self._feeds.pop(key))
            self._news.set()
        return self._feeds[key]

    async def _read_page(self, caller: Caller, job_id: UUID, after: int, limit: int) -> list[EncodedEvent]:
        async with self._catching_up:
            rows = await log.read(self._reading, caller, job_id, after, limit)
        return [frame(row) for row in rows]

    def _hear(self, hint: Hint) -> None:
        if self._feeds:
            self._news.set()
        self._mark(set(self._topics) if hint.everything else self._topics.keys() & hint.job_ids)

    def _mark(self, moved: set[UUID]) -> None:
        if moved:
            self._moved |= moved
            self._bell.set()

    async def _read(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            moved, self._moved = self._moved, set()
            try:
                await self._refresh(moved)
            except DatabaseUnavailable as error:
                logger.warning("Streams wait for the database: %s", error)
                await asyncio.sleep(DATABASE_PAUSE)
                self._mark(moved)

    async def _refresh(self, moved: set[UUID]) -> None:
        known = by_tenant(filter(None, map(self._topics.get, moved)))
        for tenant, cursors in known.items():
            await self._refresh_of(Caller(tenant), cursors)
        self._make_room()

    async def _refresh_of(self, caller: Caller, cursors: dict[UUID, int]) -> None:
        """Read what is new in these jobs of one tenant."""
        found = await log.read_after(self._reading, caller, cursors)
        for job_id, rows in found.items():
            if topic := self._topics.pop(job_id, None):
                self._topics[job_id] = topic  # to the end: its news are the latest
                if topic.tip and rows[0].seq == topic.head + 1 and rows[0].prev_hash != topic.tip:
                    self._begin_again(topic, topic.head)
                topic.extend([frame(row) for row in rows])
                topic.tip = rows[-1].hash if topic.head == rows[-1].seq else None
                await asyncio.sleep(0)  # one popular job must not keep all others waiting
        if sum(map(len, found.values())) >= log.LOG_PAGE_SIZE:  # there may be more
            self._mark({*cursors})

    def _make_room(self) -> None:
        """Empty the quietest rings while all together hold too much."""
        held = sum(topic.size for topic in self._topics.values())
        for topic in self._topics.values():
            if held <= MEMORY:
                return
            held -= topic.size
            topic.forget()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(STREAM_POLL * random.uniform(0.8, 1.0))
            if self._feeds:
                self._news.set()
            if not self._topics:
                continue
            with contextlib.suppress(DatabaseUnavailable):  # the next poll asks again; `_read` logs it
                await self._look()

    async def _look(self) -> None:
        """Find events without a hint, and logs shorter than what was read."""
        known = {job_id: (topic, topic.head) for job_id, topic in self._topics.items()}
        heads = await reads.heads(self._reading, list(known))
        for job_id, (topic, head) in known.items():
            if self._topics.get(job_id) is not topic:
                continue
            if job_id not in heads:
                self._send_away(topic)
            elif heads[job_id] < head:
                self._begin_again(topic, heads[job_id])
            elif heads[job_id] > topic.head:
                self._mark({job_id})

    def _send_away(self, source: Topic | Feed) -> None:
        for reader in self.crowd.of(source):
            reader.leave("log_replaced")

    def _begin_again(self, topic: Topic, head: int) -> None:
        """Restart all readers after a failover, as the log may differ."""
        topic.begin_again(head)
        first = message(frames.reset(head, "log_replaced"), more=True)
        for reader in self.crowd.of(topic):
            reader.begin_again(first, 0)

    async def _follow_feeds(self) -> None:
        """Read all feeds when anything was written, once for a burst."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                for source in tuple(self._feeds.values()):
                    while await source.refresh():
                        pass
                    if source.is_replaced:  # a reader that returns with that cursor is told
                        self._send_away(source)
            except DatabaseUnavailable as error:
                logger.warning("Feeds wait for the database: %s", error)
                await asyncio.sleep(DATABASE_PAUSE)
                self._news.set()
            await asyncio.sleep(FEED_PAUSE)


def frame(row: Row) -> EncodedEvent:
    """The frame of a stored event."""
    return EncodedEvent(row.seq, frames.event(b"%d" % row.seq, row.type, row.line()), row.status in OVER)
