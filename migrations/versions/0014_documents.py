"""Documents have a tenant, collections, metadata and an original."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# The unique key on the url alone stays until no process of the version before runs.
STATEMENTS = (
    """
    CREATE TABLE originals (
        original_id uuid PRIMARY KEY,
        tenant text NOT NULL DEFAULT 'default',
        name text NOT NULL,
        media_type text NOT NULL,
        size bigint NOT NULL,
        sha256 text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    """
    CREATE TABLE original_chunks (
        original_id uuid NOT NULL REFERENCES originals ON DELETE CASCADE,
        number integer NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (original_id, number)
    )""",
    """
    ALTER TABLE documents
        ADD COLUMN tenant text NOT NULL DEFAULT 'default',
        ADD COLUMN collections text[] NOT NULL DEFAULT '{}',
        ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN original_id uuid REFERENCES originals ON DELETE SET NULL""",
    "CREATE UNIQUE INDEX documents_tenant_url_idx ON documents (tenant, url)",
    "CREATE INDEX documents_text_idx ON documents (tenant, sha256)",
    "CREATE INDEX documents_original_idx ON documents (original_id) WHERE original_id IS NOT NULL",
    "CREATE INDEX documents_collections_idx ON documents USING gin (collections)",
    # What is indexed of a passage is folded from now on: ligatures, and words that a line's end parted.
    r"""
    UPDATE passages SET text = regexp_replace(normalize(replace(text, U&'\00AD', ''), NFKC),
        '(\w{2,40})[-‐][ \t]*\n[ \t]*(\w{2,40})', '\1\2 \1-\2', 'g')
    WHERE text ~ E'[\uFB00-\uFB06\u00AD]|[-‐][ \\t]*\\n'""",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON originals, original_chunks TO dossier_app",
)


def upgrade() -> None:
    """Add the columns and tables, and fold what is indexed."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
