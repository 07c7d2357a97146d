"""Rebuild the projection from the log, beside the one in use.

The new rows are folded into a table of their own, in several processes, and then take the place of those
that differ: a row at a time, and only while it is at the version at which it was seen before its events were
read. Each append moves that version, so what is written is never behind the log; such a row is folded
again. Nothing is locked but the rows that change, readers and workers go on, and views stay what they are.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from uuid import UUID

import asyncpg
from msgspec import Struct

from app.errors import BadSetting
from app.store import log, reads
from app.store.database import Engine, fetch, make_engine
from app.store.projections import JOB_COLUMNS, JOB_NAMES, JSONS, job_row, transposed, unnest
from dossier.problems import DossierError

SLICE_SIZE = 500  # jobs that are handed to a process, and put in place by one statement
JOBS_IN_MEMORY = 50  # jobs whose events are in memory at a time
REFOLD_ROUNDS = 20  # times that a row which moves is folded again
STALE = 86_400  # seconds after which a table that a rebuild left behind is dropped
NOWHERE, END = UUID(int=0), UUID(int=2**128 - 1)

JOB_COLUMN_LIST = ", ".join(JOB_NAMES)
CHANGEABLE = JOB_COLUMNS[1:]  # all but the key

NEXT = "SELECT job_id FROM events WHERE seq = 1 AND job_id > $1::uuid ORDER BY job_id LIMIT $2::integer"

LEFT_BEHIND = (
    r"SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename ~ '^jobs_next_\d+$'"
)

# A row without an event behind it was never true, unless its month is archived.
SWEEP = """
    DELETE FROM jobs j
    WHERE job_id > $1::uuid AND job_id <= $2::uuid
      AND NOT EXISTS (SELECT FROM events e WHERE e.job_id = j.job_id AND e.seq = 1)
      AND NOT EXISTS (SELECT FROM archived_months m WHERE j.job_id >= m.starts AND j.job_id < m.ends)
    RETURNING job_id"""

OnProgress = Callable[[int, int], None]


class Rebuilt(Struct, frozen=True):
    """What a rebuild read, and what it changed."""

    jobs: int
    events: int
    changed: int  # rows that were not what follows from the log
    removed: int  # rows without an event behind them
    busy: int  # rows that moved REFOLD_ROUNDS times during the fold; their last events rewrite them


class FoldedBatch(Struct, frozen=True):
    """What one process did: how many jobs, of how many events."""

    jobs: int
    events: int


class ShadowTable:
    """The statements for the table that is built beside `jobs`."""

    def __init__(self, name: str) -> None:
        self.make = f"CREATE UNLOGGED TABLE {name} (LIKE jobs, seen integer, PRIMARY KEY (job_id))"
        self.drop = f"DROP TABLE IF EXISTS {name}"
        self.clear = f"DELETE FROM {name} WHERE job_id = ANY($1::uuid[])"
        # `seen` is the last array: the version of the row before its events were read.
        self.add = f"""
            INSERT INTO {name} ({JOB_COLUMN_LIST}, seen)
            SELECT {", ".join(column.stored for column in JOB_COLUMNS)}, c.seen
            FROM unnest({unnest(JOB_COLUMNS, 1)}, ${len(JOB_NAMES) + 1}::integer[])
                AS c({JOB_COLUMN_LIST}, seen)"""
        self.switch = f"""
            WITH changed AS (
                UPDATE jobs j SET {", ".join(f"{column.name} = n.{column.name}" for column in CHANGEABLE)}
                FROM {name} n
                WHERE n.job_id = j.job_id AND n.job_id > $1::uuid AND n.job_id <= $2::uuid AND j.seq = n.seen
                  AND ({_compared("j")}) IS DISTINCT FROM ({_compared("n")})
                RETURNING j.job_id
            ), added AS (
                INSERT INTO jobs ({JOB_COLUMN_LIST}) SELECT {JOB_COLUMN_LIST} FROM {name}
                WHERE job_id > $1 AND job_id <= $2 AND seen IS NULL
                ON CONFLICT DO NOTHING RETURNING job_id
            )
            SELECT job_id FROM changed UNION ALL SELECT job_id FROM added"""
        self.moved = f"""
            SELECT n.job_id FROM {name} n LEFT JOIN jobs j USING (job_id)
            WHERE n.job_id > $1::uuid AND n.job_id <= $2::uuid AND j.seq IS DISTINCT FROM n.seq"""


def _compared(table: str) -> str:
    """Return the columns in a comparable form, as json has no equality."""
    casts = ((column.name, "::text" if column.storage is JSONS else "") for column in CHANGEABLE)
    return ", ".join(f"{table}.{name}{cast}" for name, cast in casts)


async def rebuild(engine: Engine) -> int:
    """Correct every wrong row of `jobs`.

    Return how many there were.

    Needs the owner's role. Workers and servers may keep running. Raises BadSetting for another role,
    before anything is changed.
    """
    return (await _rebuild(engine, None, 1, lambda _jobs, _events: None)).jobs


async def rebuild_at(
    url: str, *, processes: int = 0, told: OnProgress = lambda _jobs, _events: None
) -> Rebuilt:
    """Rebuild in several processes, and report everything.

    Args:
        url: the database, for a user that owns the tables.
        processes: that fold at once; 0 takes one for each core.
        told: is called with the jobs and events that were folded so far.

    Raises BadSetting, DatabaseUnavailable, and DossierError if a process dies.
    """
    engine = make_engine(url, role=None, pool_size=2)
    try:
        return await _rebuild(engine, url, processes or os.cpu_count() or 1, told)
    except BrokenExecutor as error:
        raise DossierError(
            "A process of the rebuild was killed, perhaps for lack of memory; no row was changed. "
            "Run it again with fewer --processes."
        ) from error
    finally:
        await engine.dispose()


async def _rebuild(engine: Engine, url: str | None, processes: int, told: OnProgress) -> Rebuilt:
    name = f"jobs_next_{int(time.time() * 1000)}"
    beside, tally = ShadowTable(name), RebuildProgress(told)
    try:
        await _make(engine, beside)
        await (
            _fill_alone(engine, name, tally) if url is None else _fill(engine, url, name, processes, tally)
        )
        changed, removed, busy = await _put_in_place(engine, name, beside, tally.ends)
        return Rebuilt(tally.jobs, tally.events, changed, removed, busy)
    finally:
        await fetch(engine, beside.drop)


async def _make(engine: Engine, beside: ShadowTable) -> None:
    try:
        await fetch(engine, beside.make)
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting("Only the owner of the tables can rebuild them: log in as the owner.") from error
    for (left,) in await fetch(engine, LEFT_BEHIND):
        if time.time() - int(left.rpartition("_")[2]) / 1000 > STALE:
            await fetch(engine, f"DROP TABLE IF EXISTS {left}")


# Beside


class RebuildProgress:
    """What was folded so far, and the last job of each slice."""

    def __init__(self, told: OnProgress) -> None:
        self.jobs = self.events = 0
        self.ends: list[UUID] = []
        self._told = told

    def add(self, folded: FoldedBatch) -> None:
        """A slice is done."""
        self.jobs += folded.jobs
        self.events += folded.events
        self._told(self.jobs, self.events)


async def _fill_alone(engine: Engine, name: str, tally: RebuildProgress) -> None:
    async for ids in _slices(engine):
        tally.ends.append(ids[-1])
        tally.add(await fold(engine, name, ids))


async def _fill(engine: Engine, url: str, name: str, processes: int, tally: RebuildProgress) -> None:
    """Fold every job in several processes, a few slices at a time."""
    context = multiprocessing.get_context("spawn")  # a fork would share the driver's connections
    loop, waiting = asyncio.get_running_loop(), set[asyncio.Future[FoldedBatch]]()
    with ProcessPoolExecutor(processes, context) as pool:
        async for ids in _slices(engine):
            tally.ends.append(ids[-1])
            waiting.add(loop.run_in_executor(pool, _fold_there, url, name, ids))
            if len(waiting) > 2 * processes:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    tally.add(one.result())
        for last in asyncio.as_completed(waiting):
            tally.add(await last)


async def _slices(engine: Engine) -> AsyncIterator[list[UUID]]:
    after = NOWHERE
    while ids := [row[0] for row in await fetch(engine, NEXT, after, SLICE_SIZE)]:
        yield ids
        after = ids[-1]


def _fold_there(url: str, name: str, ids: Sequence[UUID]) -> FoldedBatch:
    return asyncio.run(_fold_alone(url, name, ids))


async def _fold_alone(url: str, name: str, ids: Sequence[UUID]) -> FoldedBatch:
    engine = make_engine(url, role=None, pool_size=1)
    try:
        return await fold(engine, name, ids)
    finally:
        await engine.dispose()


async def fold(engine: Engine, name: str, ids: Sequence[UUID]) -> FoldedBatch:
    """Fold these jobs again and write their rows to the shadow table."""
    events = 0
    for at in range(0, len(ids), JOBS_IN_MEMORY):
        part = ids[at : at + JOBS_IN_MEMORY]
        seen = await reads.heads(engine, part)  # before the events: see above
        jobs = await log.load(engine, part)
        rows = [(*job_row(job), seen.get(job.id)) for job in jobs.values() if job.exists]
        events += sum(job.seq for job in jobs.values())
        await fetch(engine, ShadowTable(name).add, *transposed(rows, len(JOB_NAMES) + 1))
    return FoldedBatch(len(ids), events)


# In place


async def _put_in_place(
    engine: Engine, name: str, beside: ShadowTable, ends: Sequence[UUID]
) -> tuple[int, int, int]:
    """Switch the slices.

    Count changed, removed and busy rows.
    """
    changed = removed = busy = 0
    for after, end in zip((NOWHERE, *ends), (*ends, END), strict=True):
        removed += len(await fetch(engine, SWEEP, after, end))
        changed += len(await fetch(engine, beside.switch, after, end))
        for _ in range(REFOLD_ROUNDS):
            moved = [row[0] for row in await fetch(engine, beside.moved, after, end)]
            if not moved:
                break
            await fetch(engine, beside.clear, moved)
            await fold(engine, name, moved)
            changed += len(await fetch(engine, beside.switch, after, end))
        else:
            busy += len(await fetch(engine, beside.moved, after, end))
    return changed, removed, busy
