"""Responses that OpenAI's protocol shows no more."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# The log only grows, so a response that a client deletes is hidden, and its job is kept.
STATEMENTS = (
    """
    CREATE TABLE hidden_responses (
        job_id uuid PRIMARY KEY,
        tenant text NOT NULL,
        hidden_at timestamptz NOT NULL DEFAULT now()
    )""",
    "GRANT SELECT, INSERT ON hidden_responses TO dossier_app",
)


def upgrade() -> None:
    """Make the table, and let the application hide."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
