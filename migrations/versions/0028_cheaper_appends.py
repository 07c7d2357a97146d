"""Append and claim for less.

Rows travel as one array, and functions run without a plan of their own.

The results are the same, so the index of words stays.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# As in 0015.
PAIRED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)

MOVING = """
    status text, retry_at timestamptz, seq integer, head_hash bytea, epoch bigint, attempt smallint,
    progress smallint, current_step text, steps_completed integer, total_steps integer, usage text,
    result text, error text, input_request text, started_at timestamptz, completed_at timestamptz,
    updated_at timestamptz"""

STATEMENTS = (
    # What a process sends. A type does not change: processes of before and after a migration run together.
    f"""CREATE TYPE submitted_job AS (
        job_id uuid, tenant text, idempotency_key text, request_sha256 text, request text, query text,
        tags text, priority smallint, rank bigint, max_attempts smallint, created_at timestamptz,
        forked_from text, {MOVING})""",
    f"CREATE TYPE moved_job AS (job_id uuid, expected integer, fence bigint, {MOVING})",
    """CREATE TYPE written_event AS (
        job_id uuid, seq integer, type text, schema_version smallint, status text, progress smallint,
        data text, actor text, epoch bigint, occurred_at timestamptz, prev_hash bytea, hash bytea)""",
    # Stable, as convert_to is: only then its body becomes a part of the statement that calls it.
    r"""CREATE OR REPLACE FUNCTION event_hash(prev_hash bytea, schema_version integer, actor text,
                                              epoch bigint, line bytea)
        RETURNS bytea LANGUAGE sql STABLE AS $$
            SELECT sha256(prev_hash || convert_to(
                schema_version || ' ' || coalesce(epoch::text, '-') || ' ' || actor || E'\n', 'UTF8') || line)
        $$""",
)

# As in 0020. A function in SQL with a subquery is read, planned and started for each row.
# What has as many bytes as characters is ASCII, which NFKC and the pairs leave as it is. The schema is named,
# because maintenance runs with a search_path of its own.
JOB_LEXEMES = r"""
    CREATE OR REPLACE FUNCTION job_lexemes(query text, result json) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE said text := concat_ws(E'\n', query, left(result ->> 'title', 1000),
                                   left(result ->> 'final_answer', 30000));
    BEGIN
        IF octet_length(said) = length(said) THEN
            RETURN strip(to_tsvector('pg_catalog.simple'::regconfig,
                regexp_replace(said, '(\w)-[ \t]*\n[ \t]*(\w)', '\1\2', 'g')));
        END IF;
        said := {schema}.search_folded(said);
        RETURN strip(to_tsvector('pg_catalog.simple'::regconfig,
                                 regexp_replace(said, '[{paired}]+', ' ', 'g'))
                     || array_to_tsvector({schema}.job_pairs(said)));
    END $$"""


def upgrade() -> None:
    """Make the types, and replace the functions."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    connection.exec_driver_sql(JOB_LEXEMES.replace("{schema}", str(schema)).replace("{paired}", PAIRED))
