"""A webhook endpoint may hear of one job alone: its callback."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE webhook_endpoints ADD COLUMN job_id uuid",
    """CREATE UNIQUE INDEX webhook_endpoints_job_idx ON webhook_endpoints (job_id)
       WHERE job_id IS NOT NULL AND deleted_at IS NULL""",
)


def upgrade() -> None:
    """Add the column and its index."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
