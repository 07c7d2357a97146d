"""What embedding used, and vectors made again where they are gone."""

from alembic import op

from migrations.report_0002 import View

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

# As in 0047. A model from before the table has no vectors, as after a backup was restored where there was no
# pgvector: what is missing is looked for at once.
REPLACED = """
    CREATE OR REPLACE FUNCTION make_passage_vectors() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') THEN
            IF NOT EXISTS (SELECT FROM pg_available_extensions
                           WHERE name = 'vector' AND is_enough_for_vectors(default_version)) THEN
                RETURN false;
            END IF;
            BEGIN
                CREATE EXTENSION vector;
            EXCEPTION WHEN OTHERS THEN
                RETURN false;
            END;
        END IF;
        IF to_regclass('passage_vectors') IS NULL AND EXISTS (SELECT FROM pg_extension
                WHERE extname = 'vector' AND is_enough_for_vectors(extversion))
                AND to_regtype('halfvec') IS NOT NULL THEN
            CREATE TABLE passage_vectors (
                model_id integer NOT NULL REFERENCES embedding_models ON DELETE CASCADE,
                tenant text NOT NULL,
                document_id bigint NOT NULL,
                starts_at integer NOT NULL,
                sha256 bytea NOT NULL,
                vector halfvec NOT NULL,
                PRIMARY KEY (document_id, starts_at, model_id),
                FOREIGN KEY (document_id, starts_at) REFERENCES passages ON DELETE CASCADE
            ) WITH (toast_tuple_target = 8160);
            CREATE INDEX passage_vectors_tenant_idx ON passage_vectors (model_id, tenant);
            GRANT SELECT, INSERT, UPDATE, DELETE ON passage_vectors TO dossier_app;
            UPDATE embedding_models SET checked_at = '-infinity';
        END IF;
        RETURN has_vectors();
    END $$"""

USES = View(
    "embedding_uses",
    "One row a tenant, day and model: what embedding documents used. That of questions is in their jobs.",
    """
    SELECT tenant, day, model, passages, tokens, cost_usd AS known_cost_usd, unknown_cost_requests
    FROM embedding_uses""",
    {
        "tenant": "Whose documents they are.",
        "day": "Of UTC.",
        "model": "As DOSSIER_EMBEDDING_MODEL named it.",
        "passages": "That got a vector.",
        "tokens": "As the server counted them.",
        "known_cost_usd": "In US dollars, of the requests whose price is known.",
        "unknown_cost_requests": "Requests whose price is not known.",
    },
)


def upgrade() -> None:
    """Replace the function, and make the view."""
    view = (*USES.statements(), "GRANT SELECT ON report.embedding_uses TO dossier_report")
    for statement in (REPLACED, *view):
        op.get_bind().exec_driver_sql(statement)
