"""Tenants, their quotas, and documents of their own."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# The tenant `default` is there without a row. No process writes documents by their url alone any more
# (see 0014), so several tenants may have the same page.
STATEMENTS = (
    """
    CREATE TABLE tenants (
        tenant text PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now(),
        suspended_at timestamptz,
        max_unfinished_jobs integer,
        max_jobs_per_day integer,
        max_usd_per_month double precision,
        CONSTRAINT tenants_tenant_check CHECK (tenant ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
        CONSTRAINT tenants_suspended_check CHECK (tenant <> 'default' OR suspended_at IS NULL)
    )""",
    "GRANT SELECT, INSERT, UPDATE ON tenants TO dossier_app",
    "ALTER TABLE documents DROP CONSTRAINT documents_url_key",
    "CREATE INDEX documents_spoken_idx ON documents (tenant, language)",
)


def upgrade() -> None:
    """Make the table, and free documents of the url alone."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
