"""The evidence about jobs, read from the tables for `app.domain.history.check`.

All that is stored about a job is read by one statement, so it is of one moment: workers may keep running.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from uuid import UUID

from app.domain.history.job_evidence import History, Projection, StoredLease
from app.domain.row import Row
from app.store.database import Engine, fetch
from app.store.log import event_columns
from app.store.projections import JOB_NAMES, returned_row

HISTORIES_AT_ONCE = 20  # jobs whose whole logs are in memory at a time

GATHER = f"""
    SELECT wanted.job_id,
           ARRAY(SELECT ROW({event_columns()}) FROM events WHERE events.job_id = wanted.job_id ORDER BY seq),
           ARRAY(SELECT ROW(epoch, worker) FROM leases WHERE leases.job_id = wanted.job_id),
           jobs.job_id IS NOT NULL, {", ".join(f"jobs.{name}" for name in JOB_NAMES)}
    FROM unnest($1::uuid[]) AS wanted(job_id) LEFT JOIN jobs ON jobs.job_id = wanted.job_id"""

# From all three tables, because a row without events, and events without a row, must come to be judged.
KNOWN = """
    SELECT job_id FROM (
        (SELECT job_id FROM jobs WHERE job_id > $1::uuid ORDER BY job_id LIMIT $2::integer)
        UNION (SELECT DISTINCT job_id FROM events WHERE job_id > $1 ORDER BY job_id LIMIT $2)
        UNION (SELECT job_id FROM leases WHERE job_id > $1 ORDER BY job_id LIMIT $2)
    ) AS known ORDER BY job_id LIMIT $2"""

EVIDENCE = ("events", "jobs", "leases", "blobs", "checkpoints", "upkeep", "access_log")

FIND_OTHER_KINDS = """
    SELECT wanted.name FROM unnest($1::text[]) AS wanted(name)
    LEFT JOIN pg_catalog.pg_class c ON c.oid = to_regclass(wanted.name)
    WHERE c.oid IS NULL OR c.relkind NOT IN ('r', 'p')"""


async def replaced_tables(engine: Engine) -> list[str]:
    """Return the tables of evidence that are none: views, or gone."""
    return [row[0] for row in await fetch(engine, FIND_OTHER_KINDS, list(EVIDENCE))]


async def known(engine: Engine, after: UUID, limit: int) -> list[UUID]:
    """Return the next stored jobs, by id."""
    return [row[0] for row in await fetch(engine, KNOWN, after, limit)]


async def histories(engine: Engine, job_ids: Iterable[UUID] | None = None) -> AsyncIterator[History]:
    """Yield what is stored about these jobs, or about all.

    HISTORIES_AT_ONCE jobs are in memory at a time.

    A job of which nothing is stored comes too, if it was asked for: with an empty history. All jobs come
    in the order of their ids. Raises DatabaseUnavailable.
    """
    pages = _all_pages(engine) if job_ids is None else _pages(list(job_ids))
    async for page in pages:
        for history in await _gather(engine, page):
            yield history


async def _pages(job_ids: Sequence[UUID]) -> AsyncIterator[Sequence[UUID]]:
    for at in range(0, len(job_ids), HISTORIES_AT_ONCE):
        yield job_ids[at : at + HISTORIES_AT_ONCE]


async def _all_pages(engine: Engine) -> AsyncIterator[Sequence[UUID]]:
    after = UUID(int=0)
    while page := await known(engine, after, HISTORIES_AT_ONCE):
        yield page
        after = page[-1]


async def _gather(engine: Engine, job_ids: Sequence[UUID]) -> list[History]:
    found = {row[0]: _history(row) for row in await fetch(engine, GATHER, list(job_ids))}
    return [found[job_id] for job_id in job_ids]


def _history(row: Sequence[Any]) -> History:
    job_id, events, leases, has_row, *columns = row
    return History(
        job_id,
        rows=tuple(Row(*event) for event in events),
        projection=Projection(dict(zip(JOB_NAMES, columns, strict=True)) if has_row else None, returned_row),
        leases=tuple(StoredLease(*lease) for lease in leases),
    )
