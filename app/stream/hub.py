"""The hub: readers are only cursors over the log; one reader of the database serves them all.

A wake-up marks jobs as moved; one loop reads what is new for all marked jobs in one query and puts
the frames into their topics. A poll of at most a second finds what no wake-up told of. No reader
holds a connection while it waits, and there is no handover from old to new events: a cursor is
served from the ring where the ring covers it, else from pages of the log.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from uuid import UUID

from app.domain.job import OVER
from app.errors import DatabaseUnavailable
from app.store import log, reads
from app.store.database import Engine
from app.store.log import LogRow
from app.store.wake import Hint, Wake
from app.stream import frames
from app.stream.topic import Frame, Topic

POLL = 1.0  # seconds; the guarantee where hints are lost
PAGE = 500  # events of one catch-up read
CATCH_UPS = 4  # catch-up reads at a time, so that a storm of reconnects leaves connections for others
PATIENCE = 0.5  # seconds to wait while the database is away


class Hub:
    """All topics of one process."""

    def __init__(self, engine: Engine, wake: Wake) -> None:
        self._engine = engine
        self._wake = wake
        self._topics: dict[UUID, Topic] = {}
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
        finally:
            unsubscribe()

    @contextlib.asynccontextmanager
    async def topic(self, job_id: UUID, head: int) -> AsyncIterator[Topic]:
        """The topic of a job while somebody follows it; `head` is its seq as just read."""
        topic = self._topics.setdefault(job_id, Topic(job_id, head))
        topic.readers += 1
        try:
            yield topic
        finally:
            topic.readers -= 1
            if not topic.readers:
                self._topics.pop(job_id, None)

    async def after(self, topic: Topic, cursor: int) -> list[Frame]:
        """Frames after `cursor`, contiguous, possibly none; may raise DatabaseUnavailable."""
        if topic.covers(cursor):
            return topic.after(cursor)
        async with self._catching_up:
            rows = await log.read(self._engine, topic.job_id, cursor, PAGE)
        return [frame(row) for row in rows]

    def _hear(self, hint: Hint) -> None:
        moved = self._topics.keys() if hint.everything else self._topics.keys() & hint.job_ids
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
            except DatabaseUnavailable:
                await asyncio.sleep(PATIENCE)
                self._moved |= moved
                self._bell.set()

    async def _refresh(self, moved: set[UUID]) -> None:
        topics = {job_id: self._topics[job_id] for job_id in moved if job_id in self._topics}
        rows = await log.read_after(self._engine, {key: topic.head for key, topic in topics.items()})
        for job_id, topic in topics.items():
            topic.extend([frame(row) for row in rows.get(job_id, [])])
        if sum(map(len, rows.values())) >= log.PAGE:  # there may be more
            self._moved |= topics.keys()
            self._bell.set()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL * random.uniform(0.8, 1.0))
            if not self._topics:
                continue
            with contextlib.suppress(DatabaseUnavailable):
                heads = await reads.heads(self._engine, list(self._topics))
                behind = {
                    key for key, seq in heads.items() if key in self._topics and seq > self._topics[key].head
                }
                if behind:
                    self._moved |= behind
                    self._bell.set()


def frame(row: LogRow) -> Frame:
    """The frame of a stored event."""
    return Frame(row.seq, frames.event(row.seq, row.type, row.line()), row.status in OVER)
