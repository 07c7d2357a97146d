"""Retry writes while Postgres is briefly away.

So an attempt keeps what it has paid for.

What is read is asked for again. An append whose answer did not come is sent again as it was: it carries
the version that it expects, so it is not written twice, and its hash tells whether it is in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from app.domain.change import Change
from app.domain.job import Job
from app.errors import DatabaseUnavailable
from app.store import blobs, log
from app.store.writer import Writer
from app.worker.backoff import backoff

WRITE_TRIES = 30  # half a minute; the lease, which cannot be beaten either, is mostly over before
PAUSE = (0.1, 1.0)  # seconds before the second try, and the longest; with jitter of a half

WriteResultT = TypeVar("WriteResultT")


class PatientWriter:
    """What one attempt writes and reads with, until its lease is lost."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._is_over = False

    def give_up(self) -> None:
        """The lease is lost: wait for nothing any more."""
        self._is_over = True

    async def append(self, change: Change) -> bool:
        """Append like `Writer.append`, and recognise a success whose answer was lost."""
        return await self.ask(lambda: self._send(change))

    async def _send(self, change: Change) -> bool:
        return await self._writer.append(change) or await log.holds(self._writer.engine, change)

    async def catch_up(self, job: Job) -> Job:
        """As `Writer.catch_up`."""
        return await self.ask(lambda: self._writer.catch_up(job))

    async def keep(self, bodies: Sequence[bytes]) -> None:
        """As `Writer.keep`: what is there already is not stored again."""
        await self.ask(lambda: self._writer.keep(bodies))

    async def recall(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """As `Writer.recall`."""
        return await self.ask(lambda: self._writer.recall(names))

    async def absent(self, names: Sequence[str]) -> set[str]:
        """As `blobs.absent`."""
        return await self.ask(lambda: blobs.absent(self._writer.engine, names))

    async def ask(self, ask: Callable[[], Awaitable[WriteResultT]]) -> WriteResultT:
        """Ask until Postgres answers, or the lease is lost."""
        return await patiently(ask, lambda: self._is_over)


async def patiently(ask: Callable[[], Awaitable[WriteResultT]], is_over: Callable[[], bool]) -> WriteResultT:
    """What `ask` returns once Postgres answers.

    Raises DatabaseUnavailable after WRITE_TRIES failures, and after the first one once `is_over`.
    """
    for tried in range(1, WRITE_TRIES):
        try:
            return await ask()
        except DatabaseUnavailable:
            if is_over():
                raise
        await asyncio.sleep(backoff(tried, PAUSE))
    return await ask()
