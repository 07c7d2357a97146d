"""Index the words of ended jobs for less.

An ASCII text has no pairs of characters. The results are the same, so the index stays.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# As in 0015.
PAIRED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)

# What has as many bytes as characters is ASCII.
JOB_LEXEMES = f"""
    CREATE OR REPLACE FUNCTION job_lexemes(query text, result json) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        WITH folded AS MATERIALIZED (
            SELECT search_folded(concat_ws(E'\\n', query, left(result ->> 'title', 1000),
                                           left(result ->> 'final_answer', 30000))) AS text
        )
        SELECT CASE WHEN octet_length(text) = length(text)
            THEN strip(to_tsvector('pg_catalog.simple'::regconfig, text))
            ELSE strip(to_tsvector('pg_catalog.simple'::regconfig,
                                   regexp_replace(text, '[{PAIRED}]+', ' ', 'g'))
                       || array_to_tsvector(job_pairs(text)))
            END
        FROM folded)"""


def upgrade() -> None:
    """Replace the function."""
    op.get_bind().exec_driver_sql(JOB_LEXEMES)
