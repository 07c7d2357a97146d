"""Append to the log under a fence, and read it after cursors.

An append is one statement, so it is one round trip and one transaction: the rows of `jobs` move on
if they are still at the expected version and, for a worker, still leased under its epoch; only for
the rows that moved are the events written. A change that was refused is reported, never silent.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import groupby, takewhile
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec.structs import astuple, replace

from app.domain.caller import Caller
from app.domain.change import Change
from app.domain.events import EVENT_TYPES, ResearchFact
from app.domain.job import Job, evolve
from app.domain.row import Row
from app.errors import IdempotencyConflict
from app.store.database import Engine, fetch, fetch_own
from app.store.projections import (
    JOB_COLUMNS,
    JOB_NAMES,
    LEARNT_COLUMNS,
    LEASED_SQL,
    MOVING_COLUMNS,
    MOVING_NAMES,
    JobColumn,
    job_row,
    learnt,
    moving,
)

LOG_PAGE_SIZE = 1000  # events read at a time
FEW_EVENTS = 50  # up to which to look each up behind the fence costs less than to say first whose they are

Folded = tuple[dict[UUID, Job], dict[UUID, Exception]]  # jobs, and those whose log is unreadable

# The types of the rows that are sent. An array of rows costs half of one array a column, on both sides.
# A type never changes, because processes of two releases run together: another column makes another type.
SUBMITTED_JOB, MOVED_JOB, WRITTEN_EVENT = "submitted_job", "moved_job", "written_event"

# The columns of `events` that the code writes and reads, with their types in WRITTEN_EVENT.
EVENT_COLUMNS = {
    "job_id": "uuid",
    "seq": "integer",
    "type": "text",
    "schema_version": "smallint",
    "status": "text",
    "progress": "smallint",
    "data": "text",
    "actor": "text",
    "epoch": "bigint",
    "occurred_at": "timestamptz",
    "prev_hash": "bytea",
    "hash": "bytea",
}
EVENT_NAMES = ", ".join(EVENT_COLUMNS)
_EVENT_VALUES = ", ".join("e.data::json" if name == "data" else f"e.{name}" for name in EVENT_COLUMNS)

# Facts of research leave a job with its worker.
LEARNING = frozenset(name for name, kind in EVENT_TYPES.items() if issubclass(kind, ResearchFact))


def event_columns(table: str = "events") -> str:
    """Return a SELECT's list for the fields of a Row, in order."""
    return ", ".join(f"{table}.{name}{'::text' if name == 'data' else ''}" for name in Row.__struct_fields__)


def _insert(number: int) -> str:
    """Insert the events of this parameter, up to what says which."""
    return f"""
        INSERT INTO events ({EVENT_NAMES})
        SELECT {_EVENT_VALUES} FROM unnest(${number}::{WRITTEN_EVENT}[]) AS e({EVENT_NAMES})"""


def _write(moved: str) -> str:
    """Insert the events of the jobs that `moved` names."""
    return f"{_insert(2)} JOIN {moved} USING (job_id) ORDER BY e.job_id, e.seq"


def _set(columns: Sequence[JobColumn]) -> str:
    return ", ".join(f"{column.name} = {column.stored}" for column in columns)


def _numbered(columns: Sequence[JobColumn], first: int) -> str:
    """Return `$5::integer AS seq, $6::bytea AS head_hash …`, numbered from `first` on."""
    return ", ".join(
        f"${at}::{column.storage.array_of} AS {column.name}" for at, column in enumerate(columns, first)
    )


SUBMIT = f"""
    WITH added AS (
        INSERT INTO jobs ({", ".join(JOB_NAMES)})
        SELECT {", ".join(column.stored for column in JOB_COLUMNS)}
        FROM unnest($1::{SUBMITTED_JOB}[]) AS c({", ".join(JOB_NAMES)})
        ON CONFLICT DO NOTHING
        RETURNING job_id
    ), written AS ({_write("added")})
    SELECT job_id FROM added"""

