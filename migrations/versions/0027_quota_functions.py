"""Only the application may call the functions of quotas."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# A function is everybody's until that is taken back.
FUNCTIONS = "settle_quota(text), reserve_quota(uuid, text, text, double precision), count_for_quota(text)"
RIGHTS = (
    f"REVOKE ALL ON FUNCTION {FUNCTIONS} FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION {FUNCTIONS} TO dossier_app",
)


def upgrade() -> None:
    """Take the right from everybody and give it to the application's role."""
    for statement in RIGHTS:
        op.get_bind().exec_driver_sql(statement)
