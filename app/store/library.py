"""Store what readers keep about jobs: marks of them, and saved filters.

Nothing of it is in a job's log: it is the readers', not the run's.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own
from dossier import lenient
from dossier.job_types import Mark
from dossier.library_types import JobCollection, JobSearch, Library, MarkChange, SavedFilter

MAX_FILTERS = 100  # of a tenant
MAX_LISTED_COLLECTIONS = 500

MARK_COLUMNS = "job_id, favourite, note, collections, changed_at"
FILTER_COLUMNS = "filter_id, name, search, changed_at"

READ_MARKS = f"SELECT {MARK_COLUMNS} FROM job_marks WHERE tenant = $1::text AND job_id = ANY($2::uuid[])"

CHANGE_MARK = f"""
    INSERT INTO job_marks AS m (job_id, tenant, favourite, note, collections)
    SELECT job_id, tenant, coalesce($3::boolean, false), coalesce($4::text, ''), coalesce($5::text[], '{{}}')
    FROM jobs WHERE tenant = $1::text AND job_id = $2::uuid
    ON CONFLICT (job_id) DO UPDATE SET favourite = coalesce($3, m.favourite), note = coalesce($4, m.note),
        collections = coalesce($5, m.collections), changed_at = now()
    RETURNING {MARK_COLUMNS}"""

COUNT_FAVOURITES = "SELECT count(*)::integer FROM job_marks WHERE tenant = $1::text AND favourite"

LIST_COLLECTIONS = f"""
    SELECT name, count(*)::integer FROM job_marks, unnest(collections) AS name
    WHERE tenant = $1::text GROUP BY name ORDER BY lower(name), name LIMIT {MAX_LISTED_COLLECTIONS}"""

LIST_FILTERS = (
    f"SELECT {FILTER_COLUMNS} FROM saved_filters WHERE tenant = $1::text ORDER BY lower(name), name"
)

SAVE_FILTER = f"""
    INSERT INTO saved_filters AS f (tenant, name, search)
    SELECT $1::text, $2::text, $3::text::json
    WHERE $4::integer > (SELECT count(*) FROM saved_filters WHERE tenant = $1 AND name <> $2)
    ON CONFLICT (tenant, name) DO UPDATE SET search = excluded.search, changed_at = now()
    RETURNING {FILTER_COLUMNS}"""

DELETE_FILTER = (
    "DELETE FROM saved_filters WHERE tenant = $1::text AND filter_id = $2::uuid RETURNING filter_id"
)

_encoded = msgspec.json.Encoder().encode


async def read_marks(engine: Engine, caller: Caller, job_ids: Sequence[UUID]) -> list[Mark]:
    """Return the marks of those of these jobs that have one."""
    if not job_ids:
        return []
    return [_mark(row) for row in await fetch_own(engine, caller, READ_MARKS, list(job_ids))]


async def change_mark(engine: Engine, caller: Caller, job_id: UUID, change: MarkChange) -> Mark | None:
    """Change a job's mark and return it.

    None if there is no such job.
    """
    collections = None if change.collections is None else list(dict.fromkeys(change.collections))
    rows = await fetch(engine, CHANGE_MARK, caller.tenant, job_id, change.favourite, change.note, collections)
    return _mark(rows[0]) if rows else None


async def read_library(engine: Engine, caller: Caller) -> Library:
    """Return the collections, favourites and filters of a tenant."""
    [[favourites]] = await fetch_own(engine, caller, COUNT_FAVOURITES)
    collections = await fetch_own(engine, caller, LIST_COLLECTIONS)
    filters = await fetch_own(engine, caller, LIST_FILTERS)
    return Library(
        favourites=favourites,
        collections=[JobCollection(name=name, jobs=jobs) for name, jobs in collections],
        filters=[_filter(row) for row in filters],
    )


async def save_filter(engine: Engine, caller: Caller, name: str, search: JobSearch) -> SavedFilter | None:
    """Save a filter in place of one of the same name.

    None if there are too many.
    """
    rows = await fetch(engine, SAVE_FILTER, caller.tenant, name, _encoded(search).decode(), MAX_FILTERS)
    return _filter(rows[0]) if rows else None


async def delete_filter(engine: Engine, caller: Caller, filter_id: UUID) -> bool:
    """Delete a filter, and return whether there was one."""
    return bool(await fetch(engine, DELETE_FILTER, caller.tenant, filter_id))


def _mark(row: Mapping[str, Any]) -> Mark:
    return Mark(
        job_id=row["job_id"],
        favourite=row["favourite"],
        note=row["note"],
        collections=tuple(row["collections"]),
        changed_at=row["changed_at"],
    )


def _filter(row: Mapping[str, Any]) -> SavedFilter:
    return SavedFilter(
        filter_id=row["filter_id"],
        name=row["name"],
        search=lenient.decode(row["search"].encode(), JobSearch),  # a newer version may have saved it
        changed_at=row["changed_at"],
    )
