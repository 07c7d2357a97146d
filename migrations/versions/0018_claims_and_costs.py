"""Show the known cost of a step, and how quotes were found."""

from alembic import op

from migrations.report_0008 import replacements
from migrations.report_0018 import VIEWS

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the views whose columns are more now."""
    for statement in (line for view in VIEWS for line in replacements(view)):
        op.get_bind().exec_driver_sql(statement)
