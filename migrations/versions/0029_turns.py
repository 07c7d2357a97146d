"""The order in which claims go round the tenants."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# Workers of before claim by jobs_ready_idx, which also says what waits longest.
INDEX = """
    CREATE INDEX jobs_turn_idx ON jobs (tenant COLLATE "C", rank, job_id)
    WHERE status = 'pending' AND retry_at IS NULL"""


def upgrade() -> None:
    """Make the index."""
    op.get_bind().exec_driver_sql(INDEX)
