"""Make the tables of tenants' keys with model and search providers."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# Nothing here is in clear but whose a key is, for what, and where it is sent. The roles of reports and of one
# tenant get neither table.
STATEMENTS = (
    """
    CREATE TABLE data_keys (
        tenant text PRIMARY KEY,
        wrapped bytea NOT NULL,
        master_id text NOT NULL,
        version integer NOT NULL DEFAULT 1,
        wrapped_at timestamptz NOT NULL DEFAULT now()
    )""",
    """
    CREATE TABLE provider_keys (
        tenant text NOT NULL REFERENCES data_keys (tenant),
        provider text NOT NULL,
        base_url text NOT NULL,
        sealed bytea NOT NULL,
        set_at timestamptz NOT NULL DEFAULT now(),
        set_by text NOT NULL,
        PRIMARY KEY (tenant, provider)
    )""",
    "GRANT SELECT, INSERT, UPDATE ON data_keys TO dossier_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON provider_keys TO dossier_app",
)


def upgrade() -> None:
    """Make both tables."""
    for statement in STATEMENTS:
        op.execute(statement)
