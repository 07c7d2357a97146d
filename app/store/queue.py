"""Claim jobs, extend leases, and find lost jobs in `jobs` itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.domain.row import Row
from app.store.database import Engine, fetch
from app.store.log import event_columns
from app.store.projections import LEASED_SQL
from app.store.session import Session

# One statement: lock the next jobs, skipping those that another worker is taking; give each a new
# epoch; write its event, hashed here in Postgres; and lease it.
# - The locking selects are materialised CTEs: as plain subqueries with a LIMIT, the planner may run
#   them more than once and take more rows than asked for.
# - Each has its own partial index. The ready jobs come in that index's order; the retries that are due
#   go first in any order, because they are older than what is ready. So nothing is ever sorted.
# - The columns come out of the locking select itself, because it alone sees the newest version of a
#   row that changed while this statement was starting.
# - A job that others have claimed and given back since this statement began stays for the next one. Its
#   last events have a higher transaction number than this claim may have got with its first lock, and
#   the feed would show the claim before them.
# - A job that was never claimed has no event but its submission. That is returned too, so that most jobs need
#   not be read. The LIMIT keeps the order of the queue and looks each up: no join reads the whole log.
TAKE = """
    WITH retries AS MATERIALIZED (
        SELECT job_id, seq, epoch, attempt, progress, head_hash, updated_at, NULL AS tenant FROM jobs
        WHERE status = 'pending' AND retry_at IS NOT NULL AND retry_at <= now()
        LIMIT $1::integer FOR UPDATE SKIP LOCKED
    ), ready AS MATERIALIZED (
        SELECT job_id, seq, epoch, attempt, progress, head_hash, updated_at, NULL AS tenant FROM jobs
        WHERE status = 'pending' AND retry_at IS NULL
        ORDER BY rank, job_id LIMIT $1::integer - (SELECT count(*) FROM retries) FOR UPDATE SKIP LOCKED
    )"""

# The same where jobs of several tenants wait.
# - `ring` hops from tenant to tenant along the index, from the one after $5 once round, and reads one
#   entry of each. It ends when there are as many tenants as jobs are asked for. Each of them gives an
#   equal share, in its own order.
# - Only jobs_turn_idx has its tenants in this collation, and a tenant that is asked for by two bounds
#   stays in the order: so no statistics lead the planner to another index, whose entries of the tenant
#   it would sort, or to jobs_ready_idx and the jobs of all others.
# - While anything is ready, half of a claim is the most that retries take, or a tenant whose jobs fail
#   again and again would keep the others waiting.
TAKE_IN_TURN = """
    WITH RECURSIVE ring AS (
        SELECT $5::text COLLATE "C" AS tenant, false AS again, 0 AS place
        UNION ALL
        SELECT coalesce(next.tenant, ''), again OR next.tenant IS NULL,
               CASE WHEN next.tenant IS NULL THEN place ELSE place + 1 END
        FROM ring LEFT JOIN LATERAL (
            SELECT tenant COLLATE "C" AS tenant FROM jobs
            WHERE status = 'pending' AND retry_at IS NULL AND tenant COLLATE "C" > ring.tenant
            ORDER BY tenant COLLATE "C", rank, job_id LIMIT 1
        ) AS next ON true
        WHERE place < $1::integer AND NOT (again AND (ring.tenant >= $5::text OR next.tenant IS NULL
                                                      OR next.tenant > $5::text))
    ), turns AS MATERIALIZED (
        SELECT tenant FROM ring WHERE place > 0 AND tenant <> ''
    ), retries AS MATERIALIZED (
        SELECT job_id, seq, epoch, attempt, progress, head_hash, updated_at, NULL AS tenant FROM jobs
        WHERE status = 'pending' AND retry_at IS NOT NULL AND retry_at <= now()
        LIMIT CASE WHEN EXISTS (SELECT FROM turns) THEN floor($1::integer / 2.0 + random())
                   ELSE $1::integer END
        FOR UPDATE SKIP LOCKED
    ), ready AS MATERIALIZED (
        SELECT own.*, turn.tenant FROM turns AS turn CROSS JOIN LATERAL (
            SELECT job_id, seq, epoch, attempt, progress, head_hash, updated_at FROM jobs
            WHERE status = 'pending' AND retry_at IS NULL
              AND tenant COLLATE "C" >= turn.tenant AND tenant COLLATE "C" <= turn.tenant
            ORDER BY tenant COLLATE "C", rank, job_id
            LIMIT ($1::integer - 1) / (SELECT count(*) FROM turns) + 1 FOR UPDATE SKIP LOCKED
        ) AS own
        LIMIT $1::integer - (SELECT count(*) FROM retries)
    )"""

START = f""", started AS MATERIALIZED (
        SELECT job_id, seq + 1 AS seq, epoch + 1 AS epoch, progress, head_hash, tenant,
               greatest(clock_timestamp(), updated_at) AS at,
               '{{"attempt":' || attempt + 1 || ',"worker":' || to_json($2::text) || '}}' AS data
        FROM (SELECT * FROM retries UNION ALL SELECT * FROM ready) AS taken
        WHERE (SELECT seq FROM jobs AS seen WHERE seen.job_id = taken.job_id) = taken.seq
    ), hashed AS MATERIALIZED (
        SELECT *, event_hash(head_hash, 1, 'worker:' || $2::text, epoch,
                  event_line(job_id, seq, 'attempt_started', 1, 'running', progress, at, data)) AS hash
        FROM started
    ), claimed AS (
        UPDATE jobs j SET status = 'running', retry_at = NULL, seq = h.seq, head_hash = h.hash,
               epoch = h.epoch, attempt = j.attempt + 1, current_step = 'Starting',
               started_at = coalesce(j.started_at, h.at), updated_at = h.at
        FROM hashed h WHERE j.job_id = h.job_id
    ), written AS (
        INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch,
                            occurred_at, prev_hash, hash)
        SELECT job_id, seq, 'attempt_started', 1, 'running', progress, data::json, 'worker:' || $2::text,
               epoch, at, head_hash, hash
        FROM hashed
    ), leased AS (
        INSERT INTO leases (job_id, epoch, worker, expires_at, deadline_at)
        SELECT job_id, epoch, $2::text, now() + $3::interval, now() + $4::interval FROM hashed
        ON CONFLICT (job_id) DO UPDATE SET epoch = excluded.epoch, worker = excluded.worker,
            expires_at = excluded.expires_at, deadline_at = excluded.deadline_at
    )
    SELECT h.job_id, h.epoch, clock_timestamp(), h.tenant, h.at, h.data, h.hash, first.*
    FROM hashed h LEFT JOIN LATERAL (
        SELECT {event_columns()} FROM events
        WHERE job_id = CASE WHEN h.seq = 2 THEN h.job_id END AND seq = 1 LIMIT 1
    ) AS first ON true"""

CLAIM = TAKE + START
CLAIM_IN_TURN = TAKE_IN_TURN + START

# A lease that is gone, or held under another epoch, does not come back: the caller has lost it.
BEAT = """
    UPDATE leases l SET expires_at = now() + $3::interval
    FROM unnest($1::uuid[], $2::bigint[]) AS mine(job_id, epoch)
    WHERE l.job_id = mine.job_id AND l.epoch = mine.epoch
    RETURNING l.job_id"""

# A lease that nobody beats keeps a job from being claimed and from being rescued until it ends.
SET_ASIDE = f"""
    INSERT INTO leases (job_id, epoch, worker, expires_at, deadline_at)
    SELECT job_id, epoch, 'nobody', now() + $2::interval, NULL FROM jobs
    WHERE job_id = ANY($1::uuid[]) AND status IN ({LEASED_SQL})
    ON CONFLICT (job_id) DO UPDATE SET worker = excluded.worker, expires_at = excluded.expires_at,
        deadline_at = excluded.deadline_at
    WHERE leases.epoch = excluded.epoch"""

# Driven from jobs without a live lease, never from dead workers: a worker's row can vanish first.
LOST = f"""
    SELECT j.job_id, j.epoch, coalesce(l.deadline_at <= now(), false) AS late, clock_timestamp() AS at
    FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id
    WHERE j.status IN ({LEASED_SQL})
      AND (l.job_id IS NULL OR l.expires_at <= now() OR l.deadline_at <= now())
    LIMIT $1::integer"""

# The one query that a worker makes each second, however many jobs it runs. The fourth column makes
# up for a lost wake-up: of the jobs that it runs, those that are to be cancelled. The two after it are what
# operators want of the worker. The last says whether several tenants wait. A pending job is
# asked for in order, because where statistics say that most jobs are pending, any one of them is looked
# for in the table, and once they have run, that is the whole table.
PEEK = f"""
    SELECT coalesce(first, retry) IS NOT NULL,
           EXISTS (SELECT FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id
                   WHERE j.status IN ({LEASED_SQL})
                     AND (l.job_id IS NULL OR l.expires_at <= now() OR l.deadline_at <= now())),
           EXISTS (SELECT FROM jobs WHERE status = 'input_required' AND retry_at <= now()),
           ARRAY(SELECT job_id FROM jobs WHERE job_id = ANY($1::uuid[]) AND status = 'cancelling'),
           EXISTS (SELECT FROM queue_pause)
        OR coalesce((SELECT paused_at IS NOT NULL FROM workers WHERE name = $2::text), false),
           coalesce((SELECT drain_at IS NOT NULL FROM workers WHERE name = $2::text), false),
           coalesce(least(first, last, retry) <> greatest(first, last, retry), false)
    FROM (SELECT (SELECT tenant FROM jobs WHERE status = 'pending' AND retry_at IS NULL
                  ORDER BY tenant COLLATE "C", rank, job_id LIMIT 1) AS first,
                 (SELECT tenant FROM jobs WHERE status = 'pending' AND retry_at IS NULL
                  ORDER BY tenant COLLATE "C" DESC, rank DESC, job_id DESC LIMIT 1) AS last,
                 (SELECT tenant FROM jobs
                  WHERE status = 'pending' AND retry_at IS NOT NULL AND retry_at <= now()
                  ORDER BY retry_at LIMIT 1) AS retry
          OFFSET 0) AS waiting"""

UNANSWERED = "SELECT job_id FROM jobs WHERE status = 'input_required' AND retry_at <= now() LIMIT $1::integer"

# Each half has its own partial index; no index has all pending jobs of all tenants.
WAITING = """
    SELECT least(count(*), $1::integer) FROM (
        (SELECT 1 FROM jobs WHERE status = 'pending' AND retry_at IS NULL
         ORDER BY rank, job_id LIMIT $1::integer)
        UNION ALL
        (SELECT 1 FROM jobs WHERE status = 'pending' AND retry_at IS NOT NULL
         ORDER BY retry_at LIMIT $1::integer)
    ) AS waiting"""

MAKE_PARTITIONS = """
    SELECT make_event_partition(now() + month * interval '1 month') FROM generate_series(0, 2) AS month"""

NO_DEADLINE = timedelta(days=365)


class Lease(Struct, frozen=True):
    """The right to work on a job until it expires.

    `epoch` is the fence.
    """

    job_id: UUID
    epoch: int
    at: datetime  # when it was claimed, by the clock of Postgres, which is the same for all workers
    turn: str | None = None  # the tenant whose turn it was, None if it was nobody's
    log: tuple[Row, ...] = ()  # the whole log, if the job was never claimed before


class Lost(Struct, frozen=True):
    """A job that is meant to be worked on and is not."""

    job_id: UUID
    epoch: int
    late: bool  # its deadline has passed, however alive its worker is
    at: datetime  # when it was found, by the clock of Postgres


class Glance(Struct, frozen=True):
    """What there is to do."""

    due: bool  # a job can be claimed
    lost: bool  # a job must be rescued
    unanswered: bool  # a question has waited for its whole timeout
    cancelling: list[UUID]  # of the jobs asked about, those that somebody wants to stop
    paused: bool = False  # an operator wants this worker, or all, to claim nothing
    draining: bool = False  # an operator wants this worker to hand its jobs back and stop
    shared: bool = False  # jobs of several tenants wait


async def claim(
    engine: Engine, worker: str, count: int, lease: timedelta, deadline: timedelta = NO_DEADLINE
) -> list[Lease]:
    """Claim up to `count` due jobs for `worker`."""
    rows = await fetch(engine, CLAIM, count, worker, lease, deadline)
    return [_lease(row, worker) for row in rows]


async def claim_in_turn(
    engine: Engine, worker: str, count: int, lease: timedelta, deadline: timedelta, after: str
) -> list[Lease]:
    """Claim up to `count` due jobs of one tenant after the other.

    It begins with the tenant after `after`. Fewer than `count` does not mean that nothing is left.
    """
    rows = await fetch(engine, CLAIM_IN_TURN, count, worker, lease, deadline, after)
    return [_lease(row, worker) for row in rows]


def _lease(row: Sequence[Any], worker: str) -> Lease:
    """Return the lease, with the log of a job never claimed."""
    (job_id, epoch, now, turn), (at, data, hash_), first = row[:4], row[4:7], row[7:]
    if first[0] is None:
        return Lease(job_id, epoch, now, turn)
    submitted = Row(*first)
    started = replace(
        submitted,
        seq=2,
        type="attempt_started",
        schema_version=1,
        status="running",
        data=data,
        actor=f"worker:{worker}",
        epoch=epoch,
        occurred_at=at,
        prev_hash=submitted.hash,
        hash=hash_,
    )
    return Lease(job_id, epoch, now, turn, (submitted, started))


async def beat(connection: Session, leases: Mapping[UUID, int], lease: timedelta) -> set[UUID]:
    """Extend these leases.

    Return the jobs still held. `leases` maps job ids to epochs. The others are lost for good.

    Takes a connection of its own, because it beats from a thread with a loop of its own.
    """
    rows = await connection.run(BEAT, list(leases), list(leases.values()), lease)
    return {row[0] for row in rows}


async def set_aside(engine: Engine, job_ids: Sequence[UUID], time: timedelta) -> None:
    """Leave jobs with unreadable logs alone for a while."""
    await fetch(engine, SET_ASIDE, list(job_ids), time)


async def lost(engine: Engine, limit: int) -> list[Lost]:
    """Jobs whose lease is missing, expired, or past its deadline."""
    return [Lost(*row) for row in await fetch(engine, LOST, limit)]


async def peek(engine: Engine, running: Sequence[UUID] = (), worker: str = "") -> Glance:
    """Look for jobs to claim, to rescue, or among `running` to cancel."""
    return Glance(*(await fetch(engine, PEEK, list(running), worker))[0])


async def unanswered(engine: Engine, limit: int) -> list[UUID]:
    """Jobs whose question nobody answered in time."""
    return [row[0] for row in await fetch(engine, UNANSWERED, limit)]


async def make_partitions(engine: Engine) -> None:
    """Create the log's partitions for this month and the next two."""
    await fetch(engine, MAKE_PARTITIONS)


async def waiting(engine: Engine, limit: int) -> int:
    """How many jobs are pending, counted up to `limit`."""
    count: int = (await fetch(engine, WAITING, limit))[0][0]
    return count
