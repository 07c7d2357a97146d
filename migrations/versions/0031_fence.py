"""Row level security: a role that sees the rows of one tenant."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# Roles belong to the cluster, as in 0001: who may not make one is told what somebody else has to do.
ROLE = """
    DO $$ BEGIN
        IF to_regrole('dossier_tenant') IS NULL THEN
            CREATE ROLE dossier_tenant NOLOGIN;
        END IF;
        IF NOT pg_has_role('dossier_app', 'dossier_tenant', 'MEMBER') THEN
            GRANT dossier_tenant TO dossier_app;
        END IF;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'The login %I may not make the role dossier_tenant. A superuser has to say '
                'CREATE ROLE dossier_tenant; GRANT dossier_tenant TO dossier_app; then migrate again.',
                current_user);
    END $$"""

USE = """
    DO $$ BEGIN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO dossier_tenant', current_schema());
    END $$"""

# Without a tenant the comparison is null, and no row is seen. The application's own role is not asked:
# its condition is constant, so its plans stay as they are.
FENCED = ("jobs", "documents", "originals")
OWN = "tenant = (SELECT nullif(current_setting('dossier.tenant', true), ''))"


def upgrade() -> None:
    """Make the role, and a policy for each table."""
    for statement in (ROLE, USE, "GRANT SELECT ON archived_months TO dossier_tenant"):
        op.get_bind().exec_driver_sql(statement)
    for table in FENCED:
        for statement in (
            f"GRANT SELECT ON {table} TO dossier_tenant",
            f"CREATE POLICY application ON {table} TO dossier_app USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_tenant ON {table} FOR SELECT TO dossier_tenant USING ({OWN})",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        ):
            op.get_bind().exec_driver_sql(statement)