# Locking in the order of the ids first keeps two batches over the same jobs from a deadlock. Counting the
# locks takes them all before the first update; a join would compare each change with each of them.
APPEND = f"""
    WITH c AS MATERIALIZED (
        SELECT * FROM unnest($1::{MOVED_JOB}[]) AS c(job_id, expected, fence, {", ".join(MOVING_NAMES)})
    ), locked AS MATERIALIZED (
        SELECT job_id FROM jobs WHERE job_id = ANY(ARRAY(SELECT job_id FROM c)) ORDER BY job_id FOR UPDATE
    ), moved AS (
        UPDATE jobs j SET {_set(MOVING_COLUMNS)}
        FROM c
        WHERE (SELECT count(*) FROM locked) > 0 AND j.job_id = c.job_id AND j.seq = c.expected
          AND (c.fence IS NULL OR (j.epoch = c.fence AND j.status IN ({LEASED_SQL})))
        RETURNING j.job_id, j.status
    ), written AS ({_write("moved")}
    ), freed AS (
        DELETE FROM leases USING moved
        WHERE leases.job_id = moved.job_id AND moved.status NOT IN ({LEASED_SQL})
    )
    SELECT job_id FROM moved"""

# Most appends are what one job's worker learnt. Alone in its statement it can meet no deadlock; it ends no
# lease; and only some columns move. It costs Postgres two thirds of what APPEND does.
_LEARNT_FROM = 4  # the first parameter of LEARNT_COLUMNS; what is written follows them
_WRITTEN_FROM = _LEARNT_FROM + len(LEARNT_COLUMNS)


def _learn_and(write: str) -> str:
    """Return a statement that moves one job, and what else it does."""
    return f"""
    WITH moved AS (
        UPDATE jobs j SET {_set(LEARNT_COLUMNS)}
        FROM (SELECT {_numbered(LEARNT_COLUMNS, _LEARNT_FROM)}) AS c
        WHERE j.job_id = $1::uuid AND j.seq = $2::integer AND j.epoch = $3::bigint
          AND j.status IN ({LEASED_SQL})
        RETURNING j.job_id
    ), written AS ({write})
    SELECT job_id FROM moved"""


LEARN = _learn_and(f"{_insert(_WRITTEN_FROM)} WHERE EXISTS (SELECT FROM moved)")

# Of a lone event half is what the job moves to, and an array of it costs more than its values do.
OWN_OF_EVENT = "type", "schema_version", "status", "data", "actor", "prev_hash"
_SHARED = {"seq": "seq", "progress": "progress", "occurred_at": "updated_at", "hash": "head_hash"}
_PLACES = {
    "job_id": 1,
    "epoch": 3,
    **{name: at for at, name in enumerate(OWN_OF_EVENT, _WRITTEN_FROM)},
    **{column.name: at for at, column in enumerate(LEARNT_COLUMNS, _LEARNT_FROM)},
}
_EVENT_SENT = ", ".join(
    f"${_PLACES[_SHARED.get(name, name)]}::{kind}{'::json' if name == 'data' else ''}"
    for name, kind in EVENT_COLUMNS.items()
)
LEARN_ONE = _learn_and(f"INSERT INTO events ({EVENT_NAMES}) SELECT {_EVENT_SENT} FROM moved")

# The upper bound on seq says what the LIMIT says, because a log has no gaps; but it also holds in a plan
# that sorts, and a page of a long log costs a page.
READ_ANY_EVENTS = f"""
    SELECT {event_columns()} FROM events WHERE job_id = $1 AND seq > $2::integer AND seq <= $2 + $3::bigint
    ORDER BY seq LIMIT $3"""

_OF_CALLER = "EXISTS (SELECT FROM jobs WHERE jobs.job_id = $2 AND tenant = $1::text)"  # once a statement

READ_EVENTS = f"""
    SELECT {event_columns()} FROM events
    WHERE {_OF_CALLER} AND job_id = $2::uuid AND seq > $3::integer AND seq <= $3 + $4::bigint
    ORDER BY seq LIMIT $4"""

READ_MANY = f"""
    SELECT {event_columns()} FROM events WHERE job_id = ANY($1::uuid[]) ORDER BY job_id, seq"""

