"""Forks: a column for the job that a job came from."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty in rows that exist.

    Processes of before go on without it.
    """
    op.execute("ALTER TABLE jobs ADD COLUMN forked_from json")
