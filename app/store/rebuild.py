"""Making the projection again from the log alone."""

from typing import Any
from uuid import UUID

import asyncpg

from app.domain.job import Job
from app.errors import BadSetting
from app.store import log
from app.store.database import Engine, fetch
from app.store.projections import MOVING, SUBMITTED, columns, moving, stored, submitted, unnest

BATCH = 500  # jobs folded at a time

NAMES = SUBMITTED + MOVING

NEXT = "SELECT job_id FROM events WHERE seq = 1 AND job_id > $1::uuid ORDER BY job_id LIMIT $2::integer"

# Only rows that are behind are replaced: a job that moved on since it was folded keeps its newer row.
UPSERT = f"""
    INSERT INTO jobs ({", ".join(NAMES)})
    SELECT {", ".join(stored(name) for name in NAMES)}
    FROM unnest({unnest(NAMES, 1)}) AS c({", ".join(NAMES)})
    ON CONFLICT (job_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in NAMES[1:])}
    WHERE jobs.seq <= excluded.seq"""

# A row that no event stands behind was never true.
SWEEP = "DELETE FROM jobs j WHERE NOT EXISTS (SELECT FROM events e WHERE e.job_id = j.job_id AND e.seq = 1)"


async def rebuild(engine: Engine) -> int:
    """Write every row of `jobs` anew from the log; returns how many jobs there are.

    Needs the owner's role, because rows without events are deleted. Workers may go on meanwhile.
    Raises BadSetting for another role, before anything is changed.
    """
    try:
        await fetch(engine, SWEEP)
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting("Only the owner of the tables can rebuild them: log in as the owner.") from error
    count, after = 0, UUID(int=0)
    while ids := [row[0] for row in await fetch(engine, NEXT, after, BATCH)]:
        jobs = await log.load(engine, ids)
        await fetch(engine, UPSERT, *columns([_row(job) for job in jobs.values()], len(NAMES)))
        count, after = count + len(ids), ids[-1]
    return count


def _row(job: Job) -> tuple[Any, ...]:
    return submitted(job) + moving(job)
