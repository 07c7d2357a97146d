"""Lend connections to statements, the one used last first.

A free connection is lent and taken back without a turn of the event loop. The driver's own pool starts a
task for each of the two, which takes longer than a short statement.
"""

import asyncio
import contextlib
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain

from app.store.session import Session

POOL_TIMEOUT = 5.0  # seconds to wait for a free connection before the answer is 503
MAX_IDLE = 300.0  # seconds without use, after which a connection is closed
MAX_AGE = 1800.0  # seconds after which it is replaced: what its server process holds in memory only grows


class Pool:
    """Lends at most `size` connections, each opened once it is needed.

    One is opened at a time: where many begin at once, as at a start, a connection that is given back
    meanwhile serves the next one, and Postgres has fewer to start and to keep.
    """

    def __init__(self, open_session: Callable[[], Awaitable[Session]], size: int) -> None:
        self._open_session = open_session
        self._places = asyncio.Semaphore(size)
        self._idle: deque[Session] = deque()
        self._lent: set[Session] = set()
        self._is_opening = False
        self._changed = asyncio.Event()  # one was given back, or is opened, or could not be
        self._is_closed = False
        weakref.finalize(self, _cut_lost, self._idle, self._lent).atexit = False

    @property
    def idle(self) -> int:
        """How many connections wait for a statement."""
        return sum(not session.is_closed() for session in self._idle)

    @property
    def lent(self) -> int:
        """How many connections have a statement."""
        return len(self._lent)

    async def take(self) -> Session:
        """Take a connection, which must be given back.

        Raises TimeoutError where none becomes free, and what opening one raises.
        """
        if self._idle and not self._places.locked():
            return await self._occupy()
        async with asyncio.timeout(POOL_TIMEOUT):
            return await self._occupy()

    async def _occupy(self) -> Session:
        await self._places.acquire()
        try:
            session = self._last_used() or await self._next()
        except BaseException:
            self._places.release()
            raise
        self._lent.add(session)
        return session

    def _last_used(self) -> Session | None:
        while self._idle:
            if not (session := self._idle.pop()).is_closed():
                return session
        return None

    async def _next(self) -> Session:
        """Open a connection, or take what comes back while another opens."""
        while self._is_opening:
            self._changed.clear()
            await self._changed.wait()
            if session := self._last_used():
                return session
        self._is_opening = True
        try:
            return await self._open()
        finally:
            self._is_opening = False
            self._changed.set()

    async def _open(self) -> Session:
        session = await self._open_session()
        session.loop, session.opened_at = asyncio.get_running_loop(), time.monotonic()
        return session

    def give_back(self, session: Session) -> None:
        """Take a connection back, and close worn and unused ones."""
        self._lent.discard(session)
        session.used_at = time.monotonic()
        if self._may_stay(session):
            self._idle.append(session)
        else:
            session.terminate()
        self._close_unused(session.used_at - MAX_IDLE)
        self._changed.set()
        self._places.release()

    def _may_stay(self, session: Session) -> bool:
        is_young = session.used_at - session.opened_at < MAX_AGE
        return not (self._is_closed or session.is_closed() or session.is_in_transaction()) and is_young

    def _close_unused(self, since: float) -> None:
        while self._idle and self._idle[0].used_at < since:
            self._idle.popleft().terminate()

    def close(self) -> None:
        """Cut all connections, also those that are lent."""
        self._is_closed = True
        for session in (*self._idle, *self._lent):
            session.terminate()
        self._idle.clear()


def _cut_lost(*kept: Iterable[Session]) -> None:
    """Cut the connections of a pool that nobody closed.

    That is done in their loop, because a pool may be lost in any thread.
    """
    for session in chain.from_iterable(kept):
        if session.loop:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                session.loop.call_soon_threadsafe(session.terminate)
