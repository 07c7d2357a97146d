"""Workers: who works, since when, on what, and operators' orders."""

from itertools import chain

from alembic import op

from migrations.report_0002 import View

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE workers (
        name text PRIMARY KEY,
        host text NOT NULL,
        pid integer NOT NULL,
        version text NOT NULL,
        slots integer NOT NULL,
        lease_seconds double precision NOT NULL,
        outages json NOT NULL,
        is_draining boolean NOT NULL DEFAULT false,
        started_at timestamptz NOT NULL DEFAULT now(),
        beat_at timestamptz NOT NULL DEFAULT now(),
        paused_at timestamptz,
        drain_at timestamptz,
        stopped_at timestamptz
    ) WITH (fillfactor = 50)""",
    """
    CREATE TABLE queue_pause (
        is_single boolean PRIMARY KEY DEFAULT true,
        paused_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT queue_pause_is_single_check CHECK (is_single)
    )""",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON workers, queue_pause TO dossier_app",
)

# A worker beats three times in a lease; one that has not for nine tenths of it gives its own jobs up.
WORKERS = View(
    "workers",
    "One row a worker process that beat within the last hour, whatever tenant its jobs are of.",
    """
    SELECT w.name, w.host, w.pid, w.version,
           CASE WHEN w.stopped_at IS NOT NULL THEN 'stopped'
                WHEN w.beat_at < now() - 0.9 * w.lease_seconds * interval '1 s' THEN 'silent'
                WHEN w.is_draining OR w.drain_at IS NOT NULL THEN 'draining'
                WHEN w.paused_at IS NOT NULL OR EXISTS (SELECT FROM queue_pause) THEN 'paused'
                ELSE 'ready' END AS state,
           w.slots,
           (SELECT count(*)::integer FROM leases l WHERE l.worker = w.name AND l.expires_at > now()) AS jobs,
           w.outages, w.started_at, w.beat_at, w.paused_at, w.stopped_at
    FROM workers w
    WHERE w.beat_at > now() - greatest(interval '1 hour', 2 * w.lease_seconds * interval '1 s')""",
    {
        "name": "Its host, process and six letters: the worker of leases, attempts and events.",
        "host": "The host that it runs on.",
        "pid": "Its process on that host.",
        "version": "The version of Dossier that it runs.",
        "state": "ready; paused by an operator; draining; silent for nine tenths of a lease: frozen, killed "
        "or cut off; stopped in order.",
        "slots": "Jobs that it may work on at once.",
        "jobs": "Jobs whose lease it holds.",
        "outages": "The providers that it waits for: provider, since, error.",
        "started_at": "When it started.",
        "beat_at": "Its last sign of life.",
        "paused_at": "When it alone was paused; null: it was not.",
        "stopped_at": "When it stopped in order.",
    },
)


def upgrade() -> None:
    """Make the tables and the view."""
    view = (*WORKERS.statements(), "GRANT SELECT ON report.workers TO dossier_report")
    for statement in chain(TABLES, view):
        op.get_bind().exec_driver_sql(statement)
