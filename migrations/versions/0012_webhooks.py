"""Webhooks: endpoints, deliveries, attempts and a cursor over the feed."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE webhook_endpoints (
        endpoint_id uuid PRIMARY KEY,
        tenant text NOT NULL DEFAULT 'default',
        url text NOT NULL,
        events text[] NOT NULL,
        style text NOT NULL,
        description text NOT NULL,
        secret bytea NOT NULL,
        old_secret bytea,
        old_secret_until timestamptz,
        since xid8 NOT NULL DEFAULT pg_current_xact_id(),
        created_at timestamptz NOT NULL DEFAULT now(),
        disabled_at timestamptz,
        disabled_reason text,
        deleted_at timestamptz
    )""",
    """
    CREATE TABLE webhook_deliveries (
        delivery_id uuid PRIMARY KEY,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoints,
        job_id uuid NOT NULL,
        seq integer NOT NULL,
        type text NOT NULL,
        body bytea NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        tries integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        next_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_deliveries_state_check CHECK (state IN ('pending','delivered','failed','dropped'))
    )""",
    """
    CREATE UNIQUE INDEX webhook_deliveries_event_idx ON webhook_deliveries (endpoint_id, job_id, seq)""",
    """
    CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_at)
    WHERE state = 'pending'""",
    """
    CREATE INDEX webhook_deliveries_list_idx ON webhook_deliveries (endpoint_id, delivery_id DESC)""",
    """
    CREATE TABLE webhook_attempts (
        delivery_id uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
        number integer NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        status integer,
        error text,
        milliseconds integer,
        PRIMARY KEY (delivery_id, number)
    )""",
    """
    CREATE TABLE webhook_cursor (
        is_single boolean PRIMARY KEY DEFAULT true,
        xid xid8 NOT NULL,
        position bigint NOT NULL,
        CONSTRAINT webhook_cursor_is_single_check CHECK (is_single)
    )""",
    """
    INSERT INTO webhook_cursor (xid, position)
    (SELECT xid, position FROM events ORDER BY xid DESC, position DESC LIMIT 1)
    UNION ALL (SELECT '0'::xid8, 0) LIMIT 1""",
    "GRANT SELECT, INSERT, UPDATE ON webhook_endpoints TO dossier_app",
    "GRANT SELECT, INSERT, UPDATE ON webhook_cursor TO dossier_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries, webhook_attempts TO dossier_app",
)


def upgrade() -> None:
    """Make the tables. No event from before is told."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