READ_TYPES = f"""
    SELECT {event_columns()} FROM events
    WHERE {_OF_CALLER} AND job_id = $2::uuid AND type = ANY($3::text[]) AND seq > $4::integer
    ORDER BY seq LIMIT $5"""

HOLDS = "SELECT EXISTS (SELECT FROM events WHERE job_id = $1 AND seq = $2::integer AND hash = $3::bytea)"

READ_AFTER = f"""
    SELECT {event_columns("e")}
    FROM unnest($2::uuid[], $3::integer[]) AS c(job_id, cursor)
    CROSS JOIN LATERAL (
        SELECT * FROM events
        WHERE EXISTS (SELECT FROM jobs WHERE jobs.job_id = c.job_id AND tenant = $1::text)
          AND events.job_id = c.job_id AND events.seq > c.cursor ORDER BY events.seq LIMIT $4
    ) AS e
    LIMIT $4"""

BY_KEY = """
    SELECT job_id, request_sha256 FROM jobs WHERE tenant = $1 AND idempotency_key = $2"""


async def submit(engine: Engine, changes: Sequence[Change]) -> set[UUID]:
    """Write first events.

    Return the created jobs. The idempotency keys of the others were taken.
    """
    rows = [job_row(change.job) for change in changes]
    return {row[0] for row in await fetch(engine, SUBMIT, rows, _events(changes))}


async def append(engine: Engine, changes: Sequence[Change]) -> set[UUID]:
    """Write further events of several jobs.

    Return those that moved. The others were refused.
    """
    if len(changes) == 1 and _is_learning(changes[0]):
        return await _learn(engine, changes[0])
    rows = [(change.job.id, change.expected, change.epoch, *moving(change.job)) for change in changes]
    return {row[0] for row in await fetch(engine, APPEND, rows, _events(changes))}


def _is_learning(change: Change) -> bool:
    return change.epoch is not None and all(row.type in LEARNING for row in change.rows)


async def _learn(engine: Engine, change: Change) -> set[UUID]:
    moving_to = change.job.id, change.expected, change.epoch, *learnt(change.job)
    if len(change.rows) == 1:
        rows = await fetch(engine, LEARN_ONE, *moving_to, *_own_of(change.rows[0]))
    else:
        rows = await fetch(engine, LEARN, *moving_to, _events([change]))
    return {row[0] for row in rows}


async def holds(engine: Engine, change: Change) -> bool:
    """Return True if this very change is in the log.

    The last hash identifies the whole change.
    """
    rows = await fetch(engine, HOLDS, change.job.id, change.job.seq, change.job.head_hash)
    return bool(rows[0][0])


async def read(
    engine: Engine, caller: Caller, job_id: UUID, after: int = 0, limit: int = LOG_PAGE_SIZE
) -> list[Row]:
    """Return at most `limit` events of the caller's job after `after`."""
    said = job_id if limit > FEW_EVENTS else None
    rows = await fetch_own(engine, caller, READ_EVENTS, job_id, after, limit, job_id=said)
    return [Row(*row) for row in rows]


async def read_any(engine: Engine, job_id: UUID, after: int = 0, limit: int = LOG_PAGE_SIZE) -> list[Row]:
    """Return at most `limit` events of any tenant's job after `after`."""
    return [Row(*row) for row in await fetch(engine, READ_ANY_EVENTS, job_id, after, limit)]


async def read_after(engine: Engine, caller: Caller, cursors: Mapping[UUID, int]) -> dict[UUID, list[Row]]:
    """Return what follows these cursors in the caller's jobs, in order.

    There are at most LOG_PAGE_SIZE events in total.
    """
    found: dict[UUID, list[Row]] = {}
    job_ids, seqs = list(cursors), list(cursors.values())
    # One is usual, and takes half the work: only the partition of its month is prepared for it.
    sql, after = (READ_EVENTS, (job_ids[0], seqs[0])) if len(cursors) == 1 else (READ_AFTER, (job_ids, seqs))
    for columns_ in await fetch_own(engine, caller, sql, *after, LOG_PAGE_SIZE):
        row = Row(*columns_)
        found.setdefault(row.job_id, []).append(row)
    return found


