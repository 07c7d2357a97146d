"""Find an original by the hash of its bytes."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.get_bind().exec_driver_sql("CREATE INDEX originals_sha256_idx ON originals (tenant, sha256)")
