"""Pages that workers read into documents, and documents that they replace."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The address of a page, where no file came; a worker of the last release finds no file then, and says so.
    "ALTER TABLE ingestions ADD COLUMN page text",
    # Which document is replaced; a worker of the last release stores by the address, which is the same.
    "ALTER TABLE ingestions ADD COLUMN document_id bigint",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
