"""Passages are labelled with the tenant and the collections of their document.

A search for the passages of one tenant with a word listed those of all tenants, and looked up the document of
each. Now the index tells. The column `words`, which nothing reads since 0006, goes.
"""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

LABEL = """
    UPDATE passages p SET lexemes = p.lexemes || passage_labels(d.tenant, d.collections)
    FROM documents d WHERE d.document_id = p.document_id"""

STATEMENTS = (
    "DROP INDEX passages_lexemes_idx",
    "ALTER TABLE passages DROP COLUMN words",  # with its index
    "ALTER TABLE passages ALTER COLUMN lexemes DROP EXPRESSION",
    # A search looks at a thousand rows and at the texts of sixty: the others' are kept apart from the rows.
    "ALTER TABLE passages SET (toast_tuple_target = 128)",
    # No text has a lexeme that begins like this.
    """CREATE FUNCTION passage_labels(tenant text, collections text[]) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN array_to_tsvector(
            array_prepend('@t:' || tenant, ARRAY(SELECT '@c:' || name FROM unnest(collections) AS name)))""",
    LABEL,
    # Whichever release stores a passage, and in the statement that stores its document.
    """CREATE FUNCTION label_passage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.lexemes := passage_lexemes(NEW.language, NEW.title, NEW.text)
            || coalesce((SELECT passage_labels(d.tenant, d.collections) FROM documents d
                         WHERE d.document_id = NEW.document_id), '');
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER passages_labelled BEFORE INSERT OR UPDATE ON passages
        FOR EACH ROW EXECUTE FUNCTION label_passage()""",
    # Each search reads all of what waits to be put in order. At the usual 4 MB, that was two thirds of its
    # time while documents were being added.
    """CREATE INDEX passages_lexemes_idx ON passages USING gin (lexemes)
        WITH (gin_pending_list_limit = 256)""",
)


def upgrade() -> None:
    """Label all passages, and whatever is stored from now on."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
