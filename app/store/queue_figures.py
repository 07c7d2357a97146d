"""Read the figures of queue and feed that every process shows alike."""

from msgspec import Struct

from app.store.database import Engine, fetch
from app.store.projections import LEASED_SQL
from app.store.workers import count_states

COUNT_QUEUE_STATUSES = """
    SELECT status, count(*)::float8 FROM jobs
    WHERE status IN ('pending', 'running', 'input_required', 'cancelling') GROUP BY status"""

# `rank` is the order of claims, so the first in it is who waits longest for its turn. A retry that is not
# due yet does not wait for a worker.
READ_QUEUE = f"""
    SELECT (SELECT extract(epoch FROM now() - created_at)::float8 FROM jobs
            WHERE status = 'pending' AND retry_at IS NULL ORDER BY rank, job_id LIMIT 1),
           (SELECT count(*)::float8 FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id
            WHERE j.status IN ({LEASED_SQL}) AND (l.job_id IS NULL OR l.expires_at <= now())),
           (SELECT count(DISTINCT worker)::float8 FROM leases WHERE expires_at > now()),
           (SELECT extract(epoch FROM clock_timestamp() - occurred_at)::float8 FROM events
            WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, position LIMIT 1),
           pg_notification_queue_usage()::float8,
           (SELECT count(*)::float8 FROM queue_pause),
           webhooks.waiting, webhooks.oldest
    FROM (SELECT count(*)::float8 AS waiting,
                 extract(epoch FROM now() - min(d.created_at))::float8 AS oldest
          FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id)
          WHERE d.state = 'pending' AND e.deleted_at IS NULL AND e.disabled_at IS NULL) AS webhooks"""


class QueueFigures(Struct, frozen=True):
    """The queue and the feed at one moment."""

    statuses: dict[str, float]  # jobs that are not over, by status
    workers: dict[str, float]  # by state
    oldest_pending: float  # seconds
    unheld: float  # running jobs without a live lease
    workers_busy: float
    feed_lag: float  # seconds
    notify_queue: float  # 0 to 1
    claims_paused: float  # 1 while all workers are paused
    webhooks_waiting: float  # messages to endpoints that are enabled
    oldest_webhook: float  # seconds


async def read_figures(engine: Engine) -> QueueFigures:
    """Read the figures in three statements over indexes."""
    statuses = {row[0]: row[1] for row in await fetch(engine, COUNT_QUEUE_STATUSES)}
    [row] = await fetch(engine, READ_QUEUE)
    workers = await count_states(engine)
    return QueueFigures(statuses, workers, *(value or 0.0 for value in row))
