"""Record workers and their beats, and what operators want of them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from app.store.database import Engine, fetch
from app.store.session import Session
from dossier.worker_types import Outage, Queue, QueuedJob, QueuedPriority, Workers, WorkerView

KEPT_HOURS = 1  # that a worker which beats no more is remembered
MAX_WORKERS = 1000  # that a list names
MAX_COUNTED = 10_000  # jobs of the queue that are counted by priority
NEXT_JOBS = 20

RECORD_BEAT = """
    INSERT INTO workers (name, host, pid, version, slots, lease_seconds, outages, is_draining, stopped_at)
    VALUES ($1::text, $2::text, $3::integer, $4::text, $5::integer, $6::float8, $7::text::json, $8::boolean,
            CASE WHEN $9::boolean THEN now() END)
    ON CONFLICT (name) DO UPDATE SET beat_at = now(), outages = excluded.outages,
        is_draining = excluded.is_draining, stopped_at = excluded.stopped_at"""

FORGET_SILENT = f"""
    DELETE FROM workers
    WHERE beat_at < now() - greatest(interval '{KEPT_HOURS} hour', 2 * lease_seconds * interval '1 s')"""

# As the view report.workers has it.
STATES = f"""
    SELECT *, CASE WHEN stopped_at IS NOT NULL THEN 'stopped'
                   WHEN beat_at < now() - 0.9 * lease_seconds * interval '1 s' THEN 'silent'
                   WHEN is_draining OR drain_at IS NOT NULL THEN 'draining'
                   WHEN paused_at IS NOT NULL OR EXISTS (SELECT FROM queue_pause) THEN 'paused'
                   ELSE 'ready' END AS state
    FROM workers
    WHERE beat_at > now() - greatest(interval '{KEPT_HOURS} hour', 2 * lease_seconds * interval '1 s')"""

READ_WORKERS = f"""
    SELECT w.name, w.host, w.pid, w.version, w.state, w.slots, w.outages::text AS outages, w.started_at,
           w.beat_at, w.paused_at, w.stopped_at,
           ARRAY(SELECT job_id FROM leases l WHERE l.worker = w.name AND l.expires_at > now()
                 ORDER BY job_id LIMIT w.slots) AS jobs
    FROM ({STATES}) AS w ORDER BY w.started_at DESC, w.name LIMIT {MAX_WORKERS}"""

READ_PAUSE = "SELECT paused_at FROM queue_pause"
COUNT_STATES = f"SELECT state, count(*)::float8 FROM ({STATES}) AS w GROUP BY state"

PAUSE_ALL = "INSERT INTO queue_pause DEFAULT VALUES ON CONFLICT DO NOTHING"
RESUME_ALL = "DELETE FROM queue_pause"
PAUSE_ONE = """
    UPDATE workers SET paused_at = coalesce(paused_at, now())
    WHERE name = $1::text AND stopped_at IS NULL RETURNING name"""
RESUME_ONE = "UPDATE workers SET paused_at = NULL WHERE name = $1::text AND stopped_at IS NULL RETURNING name"
DRAIN_ONE = """
    UPDATE workers SET drain_at = coalesce(drain_at, now())
    WHERE name = $1::text AND stopped_at IS NULL RETURNING name"""

# Each half goes along its own partial index, as the claim does.
COUNT_PRIORITIES = f"""
    SELECT priority, count(*) FILTER (WHERE retry_at IS NULL), count(*) FILTER (WHERE retry_at IS NOT NULL),
           extract(epoch FROM now() - min(created_at))::float8
    FROM (
        (SELECT priority, retry_at, created_at FROM jobs WHERE status = 'pending' AND retry_at IS NULL
         ORDER BY rank, job_id LIMIT {MAX_COUNTED})
        UNION ALL
        (SELECT priority, retry_at, created_at FROM jobs WHERE status = 'pending' AND retry_at IS NOT NULL
         ORDER BY retry_at LIMIT {MAX_COUNTED})
    ) AS waiting GROUP BY priority ORDER BY priority DESC"""

READ_NEXT = f"""
    SELECT job_id, priority, extract(epoch FROM now() - created_at)::float8 FROM jobs
    WHERE status = 'pending' AND retry_at IS NULL ORDER BY rank, job_id LIMIT {NEXT_JOBS}"""

_outages = msgspec.json.Decoder(tuple[Outage, ...])
_encode = msgspec.json.Encoder().encode


class Badge(Struct, frozen=True):
    """What a worker says of itself with each beat."""

    name: str
    host: str
    pid: int
    version: str
    slots: int
    lease_seconds: float
    outages: Mapping[str, Outage]
    is_draining: bool = False
    is_stopped: bool = False


async def sign(connection: Session, badge: Badge) -> None:
    """Record a beat of a worker: one upsert of one row."""
    outages = _encode(tuple(badge.outages.values())).decode()
    await connection.run(
        RECORD_BEAT,
        badge.name,
        badge.host,
        badge.pid,
        badge.version,
        badge.slots,
        badge.lease_seconds,
        outages,
        badge.is_draining,
        badge.is_stopped,
    )


async def forget_workers(engine: Engine) -> None:
    """Delete the rows of workers that have not beaten for an hour."""
    await fetch(engine, FORGET_SILENT)


async def read_workers(engine: Engine) -> Workers:
    """Return the workers, each with the jobs that it holds."""
    rows = await fetch(engine, READ_WORKERS)
    return Workers([_view(dict(row)) for row in rows], await read_pause(engine))


def _view(row: dict[str, object]) -> WorkerView:
    outages = _outages.decode(str(row["outages"]))
    return msgspec.convert(row | {"outages": outages}, WorkerView)


async def count_states(engine: Engine) -> dict[str, float]:
    """Count the workers by state."""
    return {row[0]: row[1] for row in await fetch(engine, COUNT_STATES)}


async def read_pause(engine: Engine) -> datetime | None:
    """Return when all workers were paused, or None."""
    rows = await fetch(engine, READ_PAUSE)
    return rows[0][0] if rows else None


async def read_queue(engine: Engine) -> Queue:
    """Return what waits, by priority and in the order of claims."""
    counts = [QueuedPriority(*row) for row in await fetch(engine, COUNT_PRIORITIES)]
    first = [QueuedJob(*row) for row in await fetch(engine, READ_NEXT)]
    return Queue(await read_pause(engine), counts, first)


async def pause_all(engine: Engine) -> None:
    """Let no worker claim jobs."""
    await fetch(engine, PAUSE_ALL)


async def resume_all(engine: Engine) -> None:
    """Let workers claim again, but those that were paused alone."""
    await fetch(engine, RESUME_ALL)


async def pause_worker(engine: Engine, name: str) -> bool:
    """Let one worker claim nothing. Return False if none has the name."""
    return bool(await fetch(engine, PAUSE_ONE, name))


async def resume_worker(engine: Engine, name: str) -> bool:
    """Let one worker claim again. Return False if none has the name."""
    return bool(await fetch(engine, RESUME_ONE, name))


async def drain_worker(engine: Engine, name: str) -> bool:
    """Let one worker hand back and stop. Return False without one."""
    return bool(await fetch(engine, DRAIN_ONE, name))
