"""Extend leases from a thread, which a blocked event loop cannot stop.

The other half is the self-fence: a worker that could not beat for almost a whole lease stops its
jobs on its own, by the monotonic clock, before anybody else can start them.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

import asyncpg

from app.store import queue, workers
from app.store.database import AWAY, connect
from app.store.session import Session

BEATS_PER_LEASE = 3
FENCE = 0.9  # of a lease without a beat: the rest is for the clocks' and the network's differences

Loss = Callable[[Mapping[UUID, int]], None]  # job -> the epoch that is lost
ShowBadge = Callable[[], workers.Badge]  # what the worker says of itself at this moment


class Beats:
    """Keeps the leases of one worker alive while the thread runs."""

    def __init__(self, url: str, lease: timedelta, lost: Loss, badge: ShowBadge | None = None) -> None:
        self._url = url
        self._lease = lease
        self._pause = lease.total_seconds() / BEATS_PER_LEASE
        self._lost = lost  # called from the thread
        self._badge = badge  # called from the thread
        # job -> epoch, monotonic time of the last sign of life
        self._held: dict[UUID, tuple[int, float]] = {}
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None  # the thread's
        self._bell = asyncio.Event()  # of that loop: do not wait for the next beat
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)

    def start(self) -> None:
        """Start beating."""
        self._thread.start()

    def stop(self) -> None:
        """Stop beating, and wait until the thread is gone."""
        self._stop.set()
        if self._loop:
            with contextlib.suppress(RuntimeError):  # the thread has just ended
                self._loop.call_soon_threadsafe(self._bell.set)
        self._thread.join(timeout=self._lease.total_seconds())

    def hold(self, leases: list[queue.Lease], since: float) -> None:
        """Extend these leases from now on.

        `since` is the monotonic time just before they were claimed.
        """
        with self._guard:
            self._held.update({lease.job_id: (lease.epoch, since) for lease in leases})

    def drop(self, job_id: UUID, epoch: int) -> None:
        """Stop extending this attempt's lease.

        A later attempt of the same job keeps its own.
        """
        with self._guard:
            if self._holds(job_id, epoch):
                del self._held[job_id]

    def _holds(self, job_id: UUID, epoch: int) -> bool:
        """Return True if this epoch is still held.

        Needs the guard. A job that was given up may be held again, under a newer epoch.
        """
        return job_id in self._held and self._held[job_id][0] == epoch

    def _run(self) -> None:
        asyncio.run(self._beat_until_stopped())

    async def _beat_until_stopped(self) -> None:
        connection: Session | None = None
        self._loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            connection = await self._beat(connection)
            self._fence()
            connection = await self._sign(connection)
            await self._sleep()
        connection = await self._sign(connection)
        if connection is not None:
            connection.terminate()

    async def _sign(self, connection: Session | None) -> Session | None:
        """Show that the worker lives, after its leases, which come first.

        Return the connection to reuse. None after a failure.
        """
        if self._badge is None:
            return connection
        try:
            async with asyncio.timeout(self._pause / 2):
                connection = connection or await connect(self._url)
                await workers.sign(connection, self._badge())
        except (*AWAY, asyncpg.PostgresError):  # a worker that cannot show itself is shown as silent
            if connection is not None:
                connection.terminate()
            return None
        return connection

    async def _beat(self, connection: Session | None) -> Session | None:
        """Extend all leases in one UPDATE.

        Return the connection to reuse. None after a failure.
        """
        with self._guard:
            held = {job_id: epoch for job_id, (epoch, _) in self._held.items()}
        if not held:
            return connection
        try:
            async with asyncio.timeout(self._pause):
                connection = connection or await connect(self._url)
                before = time.monotonic()
                kept = await queue.beat(connection, held, self._lease)
        except (*AWAY, asyncpg.PostgresError):  # no beat; a lease that runs out is logged when it is lost
            if connection is not None:
                connection.terminate()
            return None
        self._note(held, kept, before)
        return connection

    def _note(self, held: dict[UUID, int], kept: set[UUID], moment: float) -> None:
        with self._guard:
            # Only what is still ours to beat: an attempt that ended during the beat is not lost, and what
            # was asked about it says nothing about the next one.
            same = {job_id: epoch for job_id, epoch in held.items() if self._holds(job_id, epoch)}
            self._held.update({job_id: (same[job_id], moment) for job_id in kept & same.keys()})
            gone = {job_id: epoch for job_id, epoch in same.items() if job_id not in kept}
        self._give_up(gone)

    def _fence(self) -> None:
        oldest = time.monotonic() - self._lease.total_seconds() * FENCE
        with self._guard:
            silent = {job_id: epoch for job_id, (epoch, since) in self._held.items() if since < oldest}
        self._give_up(silent)

    def _give_up(self, lost: Mapping[UUID, int]) -> None:
        for job_id, epoch in lost.items():
            self.drop(job_id, epoch)
        if lost:
            with contextlib.suppress(RuntimeError):  # the worker's loop is already closed
                self._lost(lost)

    async def _sleep(self) -> None:
        """Wait for the next beat, or for stop()."""
        with contextlib.suppress(TimeoutError):  # then the next beat is due
            async with asyncio.timeout(self._pause):
                await self._bell.wait()
