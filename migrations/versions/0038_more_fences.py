"""Fence webhooks and shared reports by row, as 0031 does jobs."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

OWN = "tenant = (SELECT nullif(current_setting('dossier.tenant', true), ''))"
# Without the secrets, which no listing needs.
ENDPOINT_COLUMNS = """endpoint_id, tenant, url, events, style, description, old_secret_until, created_at,
    disabled_at, disabled_reason, deleted_at, job_id"""
SHARE_COLUMNS = "share_id, job_id, tenant, created_at, expires_at, revoked_at"
# Their endpoint, and the delivery of an attempt, are seen through fences of their own.
OF_ENDPOINT = "EXISTS (SELECT FROM webhook_endpoints e WHERE e.endpoint_id = webhook_deliveries.endpoint_id)"
OF_DELIVERY = "EXISTS (SELECT FROM webhook_deliveries d WHERE d.delivery_id = webhook_attempts.delivery_id)"
FENCED = (
    ("webhook_endpoints", f"({ENDPOINT_COLUMNS})", OWN),
    ("webhook_deliveries", "", OF_ENDPOINT),
    ("webhook_attempts", "", OF_DELIVERY),
    ("shares", f"({SHARE_COLUMNS})", OWN),
)


def upgrade() -> None:
    """Make a policy for each table."""
    for table, columns, condition in FENCED:
        for statement in (
            f"GRANT SELECT {columns} ON {table} TO dossier_tenant",
            f"CREATE POLICY application ON {table} TO dossier_app USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_tenant ON {table} FOR SELECT TO dossier_tenant USING ({condition})",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        ):
            op.get_bind().exec_driver_sql(statement)
