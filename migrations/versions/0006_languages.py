"""Documents in every language: lexemes, or pairs of characters.

Each passage has those of its language.

Documents that are already here are told by their script and by the words that each configuration drops. The
column `words` stays for processes that do not know of `lexemes` yet.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Chinese, Japanese, Thai and the like, and Korean.
PAIRED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)
CONFIGS = {
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "pt": "portuguese",
    "it": "italian",
    "nl": "dutch",
    "ru": "russian",
    "ar": "arabic",
    "hi": "hindi",
}

# Plain CASE expressions: they are inlined, and their results never change.
FUNCTIONS = (
    f"""CREATE FUNCTION search_config(language text) RETURNS regconfig
        LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE language
        {" ".join(f"WHEN '{code}' THEN 'pg_catalog.{name}'::regconfig" for code, name in CONFIGS.items())}
        ELSE 'pg_catalog.english'::regconfig END""",
    # Ligatures and wide forms are folded, words that were hyphenated at the end of a line are joined.
    r"""CREATE FUNCTION search_folded(text text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN regexp_replace(normalize(replace(text, U&'\00AD', ''), NFKC),
            '(\w)-[ \t]*\n[ \t]*(\w)', '\1\2', 'g')""",
    f"""CREATE FUNCTION search_pairs(text text) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN (SELECT coalesce(string_agg(
                    '''' || substr(run.found[1], pair.at, 2) || ''':' || least(run.number + pair.at, 16383),
                ' '), '')::tsvector
            FROM regexp_matches(text, '[{PAIRED}]+', 'g') WITH ORDINALITY AS run (found, number)
            CROSS JOIN generate_series(1, greatest(length(run.found[1]) - 1, 1)) AS pair (at))""",
    # German and Dutch write compounds as one word: each ending of a long word leads to it, behind a mark.
    """CREATE FUNCTION search_parts(language text, lexemes tsvector) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE WHEN language IN ('de', 'nl') THEN array_to_tsvector(ARRAY(
            SELECT DISTINCT '+' || substr(long.lexeme, part.at)
            FROM unnest(tsvector_to_array(lexemes)) AS long (lexeme)
            CROSS JOIN generate_series(1, length(long.lexeme) - 3) AS part (at)
            WHERE length(long.lexeme) BETWEEN 9 AND 60 AND long.lexeme !~ '[^[:alpha:]]'))
        ELSE ''::tsvector END""",
    """CREATE FUNCTION passage_lexemes(language text, title text, text text) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN (SELECT setweight(named || search_pairs(folded.title), 'A')
                    || setweight(said || search_pairs(folded.text), 'D')
                    || search_parts(language, named || said)
            FROM (SELECT search_folded(title) AS title, search_folded(text) AS text) AS folded,
                LATERAL (SELECT to_tsvector(search_config(language), folded.title) AS named,
                                to_tsvector(search_config(language), folded.text) AS said) AS words)""",
)

# The configuration that drops most words of a text is its language.
TELL = r"""
    CREATE FUNCTION pg_temp.tell(sample text) RETURNS text LANGUAGE sql RETURN CASE
        WHEN sample ~ '[\u3040-\u30ff]' THEN 'ja'
        WHEN sample ~ '[\u4e00-\u9fff]{2}' THEN 'zh'
        WHEN sample ~ '[\uac00-\ud7af]{2}' THEN 'ko'
        WHEN sample ~ '[\u0e00-\u0e7f]{3}' THEN 'th'
        WHEN sample ~ '[\u0900-\u0963]{3}' THEN 'hi'
        WHEN sample ~ '[\u0620-\u064a]{3}' THEN 'ar'
        WHEN sample ~ '[\u0400-\u04ff]{3}' THEN 'ru'
        ELSE (SELECT code
            FROM unnest(ARRAY['en', 'de', 'fr', 'es', 'pt', 'it', 'nl'])
                WITH ORDINALITY AS known (code, place)
            ORDER BY (SELECT sum(cardinality(positions))
                      FROM unnest(to_tsvector(search_config(code), sample))) NULLS FIRST, place
            LIMIT 1) END"""

STATEMENTS = (
    *FUNCTIONS,
    TELL,
    "ALTER TABLE documents ADD COLUMN language text NOT NULL DEFAULT ''",
    "ALTER TABLE passages ADD COLUMN language text NOT NULL DEFAULT ''",
    "UPDATE documents SET language = pg_temp.tell(left(text, 4000))",
    """UPDATE passages p SET language = d.language FROM documents d
        WHERE d.document_id = p.document_id AND d.language <> ''""",
    """ALTER TABLE passages ADD COLUMN lexemes tsvector NOT NULL
        GENERATED ALWAYS AS (passage_lexemes(language, title, text)) STORED""",
    "CREATE INDEX passages_lexemes_idx ON passages USING gin (lexemes)",
    "CREATE INDEX documents_language_idx ON documents (language)",
)


def upgrade() -> None:
    """Tell the language of every document, and index its passages by it."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
