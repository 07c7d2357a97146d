"""Read from a standby what was committed before, or from the primary.

A read asks the primary first how far its log goes, which costs it no read of a table and is shared by the
reads that wait. A standby answers once it has replayed up to there, on the same timeline. So every caller
sees what anybody was told before, whichever process told it. A standby that takes too long, or is gone,
is left alone for a moment.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

from app.store.address import standby_url
from app.store.batch import Batch
from app.store.database import APP_ROLE, AWAY, POOL_SIZE, Engine, fetch, run_bounded
from app.store.session import Scope, Session

log = logging.getLogger(__name__)

REPLAY_WAIT = 0.25  # seconds that a read waits for a standby
REPLAY_PAUSE = 0.01  # seconds between two looks at it
REST = 2.0  # seconds that a standby is left alone after it was behind or away

# `flush` is what a commit waits for; the name of its file begins with the timeline.
HORIZON = """
    SELECT lsn::text, ('x' || left(pg_walfile_name(lsn), 8))::bit(32)::integer
    FROM pg_current_wal_flush_lsn() AS lsn"""

# After a failover, one that stayed on the old timeline may be further on and yet lack what is new.
HAS_REACHED = """
    SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn
        AND $2::integer = greatest(
            (SELECT timeline_id FROM pg_control_checkpoint()),
            (SELECT min_recovery_end_timeline FROM pg_control_recovery()))"""


# What the standby may raise. An error of the statement itself is the primary's to raise again.
UNFIT = (*AWAY, asyncpg.PostgresError)


class Horizon(NamedTuple):
    """How far the primary's log goes."""

    lsn: str
    timeline: int


class StandbyBehind(OSError):
    """The standby does not have what the primary has acknowledged."""


class StandbyReads(Engine):
    """An engine for statements that only read."""

    def __init__(self, url: str, primary: Engine, *, pool_size: int = POOL_SIZE) -> None:
        super().__init__(standby_url(url), APP_ROLE, pool_size)
        self._primary = primary
        self._rests_until = 0.0
        self._is_away = False
        self._horizons: Batch[None, Horizon] = Batch(self._ask_horizon)
        self._answered = Counter[str]()  # statements, since they were last counted

    async def ask(self, scope: Scope, sql: str, params: Sequence[Any]) -> list[Any]:
        """Run one statement that reads, on the standby where it can."""
        if time.monotonic() >= self._rests_until:
            horizon = await self._horizons.ask(None)
            try:
                rows = await self._lend(
                    scope, sql, lambda connection: _run_at(connection, horizon, scope, sql, params)
                )
            except UNFIT as error:
                self._rest(error)
            else:
                self._wake_up()
                return rows
        self._answered["primary"] += 1
        return await self._primary.ask(scope, sql, params)

    def take_counts(self) -> Counter[str]:
        """Return how many statements each server answered since the last time."""
        counts, self._answered = self._answered, Counter()
        return counts

    async def _ask_horizon(self, asked: Sequence[None]) -> list[Horizon]:
        rows = await fetch(self._primary, HORIZON)
        return [Horizon(*rows[0])] * len(asked)

    def _rest(self, error: Exception) -> None:
        """Leave the standby alone, and log the first time."""
        self._rests_until = time.monotonic() + REST
        if not self._is_away:
            self._is_away = True
            about = {"error_type": type(error).__name__, "error": str(error)}
            log.warning("The standby is behind or away: reads go to the primary.", extra=about)

    def _wake_up(self) -> None:
        self._answered["standby"] += 1
        if self._is_away:
            self._is_away = False
            log.warning("Reads go to the standby again.")

    def _begin_outage(self, _error: Exception, _sql: str) -> None:
        """The primary answers instead."""


async def _run_at(
    connection: Session, horizon: Horizon, scope: Scope, sql: str, params: Sequence[Any]
) -> list[Any]:
    """Run a statement once the standby has replayed up to the horizon.

    Raises StandbyBehind where that takes too long.
    """
    until = time.monotonic() + REPLAY_WAIT
    while not (await run_bounded(connection, HAS_REACHED, horizon, scope))[0][0]:
        if time.monotonic() > until:
            raise StandbyBehind(f"It has not replayed {horizon.lsn} of timeline {horizon.timeline}.")
        await asyncio.sleep(REPLAY_PAUSE)
    return await run_bounded(connection, sql, params, scope)