async def catch_up(engine: Engine, job: Job) -> Job:
    """The job after everything that has happened since its `seq`."""
    while rows := await read_any(engine, job.id, job.seq):
        job = extend(job, rows)
        if len(rows) < LOG_PAGE_SIZE:
            break
    return job


async def pages(engine: Engine, caller: Caller, job_id: UUID) -> AsyncIterator[list[Row]]:
    """Yield the log of the caller's job a page at a time."""
    after = 0
    while page := await read(engine, caller, job_id, after, LOG_PAGE_SIZE):
        yield page
        if len(page) < LOG_PAGE_SIZE:
            return
        after = page[-1].seq


async def history(engine: Engine, caller: Caller, job_id: UUID) -> list[Row]:
    """Return the whole log of the caller's job, empty if unknown."""
    return [row async for page in pages(engine, caller, job_id) for row in page]


async def of_types(
    engine: Engine, caller: Caller, job_id: UUID, types: Sequence[str]
) -> AsyncIterator[list[Row]]:
    """Yield the events of these types of the caller's job, by pages."""
    after = 0
    while page := await fetch_own(
        engine, caller, READ_TYPES, job_id, list(types), after, LOG_PAGE_SIZE, job_id=job_id
    ):
        rows = [Row(*row) for row in page]
        yield rows
        if len(rows) < LOG_PAGE_SIZE:
            return
        after = rows[-1].seq


async def past(engine: Engine, caller: Caller, job_id: UUID, is_past: Callable[[Row], bool]) -> Job:
    """Return the caller's job after its events for which `is_past` is true."""
    job = Job(job_id)
    while rows := await read(engine, caller, job_id, job.seq):
        passed = list(takewhile(is_past, rows))
        job = extend(job, passed)
        if len(passed) < LOG_PAGE_SIZE:
            break
    return job


async def load(engine: Engine, job_ids: Sequence[UUID]) -> dict[UUID, Job]:
    """Load and fold these jobs in one read, after a claim."""
    jobs = {job_id: Job(job_id) for job_id in job_ids}
    found = [Row(*row) for row in await fetch(engine, READ_MANY, list(job_ids))]
    return jobs | {job_id: extend(jobs[job_id], rows) for job_id, rows in groupby(found, _job_of)}


async def load_each(engine: Engine, job_ids: Sequence[UUID]) -> Folded:
    """Load jobs as `load` does.

    Return unreadable ones separately with reasons.
    """
    return fold_each([Row(*row) for row in await fetch(engine, READ_MANY, list(job_ids))])


def fold_each(rows: Iterable[Row]) -> Folded:
    """Fold whole logs, one after the other.

    Name the jobs whose log is unreadable.
    """
    jobs, broken = dict[UUID, Job](), dict[UUID, Exception]()
    for job_id, of_job in groupby(rows, _job_of):
        try:
            jobs[job_id] = extend(Job(job_id), of_job)
        except Exception as error:  # noqa: BLE001 - whatever a damaged row makes fail
            broken[job_id] = error
    return jobs, broken


def extend(job: Job, rows: Iterable[Row]) -> Job:
    """Return the job after more stored events, with the last one's hash."""
    head = job.head_hash
    for row in rows:
        job, head = evolve(job, row.recorded()), row.hash
    return replace(job, head_hash=head)


async def find_by_key(engine: Engine, tenant: str, key: str, request_sha256: str) -> UUID:
    """The job that was submitted under this key.

    Raises IdempotencyConflict where it was another request.
    """
    rows = await fetch(engine, BY_KEY, tenant, key)
    if rows[0][1] != request_sha256:
        raise IdempotencyConflict(f"The idempotency key {key!r} was used for another request.")
    job_id: UUID = rows[0][0]
    return job_id


_own_of = attrgetter(*OWN_OF_EVENT)
_job_of = attrgetter("job_id")


def _events(changes: Sequence[Change]) -> list[tuple[Any, ...]]:
    return [astuple(row) for change in changes for row in change.rows]
