"""Tokens that open the stream of one job for some minutes."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE stream_tokens (
        token_sha256 bytea PRIMARY KEY,
        job_id uuid NOT NULL,
        tenant text NOT NULL,
        key_id text,
        expires_at timestamptz NOT NULL,
        CONSTRAINT token_sha256 CHECK (octet_length(token_sha256) = 32)
    )""",
    "CREATE INDEX stream_tokens_job_idx ON stream_tokens (job_id)",
    "CREATE INDEX stream_tokens_expires_idx ON stream_tokens (expires_at)",
    "GRANT SELECT, INSERT, DELETE ON stream_tokens TO dossier_app",
)


def upgrade() -> None:
    """Make the table, which only the application sees."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
