"""Keys of browsers whose users signed in at an OpenID provider."""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# Keys stay for good, and the application may delete none. Those of browsers are many, and go with their time.
FORGET = """
    CREATE FUNCTION forget_sign_ins() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
        DELETE FROM api_keys WHERE key_id IN (
            SELECT key_id FROM api_keys
            WHERE subject IS NOT NULL AND expires_at < now() - interval '1 hour' LIMIT 1000)
    $$"""

PIN = """
    DO $$ BEGIN
        EXECUTE format('ALTER FUNCTION forget_sign_ins() SET search_path = %I, pg_temp', current_schema());
    END $$"""

STATEMENTS = (
    "ALTER TABLE api_keys ADD COLUMN subject text",  # who signed in; null: a key that somebody made
    "ALTER TABLE api_keys ADD COLUMN sign_in_sha256 bytea",
    "CREATE UNIQUE INDEX api_keys_sign_in_key ON api_keys (sign_in_sha256)",
    FORGET,
    PIN,
    "REVOKE EXECUTE ON FUNCTION forget_sign_ins() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION forget_sign_ins() TO dossier_app",
)


def upgrade() -> None:
    """Let a key say who signed in with it."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
