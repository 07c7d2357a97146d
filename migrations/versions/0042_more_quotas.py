"""Quotas of tokens a month, bytes of documents, and open streams."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

RESERVE = "reserve_quota(uuid, text, text, double precision, bigint)"

STATEMENTS = (
    """
    ALTER TABLE tenants
        ADD COLUMN max_tokens_per_month bigint,
        ADD COLUMN max_document_bytes bigint,
        ADD COLUMN max_streams integer""",
    "ALTER TABLE quota_reservations ADD COLUMN tokens bigint NOT NULL DEFAULT 0",
    "ALTER TABLE quota_days ADD COLUMN tokens bigint NOT NULL DEFAULT 0",
    # The rest of these is as 0024 has it. A job that is over counts the tokens that it used.
    """
    CREATE OR REPLACE FUNCTION settle_quota(who text) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        WITH ended AS (
            DELETE FROM quota_reservations r
            WHERE r.tenant = who AND CASE
                WHEN EXISTS (SELECT FROM jobs j WHERE j.job_id = r.job_id)
                THEN EXISTS (SELECT FROM jobs j WHERE j.job_id = r.job_id AND j.completed_at IS NOT NULL)
                ELSE r.made_at < now() - interval '1 minute' END
            RETURNING r.job_id, r.day, r.usd
        )
        INSERT INTO quota_days AS d (tenant, day, jobs, usd, tokens)
        SELECT who, e.day, sum(CASE WHEN j.job_id IS NULL THEN -1 ELSE 0 END)::integer,
               sum(CASE WHEN j.job_id IS NULL THEN 0 ELSE coalesce(used.cost_usd,
                       greatest(used.known_cost_usd, e.usd), 0) END),
               coalesce(sum(used.input_tokens + used.output_tokens), 0)
        FROM ended e LEFT JOIN jobs j USING (job_id)
        LEFT JOIN LATERAL json_to_record(j.usage) AS used(
            cost_usd float8, known_cost_usd float8, input_tokens bigint, output_tokens bigint) ON true
        GROUP BY e.day
        ON CONFLICT (tenant, day) DO UPDATE
        SET jobs = greatest(d.jobs + excluded.jobs, 0), usd = d.usd + excluded.usd,
            tokens = d.tokens + excluded.tokens;
    END $$""",
    # Beside the function of four arguments, which the last release calls.
    """
    CREATE FUNCTION reserve_quota(
        job uuid, who text, key text, wanted double precision, wanted_tokens bigint) RETURNS text
    LANGUAGE plpgsql AS $$
    DECLARE
        quota tenants%ROWTYPE;
        since date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
        refusal text;
    BEGIN
        SELECT * INTO quota FROM tenants t WHERE t.tenant = who FOR UPDATE;
        IF quota.max_tokens_per_month IS NOT NULL AND NOT (key IS NOT NULL AND EXISTS (
            SELECT FROM jobs j WHERE j.tenant = who AND j.idempotency_key = key))
        THEN
            IF wanted_tokens IS NULL THEN RETURN 'token_limit'; END IF;
            PERFORM settle_quota(who);
            IF quota.max_tokens_per_month < wanted_tokens
                + coalesce((SELECT sum(d.tokens) FROM quota_days d
                            WHERE d.tenant = who AND d.day >= since), 0)
                + coalesce((SELECT sum(r.tokens) FROM quota_reservations r
                            WHERE r.tenant = who AND r.day >= since), 0)
            THEN RETURN 'tokens_per_month'; END IF;
        END IF;
        refusal := reserve_quota(job, who, key, wanted);
        IF refusal IS NULL AND wanted_tokens IS NOT NULL THEN
            UPDATE quota_reservations r SET tokens = wanted_tokens WHERE r.job_id = job;
        END IF;
        RETURN refusal;
    END $$""",
    """
    CREATE OR REPLACE FUNCTION count_for_quota(who text) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
        since timestamptz := date_trunc('month', now(), 'UTC');
    BEGIN
        PERFORM FROM tenants t WHERE t.tenant = who FOR UPDATE;
        INSERT INTO quota_reservations (job_id, tenant, day, usd, tokens)
        SELECT j.job_id, who, (j.created_at AT TIME ZONE 'UTC')::date,
               coalesce((j.request #>> '{limits,max_cost_usd}')::float8, 0),
               coalesce((j.request #>> '{limits,max_tokens}')::bigint, 0)
        FROM jobs j
        WHERE j.tenant = who AND j.status IN ('pending','running','input_required','cancelling')
        ON CONFLICT DO NOTHING;
        PERFORM settle_quota(who);
        DELETE FROM quota_days d WHERE d.tenant = who AND d.day >= (since AT TIME ZONE 'UTC')::date;
        INSERT INTO quota_days (tenant, day, jobs, usd, tokens)
        SELECT who, (j.created_at AT TIME ZONE 'UTC')::date, count(*),
               coalesce(sum(coalesce(used.cost_usd, used.known_cost_usd))
                        FILTER (WHERE j.completed_at IS NOT NULL), 0),
               coalesce(sum(used.input_tokens + used.output_tokens)
                        FILTER (WHERE j.completed_at IS NOT NULL), 0)
        FROM jobs j LEFT JOIN LATERAL json_to_record(j.usage) AS used(
            cost_usd float8, known_cost_usd float8, input_tokens bigint, output_tokens bigint) ON true
        WHERE j.tenant = who AND j.created_at >= since
          AND j.job_id >= uuid7_floor(since - interval '1 minute')
        GROUP BY 2;
    END $$""",
    # As 0025 and 0027 have it for the others.
    """
    DO $$ DECLARE name text; BEGIN
        FOREACH name IN ARRAY ARRAY['settle_quota(text)', 'count_for_quota(text)',
            'reserve_quota(uuid, text, text, double precision, bigint)'] LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        END LOOP;
    END $$""",
    f"REVOKE ALL ON FUNCTION {RESERVE} FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION {RESERVE} TO dossier_app",
)


def upgrade() -> None:
    """Add the columns, and let the functions count tokens."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
