"""Make the table of links to reports."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE shares (
        share_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        job_id uuid NOT NULL,
        tenant text NOT NULL,
        token_sha256 bytea NOT NULL CONSTRAINT token_sha256 CHECK (octet_length(token_sha256) = 32),
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz
    )""",
    "CREATE UNIQUE INDEX shares_token_idx ON shares (token_sha256)",
    "CREATE INDEX shares_job_idx ON shares (job_id)",
    "GRANT SELECT, INSERT, UPDATE ON shares TO dossier_app",
)


def upgrade() -> None:
    """Make the table of shared reports."""
    for statement in STATEMENTS:
        op.execute(statement)
