"""Store the access log, which only `append_access` writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.access import Access, AccessEntry
from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own

ACCESS_PAGE = 10_000  # entries that a check reads at a time
FORGOTTEN_AT_ONCE = 10_000  # entries that one statement deletes

ENTRY_COLUMNS = "number, at, tenant, actor, method, route, job_id, status, dropped, prev_hash, hash"

APPEND_ACCESS = """
    SELECT append_access($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                         $7::integer[], $8::integer[])"""

READ_ACCESS_AFTER = (
    f"SELECT {ENTRY_COLUMNS} FROM access_log WHERE number > $1::bigint ORDER BY number LIMIT {ACCESS_PAGE}"
)
READ_LAST = f"SELECT {ENTRY_COLUMNS} FROM access_log ORDER BY number DESC LIMIT 1"

READ_BEFORE = f"""
    SELECT {ENTRY_COLUMNS} FROM access_log
    WHERE ({{whose}}) AND number < $2::bigint
      AND ($3::text IS NULL OR actor = 'key:' || $3) AND ($4::uuid IS NULL OR job_id = $4)
    ORDER BY number DESC LIMIT $5::integer"""
READ_OWN = READ_BEFORE.format(whose="tenant = $1::text")
READ_ALL = READ_BEFORE.format(whose="$1::text IS NOT NULL")

# The last entry stays, whatever its age: the next one follows it.
FIND_OLD = f"""
    SELECT {ENTRY_COLUMNS} FROM access_log
    WHERE number = least(
        (SELECT number FROM access_log WHERE at >= $1::timestamptz ORDER BY number LIMIT 1),
        (SELECT max(number) FROM access_log)) - 1"""

COUNT_OLD = "SELECT count(*)::integer FROM access_log WHERE number <= $1::bigint"

FORGET_OLD = f"""
    DELETE FROM access_log WHERE number IN (
        SELECT number FROM access_log WHERE number <= $1::bigint ORDER BY number LIMIT {FORGOTTEN_AT_ONCE})
    RETURNING number"""

NEWEST = 2**63 - 1  # before which everything is


async def append_entries(engine: Engine, entries: Sequence[Access]) -> None:
    """Write these after whatever other processes wrote."""
    columns = zip(
        *((e.at, e.tenant, e.actor, e.method, e.route, e.job_id, e.status, e.dropped) for e in entries),
        strict=True,
    )
    await fetch(engine, APPEND_ACCESS, *map(list, columns))


async def read_after(engine: Engine, number: int) -> list[AccessEntry]:
    """Return the next entries, for a check of the chain."""
    return [_entry(row) for row in await fetch(engine, READ_ACCESS_AFTER, number)]


async def last_access(engine: Engine) -> AccessEntry | None:
    """Return the newest entry."""
    rows = await fetch(engine, READ_LAST)
    return _entry(rows[0]) if rows else None


async def list_access(
    engine: Engine,
    caller: Caller,
    before: int | None,
    limit: int,
    key_id: str | None = None,
    job_id: UUID | None = None,
) -> list[AccessEntry]:
    """Return what the caller may see, the newest first: an operator all."""
    asked = (before or NEWEST, key_id, job_id, limit)
    if caller.is_operator:
        rows = await fetch(engine, READ_ALL, caller.tenant, *asked)
    else:
        rows = await fetch_own(engine, caller, READ_OWN, *asked)
    return [_entry(row) for row in rows]


async def last_older(engine: Engine, moment: datetime) -> AccessEntry | None:
    """Return the entry up to which all are older than this."""
    rows = await fetch(engine, FIND_OLD, moment)
    return _entry(rows[0]) if rows else None


async def count_up_to(engine: Engine, number: int) -> int:
    """Count the entries up to this one."""
    return int((await fetch(engine, COUNT_OLD, number))[0][0])


async def delete_up_to(engine: Engine, number: int) -> int:
    """Delete what is said to be forgotten, and return how many.

    Needs the owner's role.
    """
    count = 0
    while rows := await fetch(engine, FORGET_OLD, number):
        count += len(rows)
    return count


def _entry(row: Sequence[Any]) -> AccessEntry:
    return AccessEntry(*row)
