"""Forks: the job that a job was forked from, so that it can be shown without reading the log."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; rows that are there have none, and processes of before go on without it."""
    op.execute("ALTER TABLE jobs ADD COLUMN forked_from json")
