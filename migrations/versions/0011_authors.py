"""Record the author of each part, and the citations added."""

from alembic import op

from migrations.report_0008 import replacements
from migrations.report_0011 import VIEWS

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the views whose columns are more now."""
    for statement in (line for view in VIEWS for line in replacements(view)):
        op.get_bind().exec_driver_sql(statement)
