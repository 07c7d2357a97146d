"""Find the forks of a job, and show what follow-ups ask."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTRUCTIONS = """
    UPDATE jobs j SET forked_from = json_build_object(
        'after', j.forked_from -> 'after',
        'instruction', e.data ->> 'instruction',
        'job_id', j.forked_from -> 'job_id')
    FROM events e WHERE j.forked_from IS NOT NULL AND e.job_id = j.job_id AND e.type = 'job_forked'
        AND coalesce(e.data ->> 'instruction', '') <> ''"""
INDEX = "CREATE INDEX jobs_forks_idx ON jobs ((forked_from ->> 'job_id')) WHERE forked_from IS NOT NULL"


def upgrade() -> None:
    """Write the instructions from the log, and make the index."""
    for statement in (INSTRUCTIONS, INDEX):
        op.get_bind().exec_driver_sql(statement)
