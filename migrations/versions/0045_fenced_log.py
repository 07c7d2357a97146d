"""Fence the log and pieces of files as 0031 does jobs."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

OWN = "tenant = (SELECT nullif(current_setting('dossier.tenant', true), ''))"
# The rows of the log have no tenant. Whose an event is says its job, which is seen through its own fence. A
# statement that reads many events of one job says which: that is looked up once, and not for each event.
SAID = "(SELECT nullif(current_setting('dossier.job', true), '')::uuid)"
OF_JOB = f"""
    job_id = (SELECT j.job_id FROM jobs j WHERE j.job_id = {SAID})
    OR EXISTS (SELECT FROM jobs j WHERE j.job_id = events.job_id)"""
OF_ORIGINAL = "EXISTS (SELECT FROM originals o WHERE o.original_id = original_chunks.original_id)"
FENCED = (("events", OF_JOB), ("hidden_responses", OWN), ("original_chunks", OF_ORIGINAL))


def upgrade() -> None:
    """Make a policy for each table.

    That of the application is constant, so an append pays nothing for it.
    """
    for table, condition in FENCED:
        for statement in (
            f"GRANT SELECT ON {table} TO dossier_tenant",
            f"CREATE POLICY application ON {table} TO dossier_app USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_tenant ON {table} FOR SELECT TO dossier_tenant USING ({condition})",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        ):
            op.get_bind().exec_driver_sql(statement)
