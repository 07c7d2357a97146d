"""Reporting: the schema `report`, its views, and its read-only role."""

from itertools import chain

from alembic import op

from migrations.report_0002 import calls, jobs, rates, research

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = (
    "CREATE SCHEMA report",
    "COMMENT ON SCHEMA report IS 'Views over the log, for questions. They change only by addition.'",
    # The smallest id that a job submitted at this moment can have: 48 bits of milliseconds, then zeros.
    """CREATE FUNCTION report.floor(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid""",
    """COMMENT ON FUNCTION report.floor IS
    'The smallest job_id of that time: WHERE job_id >= report.floor(''2026-11-01'').'""",
)

VIEWS = (*jobs.VIEWS, *calls.VIEWS, jobs.FAILURES, *research.VIEWS, *rates.VIEWS)

# Roles belong to the whole cluster, so another database may have made it before, or be making it now; then
# it may be somebody else's, who says what it is set to and who may take it on. The settings hold for a
# login; a session that switches to the role sets them itself.
ROLE = (
    """DO $$ BEGIN
        IF to_regrole('dossier_report') IS NULL THEN
            CREATE ROLE dossier_report NOLOGIN;
            ALTER ROLE dossier_report SET default_transaction_read_only = on;
            ALTER ROLE dossier_report SET statement_timeout = '60s';
            ALTER ROLE dossier_report SET lock_timeout = '5s';
            ALTER ROLE dossier_report SET idle_in_transaction_session_timeout = '60s';
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$""",
    """DO $$ BEGIN
        EXECUTE format('GRANT dossier_report TO %I', current_user);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END $$""",
    "GRANT USAGE ON SCHEMA report TO dossier_report",
    "GRANT SELECT ON ALL TABLES IN SCHEMA report TO dossier_report",
)


def upgrade() -> None:
    """Create the schema, its commented views, and the role."""
    for statement in chain(SCHEMA, *(view.statements() for view in VIEWS), ROLE):
        # Past SQLAlchemy's own parameters, which a colon in a comment or a pattern would look like.
        op.get_bind().exec_driver_sql(statement)
