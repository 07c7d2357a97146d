"""Search of past questions and reports, and jobs by cost.

Both indexes are over expressions: a column of its own would write the table anew. Words are kept as they are,
because a job's language is not known; a search looks for the stems that any language makes of its words.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Chinese, Japanese, Thai and the like, and Korean: pairs of characters, as in 0006.
PAIRED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)
STEMS = (
    *("english", "german", "french", "spanish", "portuguese"),
    *("italian", "dutch", "russian", "arabic", "hindi"),
)
DICTIONARIES = ", ".join(f"'pg_catalog.{name}_stem'::regdictionary" for name in STEMS)
COST = "CAST(result -> 'metrics' ->> 'estimated_cost_usd' AS float8)"

STATEMENTS = (
    # Pairs of neighbours, and characters that stand alone. It takes time in proportion to the text, which
    # search_pairs, made for passages, does not.
    f"""CREATE FUNCTION job_pairs(text text) RETURNS text[]
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN (
            SELECT coalesce(array_agg(DISTINCT pair), ARRAY[]::text[])
            FROM (SELECT CASE WHEN after <> ' ' THEN sign || after WHEN before = ' ' THEN sign END AS pair
                  FROM (SELECT sign, lag(sign, 1, ' ') OVER neighbours AS before,
                               lead(sign, 1, ' ') OVER neighbours AS after
                        FROM unnest(string_to_array(regexp_replace(text, '[^{PAIRED}]+', ' ', 'g'), NULL))
                            WITH ORDINALITY AS signs (sign, place)
                        WINDOW neighbours AS (ORDER BY place)) AS run
                  WHERE sign <> ' ') AS pairs
            WHERE pair IS NOT NULL)""",
    # The bounds keep the result far below a tsvector's megabyte, also where every pair is another one.
    f"""CREATE FUNCTION job_lexemes(query text, result json) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN (
            WITH folded AS MATERIALIZED (
                SELECT search_folded(concat_ws(E'\\n', query, left(result ->> 'title', 1000),
                                               left(result ->> 'final_answer', 30000))) AS text
            )
            SELECT strip(to_tsvector('pg_catalog.simple'::regconfig,
                                     regexp_replace(text, '[{PAIRED}]+', ' ', 'g'))
                         || array_to_tsvector(job_pairs(text)))
            FROM folded)""",
    # Every word must occur. One of four letters or more also as the beginning of another, and by each stem
    # that keeps more than half of it.
    f"""CREATE FUNCTION job_search(query text) RETURNS tsquery
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN (
            WITH folded AS MATERIALIZED (
                SELECT search_folded(left(query, 400)) AS text
            ), words AS MATERIALIZED (
                SELECT lexeme FROM folded, unnest(to_tsvector('pg_catalog.simple'::regconfig,
                    regexp_replace(text, '[{PAIRED}]+', ' ', 'g'))) ORDER BY positions LIMIT 24
            ), spelled AS (
                SELECT lexeme AS word, lexeme AS spelling FROM words
                UNION
                SELECT lexeme, (ts_lexize(dictionary, lexeme))[1]
                FROM words, unnest(ARRAY[{DICTIONARIES}]) AS dictionary WHERE length(lexeme) >= 4
            ), quoted AS (
                SELECT word, '''' || replace(replace(spelling, '\\', '\\\\'), '''', '''''') || ''''
                    || CASE WHEN length(spelling) >= 4 THEN ':*' ELSE '' END AS quote
                FROM spelled WHERE spelling = word OR (length(spelling) >= 4
                    AND length(spelling) > length(word) * 0.5)
            ), terms AS (
                SELECT '(' || string_agg(quote, ' | ' ORDER BY quote) || ')' AS term FROM quoted GROUP BY word
                UNION ALL
                SELECT '''' || pair || '''' || CASE length(pair) WHEN 1 THEN ':*' ELSE '' END
                FROM folded, unnest((job_pairs(text))[:24]) AS pair
            )
            SELECT coalesce(string_agg(term, ' & ' ORDER BY term), '')::tsquery FROM terms)""",
    """CREATE INDEX jobs_words_idx ON jobs USING gin (job_lexemes(query, result))
       WHERE completed_at IS NOT NULL""",
    f"""CREATE INDEX jobs_cost_idx ON jobs (tenant, ({COST}), job_id)
        WHERE status = 'completed' AND {COST} IS NOT NULL""",
)


def upgrade() -> None:
    """Make the functions and the indexes."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
