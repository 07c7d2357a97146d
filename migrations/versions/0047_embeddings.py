"""Models that embed documents, what waits for them, and vectors."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE embedding_models (
        model_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant text,
        name text NOT NULL,
        passage_prefix text NOT NULL DEFAULT '',
        query_prefix text NOT NULL DEFAULT '',
        wanted_dimensions integer NOT NULL DEFAULT 0,
        dimensions integer,
        state text NOT NULL DEFAULT 'making'
            CONSTRAINT state CHECK (state IN ('making', 'serving', 'leaving')),
        made_at timestamptz NOT NULL DEFAULT now(),
        serving_since timestamptz,
        checked_at timestamptz NOT NULL DEFAULT now(),
        error text
    )""",
    """
    CREATE UNIQUE INDEX embedding_models_name_idx
        ON embedding_models (coalesce(tenant, ''), name, passage_prefix, wanted_dimensions)""",
    """
    CREATE TABLE unembedded (
        model_id integer NOT NULL REFERENCES embedding_models ON DELETE CASCADE,
        document_id bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
        tenant text NOT NULL,
        next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        tries integer NOT NULL DEFAULT 0,
        error text,
        PRIMARY KEY (model_id, document_id)
    )""",
    "CREATE INDEX unembedded_document_idx ON unembedded (document_id)",
    "CREATE INDEX unembedded_next_idx ON unembedded (model_id, tenant, next_at, document_id)",
    """
    CREATE TABLE embedding_uses (
        tenant text NOT NULL,
        day date NOT NULL,
        model text NOT NULL,
        passages bigint NOT NULL DEFAULT 0,
        tokens bigint NOT NULL DEFAULT 0,
        cost_usd double precision NOT NULL DEFAULT 0,
        unknown_cost_requests bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant, day, model)
    )""",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON embedding_models, unembedded, embedding_uses TO dossier_app",
    # What is stored or changed has to be embedded, whichever release stores it. A time of now also ends
    # the claim of a worker that has read the text before. A tenant with models of its own has only those.
    """
    CREATE FUNCTION queue_for_embedding() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO unembedded (model_id, document_id, tenant)
        SELECT m.model_id, NEW.document_id, NEW.tenant FROM embedding_models m
        WHERE m.state <> 'leaving' AND (m.tenant = NEW.tenant OR m.tenant IS NULL
            AND NOT EXISTS (SELECT FROM embedding_models o
                WHERE o.tenant = NEW.tenant AND o.state <> 'leaving'))
        ON CONFLICT (model_id, document_id)
            DO UPDATE SET next_at = clock_timestamp(), tries = 0, error = NULL;
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER documents_added AFTER INSERT ON documents
        FOR EACH ROW EXECUTE FUNCTION queue_for_embedding()""",
    """
    CREATE TRIGGER documents_changed AFTER UPDATE ON documents FOR EACH ROW
        WHEN (OLD.sha256 IS DISTINCT FROM NEW.sha256 OR OLD.title IS DISTINCT FROM NEW.title)
        EXECUTE FUNCTION queue_for_embedding()""",
    # Before 0.8.4 an index could be corrupted by vacuum.
    """
    CREATE FUNCTION is_enough_for_vectors(version text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
        SELECT coalesce(string_to_array(substring(version FROM '^[0-9.]*[0-9]'), '.')::integer[]
            >= '{0,8,4}', false)
    $$""",
    """
    CREATE FUNCTION has_vectors() RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT to_regclass('passage_vectors') IS NOT NULL
            AND EXISTS (SELECT FROM pg_extension
                WHERE extname = 'vector' AND is_enough_for_vectors(extversion))
    $$""",
    # `dossier migrate` calls it each time, because the extension may come later. Where it cannot be made, all
    # works without it, and `dossier doctor` says what to do. A row of up to 8 kB stays in one piece: a vector
    # that is stored elsewhere takes many times as long to compare.
    """
    CREATE FUNCTION make_passage_vectors() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
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
        END IF;
        RETURN has_vectors();
    END $$""",
    "REVOKE EXECUTE ON FUNCTION make_passage_vectors() FROM PUBLIC",
)


def upgrade() -> None:
    """Make the tables, and those of vectors where the server has pgvector."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
