"""Functions that act as their owner look for nothing in pg_temp first."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# A schema that is not named is searched before all others where it is pg_temp: whoever may make temporary
# tables could put one of theirs in the place of ours.
PIN = """
    DO $$ DECLARE name regprocedure; BEGIN
        FOR name IN
            SELECT p.oid FROM pg_proc p
            WHERE p.pronamespace = current_schema()::regnamespace
              AND (p.prosecdef OR p.proname IN ('settle_quota', 'reserve_quota', 'count_for_quota'))
        LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        END LOOP;
    END $$"""


def upgrade() -> None:
    """Set the schemas that these functions search."""
    op.get_bind().exec_driver_sql(PIN)
