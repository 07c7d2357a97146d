"""Check a job's status where it is written, by a trigger.

Postgres reads the text of each CHECK of a table anew in every statement that updates it: two of `jobs` were a
tenth of what a lone event cost. This trigger refuses the same rows, and is asked only by statements that
write the columns it names.
"""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE FUNCTION refuse_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Job % cannot be % with completed_at %.', NEW.job_id, NEW.status,
            coalesce(NEW.completed_at::text, 'NULL')
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END $$""",
    """CREATE TRIGGER jobs_status_fits AFTER INSERT OR UPDATE OF status, completed_at ON jobs FOR EACH ROW
    WHEN (NOT CASE WHEN NEW.completed_at IS NULL
        THEN NEW.status IN ('pending','running','input_required','cancelling')
        ELSE NEW.status IN ('completed','failed','cancelled') END)
    EXECUTE FUNCTION refuse_status()""",
    "ALTER TABLE jobs DROP CONSTRAINT jobs_status_check, DROP CONSTRAINT jobs_completed_at_check",
)


def upgrade() -> None:
    """Make the trigger, then drop the constraints."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
