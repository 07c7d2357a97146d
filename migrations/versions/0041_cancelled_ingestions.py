"""Cancelled ingestions, and a fence around each tenant's."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

OWN = "tenant = (SELECT nullif(current_setting('dossier.tenant', true), ''))"
OF_INGESTION = "EXISTS (SELECT FROM ingestions i WHERE i.ingestion_id = ingestion_events.ingestion_id)"
STATUSES = "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')"

STATEMENTS = (
    # Valid at once for what is there: the old check was narrower. So no table is read under a lock.
    "ALTER TABLE ingestions DROP CONSTRAINT status",
    f"ALTER TABLE ingestions ADD CONSTRAINT status CHECK ({STATUSES}) NOT VALID",
    "ALTER TABLE ingestions VALIDATE CONSTRAINT status",
    "COMMENT ON COLUMN report.ingestions.status IS 'pending, running, completed, failed or cancelled.'",
    "COMMENT ON COLUMN report.ingestions.completed_at IS 'When it was over; null before.'",
)


def upgrade() -> None:
    """Allow the status, and make a policy for both tables."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
    for table, condition in (("ingestions", OWN), ("ingestion_events", OF_INGESTION)):
        for statement in (
            f"GRANT SELECT ON {table} TO dossier_tenant",
            f"CREATE POLICY application ON {table} TO dossier_app USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_tenant ON {table} FOR SELECT TO dossier_tenant USING ({condition})",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        ):
            op.get_bind().exec_driver_sql(statement)
