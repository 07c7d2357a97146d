"""Outcomes: an index for lists, and columns of report views.

The index is over an expression and not over a column of its own, which would write the table anew.
"""

from alembic import op

from migrations.report_0008 import VIEWS, replacements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = """
    CREATE INDEX jobs_outcome_idx ON jobs (
        tenant, (CASE status WHEN 'failed' THEN 'not_researched' ELSE result ->> 'outcome' END), job_id DESC
    ) WHERE status IN ('completed','failed')"""


def upgrade() -> None:
    """Make the index, and replace the views whose columns are more now."""
    for statement in (INDEX, *(line for view in VIEWS for line in replacements(view))):
        op.get_bind().exec_driver_sql(statement)
