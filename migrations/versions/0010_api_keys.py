"""API keys: the hash of each secret, and what it opens."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE api_keys (
        key_id text PRIMARY KEY,
        tenant text NOT NULL DEFAULT 'default',
        name text NOT NULL,
        secret_sha256 bytea NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT secret_sha256 CHECK (octet_length(secret_sha256) = 32)
    )""",
    "GRANT SELECT, INSERT, UPDATE ON api_keys TO dossier_app",
)


def upgrade() -> None:
    """Make the table.

    A key is revoked and never deleted, so the application may not delete.
    """
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
