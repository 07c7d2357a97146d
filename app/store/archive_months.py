"""Read months of the log whole, then detach them from the database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from msgspec import Struct

from app.domain.archive_manifest import Archived
from app.domain.upkeep import UpkeepEntry
from app.errors import BadSetting, StillNeeded, WrongVersion
from app.store.database import Engine, fetch
from app.store.log import event_columns
from dossier.job_types import OVER

EVENTS_AT_ONCE = 2000  # events of one read
MAX_NAMED_JOBS = 5  # jobs that a refusal names

# The partitions of months that are over and that end by `before`; the oldest first.
LIST_MONTHS = """
    SELECT c.relname::text, starts, uuid7_floor(starts),
           uuid7_floor(date_trunc('month', starts + interval '32 days', 'UTC'))
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (
        SELECT (to_date(substr(c.relname, 8), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC') AS starts
    ) AS month
    WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_\\d{4}_\\d{2}$'
      AND date_trunc('month', starts + interval '32 days', 'UTC') <= least($1::timestamptz, now())
    ORDER BY starts"""

ALIVE = """
    SELECT job_id FROM jobs
    WHERE job_id >= $1::uuid AND job_id < $2::uuid AND NOT status = ANY($3::text[]) ORDER BY job_id"""

READ_MONTH = f"""
    SELECT {event_columns()}, position, xid::text::bigint
    FROM events
    WHERE job_id >= $1::uuid AND job_id < $2::uuid AND (job_id, seq) > ($3::uuid, $4::integer)
    ORDER BY job_id, seq LIMIT $5::integer"""

STRAY = """
    SELECT count(*) FROM events
    WHERE tableoid = 'events_default'::regclass AND job_id >= $1::uuid AND job_id < $2::uuid"""

DETACH = """
    SELECT detach_month($1::text, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::text, $7::timestamptz,
                        $8::bytea, $9::bytea)"""


class Month(Struct, frozen=True):
    """A month whose events are in a partition of their own."""

    partition: str
    begins: datetime
    starts: UUID
    ends: UUID

    @property
    def name(self) -> str:
        """As in "2026-01"."""
        return self.begins.astimezone(UTC).strftime("%Y-%m")


async def months(engine: Engine, before: datetime) -> list[Month]:
    """Return the unarchived months that end by then, oldest first."""
    return [Month(*row) for row in await fetch(engine, LIST_MONTHS, before)]


async def require_over(engine: Engine, month: Month) -> None:
    """Raise StillNeeded if a job of the month is unfinished or split.

    A job is split if some of its events are in another month.
    """
    alive = [str(row[0]) for row in await fetch(engine, ALIVE, month.starts, month.ends, list(OVER))]
    if alive:
        more = f" and {len(alive) - MAX_NAMED_JOBS} more" if len(alive) > MAX_NAMED_JOBS else ""
        raise StillNeeded(f"Jobs of {month.name} are not over: {', '.join(alive[:MAX_NAMED_JOBS])}{more}.")
    if stray := (await fetch(engine, STRAY, month.starts, month.ends))[0][0]:
        raise StillNeeded(f"{stray} events of {month.name} are in events_default, not in {month.partition}.")


async def events(engine: Engine, month: Month) -> AsyncIterator[list[Archived]]:
    """Yield the month's events by job and seq.

    EVENTS_AT_ONCE of them are in memory at a time.
    """
    job_id, seq = UUID(int=0), 0
    while rows := await fetch(engine, READ_MONTH, month.starts, month.ends, job_id, seq, EVENTS_AT_ONCE):
        yield [Archived(*row) for row in rows]
        job_id, seq = rows[-1][0], rows[-1][1]


async def detach(engine: Engine, month: Month, entry: UpkeepEntry, *, events: int, jobs: int) -> None:
    """Detach the month and write the entry, in one transaction.

    Raises BadSetting for another role than the owner's, WrongVersion where the month or the log of upkeep has
    changed since, DatabaseUnavailable where others have held the log for too long.
    """
    said = (
        entry.number, entry.data, entry.actor, entry.occurred_at, entry.prev_hash, entry.hash,
    )  # fmt: skip
    try:
        await fetch(engine, DETACH, month.partition, events, jobs, *said)
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting("Only the owner of the tables can archive: log in as the owner.") from error
    except (asyncpg.SerializationError, asyncpg.UniqueViolationError) as error:
        raise WrongVersion(f"{month.name} was not detached: {error}") from error
