"""Compute what a tenant's jobs do now and did lately.

Every query is bounded: the counts by an index over the jobs that are not over, the rest by the newest
MAX_RECENT_JOBS jobs of the last HISTORY_DAYS days.
Meant for a snapshot that many readers share, not for each request.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own
from app.store.workers import STATES

HISTORY_DAYS = 14
HOURS = 24
MAX_RECENT_JOBS = 20_000  # jobs

# The statuses are named so that the index by status serves; the finished, who are many, are not touched.
COUNT_STATUSES = """
    SELECT status, count(*)::integer FROM jobs
    WHERE tenant = $1::text AND status IN ('pending', 'running', 'input_required', 'cancelling')
    GROUP BY status"""

OLDEST = """
    SELECT extract(epoch FROM now() - created_at)::float8 FROM jobs
    WHERE tenant = $1::text AND status = 'pending' AND retry_at IS NULL ORDER BY job_id LIMIT 1"""

COUNT_WORKERS = f"""
    SELECT count(*) FILTER (WHERE state IN ('ready', 'paused', 'draining'))::integer,
           (SELECT count(DISTINCT worker)::integer FROM leases WHERE expires_at > now())
    FROM ({STATES}) AS w"""

# Each query takes out of the json of a row only what it needs: taking it apart is what costs.
_RECENT_JOBS = f"tenant = $1::text AND job_id >= $2::uuid ORDER BY job_id DESC LIMIT {MAX_RECENT_JOBS}"

BY_HOUR = f"""
    WITH recent AS MATERIALIZED (
        SELECT status, created_at, started_at, completed_at FROM jobs WHERE {_RECENT_JOBS}
    ), waited AS (
        SELECT started_at, extract(epoch FROM started_at - created_at) AS wait
        FROM recent WHERE started_at IS NOT NULL
    ), ended AS (
        SELECT date_trunc('hour', completed_at, 'UTC') AS hour, status, count(*)::integer AS runs
        FROM recent WHERE completed_at IS NOT NULL GROUP BY 1, 2
    ), begun AS (
        SELECT date_trunc('hour', started_at, 'UTC') AS hour,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) AS half,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY wait) AS most
        FROM waited GROUP BY 1
    )
    SELECT hour,
           coalesce((SELECT runs FROM ended e WHERE e.hour = h.hour AND status = 'completed'), 0),
           coalesce((SELECT runs FROM ended e WHERE e.hour = h.hour AND status = 'failed'), 0),
           coalesce((SELECT runs FROM ended e WHERE e.hour = h.hour AND status = 'cancelled'), 0),
           begun.half::float8, begun.most::float8
    FROM generate_series(date_trunc('hour', now(), 'UTC') - interval '{HOURS - 1} hours',
                         date_trunc('hour', now(), 'UTC'), interval '1 hour') AS h(hour)
    LEFT JOIN begun USING (hour) ORDER BY hour"""

# A job's cost counts for the model of its first call, which is among its first events.
BY_DAY = f"""
    WITH recent AS MATERIALIZED (SELECT job_id, created_at, usage FROM jobs WHERE {_RECENT_JOBS})
    SELECT date_trunc('day', created_at, 'UTC') AS day, coalesce(model, ''), count(*)::integer,
           coalesce(sum(coalesce(known_cost_usd, cost_usd)), 0)::float8,
           count(*) FILTER (WHERE cost_usd IS NULL)::integer,
           coalesce(sum(input_tokens + output_tokens), 0)::bigint,
           coalesce(sum(coalesce(unknown_cost_calls, CASE WHEN cost_usd IS NULL THEN 1 END)), 0)::integer
    FROM recent
    CROSS JOIN LATERAL json_to_record(usage)
        AS used(cost_usd float8, known_cost_usd float8, unknown_cost_calls integer, input_tokens bigint,
                output_tokens bigint)
    LEFT JOIN LATERAL (
        SELECT data->>'provider' AS model FROM events
        WHERE events.job_id = recent.job_id AND seq <= 10 AND type = 'call_requested'
          AND data->>'kind' = 'model'
        ORDER BY seq LIMIT 1
    ) AS first ON true
    GROUP BY 1, 2 ORDER BY 1, 2"""

COUNT_FAILURES = f"""
    SELECT coalesce(error->>'error_type', 'internal'), count(*)::integer
    FROM (SELECT error FROM jobs WHERE status = 'failed' AND {_RECENT_JOBS}) AS failed
    GROUP BY 1 ORDER BY 2 DESC, 1"""


class Now(Struct, frozen=True):
    """The jobs that are not over, and who works on them."""

    pending: int
    running: int
    input_required: int
    cancelling: int
    oldest_wait_seconds: float | None  # of the job that waits longest for its first worker
    workers_seen: int  # that beat
    workers_busy: int  # that hold a job


class Hour(Struct, frozen=True):
    """The jobs that ended in an hour, and waits of those started."""

    hour: datetime
    completed: int
    failed: int
    cancelled: int
    wait_seconds_p50: float | None
    wait_seconds_p95: float | None


class Day(Struct, frozen=True):
    """The jobs that were submitted on a day, by model."""

    day: datetime
    model: str  # "" where none was called
    jobs: int
    cost_usd: float  # the sum of what is known: the cost is at least this
    unpriced: int  # jobs with a part whose cost is not known
    tokens: int
    unknown_cost_calls: int  # that cost_usd leaves out


class Failed(Struct, frozen=True):
    """How many jobs failed with this error."""

    error_type: str
    jobs: int


async def now(engine: Engine, caller: Caller) -> Now:
    """Counts of this moment: three queries over indexes."""
    counts = {row[0]: row[1] for row in await fetch_own(engine, caller, COUNT_STATUSES)}
    oldest = await fetch_own(engine, caller, OLDEST)
    [workers] = await fetch(engine, COUNT_WORKERS)
    return Now(
        pending=counts.get("pending", 0),
        running=counts.get("running", 0),
        input_required=counts.get("input_required", 0),
        cancelling=counts.get("cancelling", 0),
        oldest_wait_seconds=oldest[0][0] if oldest else None,
        workers_seen=workers[0],
        workers_busy=workers[1],
    )


async def hours(engine: Engine, caller: Caller) -> tuple[Hour, ...]:
    """The last HOURS hours, oldest first, without gaps."""
    rows = await fetch_own(engine, caller, BY_HOUR, first_of(timedelta(days=2)))
    return tuple(Hour(*row) for row in rows)


async def days(engine: Engine, caller: Caller) -> tuple[Day, ...]:
    """Count jobs by day of submission and model, for HISTORY_DAYS days."""
    rows = await fetch_own(engine, caller, BY_DAY, first_of(timedelta(days=HISTORY_DAYS)))
    return tuple(Day(*row) for row in rows)


async def failures(engine: Engine, caller: Caller) -> tuple[Failed, ...]:
    """Why jobs failed in the last HISTORY_DAYS days, the most frequent first."""
    rows = await fetch_own(engine, caller, COUNT_FAILURES, first_of(timedelta(days=HISTORY_DAYS)))
    return tuple(Failed(*row) for row in rows)


def first_of(age: timedelta) -> UUID:
    """Return the smallest job id of this age.

    A uuid v7 begins with its milliseconds.
    """
    moment = datetime.now(UTC) - age
    return UUID(int=int(moment.timestamp() * 1000) << 80)
