"""What embedding documents costs counts for the quota of their tenant."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Whichever release embeds.
    """
    CREATE FUNCTION count_embedding_for_quota() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO quota_days AS d (tenant, day, jobs, usd, tokens)
        VALUES (NEW.tenant, NEW.day, 0, NEW.cost_usd - coalesce(OLD.cost_usd, 0),
            NEW.tokens - coalesce(OLD.tokens, 0))
        ON CONFLICT (tenant, day)
            DO UPDATE SET usd = d.usd + excluded.usd, tokens = d.tokens + excluded.tokens;
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER embedding_counted AFTER INSERT OR UPDATE ON embedding_uses
        FOR EACH ROW EXECUTE FUNCTION count_embedding_for_quota()""",
    # As 0042 has it, with what embedding used.
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
        INSERT INTO quota_days AS d (tenant, day, jobs, usd, tokens)
        SELECT who, used.day, sum(used.jobs), sum(used.usd), sum(used.tokens) FROM (
            SELECT (j.created_at AT TIME ZONE 'UTC')::date AS day, 1 AS jobs,
                   CASE WHEN j.completed_at IS NULL THEN 0
                       ELSE coalesce(u.cost_usd, u.known_cost_usd, 0) END AS usd,
                   CASE WHEN j.completed_at IS NULL THEN 0
                       ELSE coalesce(u.input_tokens + u.output_tokens, 0) END AS tokens
            FROM jobs j LEFT JOIN LATERAL json_to_record(j.usage) AS u(cost_usd float8,
                known_cost_usd float8, input_tokens bigint, output_tokens bigint) ON true
            WHERE j.tenant = who AND j.created_at >= since
              AND j.job_id >= uuid7_floor(since - interval '1 minute')
            UNION ALL
            SELECT e.day, 0, e.cost_usd, e.tokens FROM embedding_uses e
            WHERE e.tenant = who AND e.day >= (since AT TIME ZONE 'UTC')::date) AS used
        GROUP BY used.day
        ON CONFLICT (tenant, day) DO UPDATE
            SET jobs = excluded.jobs, usd = excluded.usd, tokens = excluded.tokens;
    END $$""",
    # What running jobs have reserved is theirs. Only where that seems to leave nothing is it worth the lock
    # to look which of them are over.
    """
    CREATE FUNCTION quota_is_spent(who text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        quota tenants%ROWTYPE;
        since date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
        is_spent boolean;
    BEGIN
        SELECT * INTO quota FROM tenants t WHERE t.tenant = who;
        IF num_nonnulls(quota.max_usd_per_month, quota.max_tokens_per_month) = 0 THEN RETURN false; END IF;
        FOR look IN 1..2 LOOP
            SELECT coalesce(sum(used.usd) >= quota.max_usd_per_month, false)
                OR coalesce(sum(used.tokens) >= quota.max_tokens_per_month, false)
            INTO is_spent FROM (
                SELECT d.usd, d.tokens FROM quota_days d WHERE d.tenant = who AND d.day >= since
                UNION ALL
                SELECT r.usd, r.tokens FROM quota_reservations r
                WHERE r.tenant = who AND r.day >= since) AS used;
            EXIT WHEN look = 2 OR NOT is_spent;
            PERFORM FROM tenants t WHERE t.tenant = who FOR UPDATE;
            PERFORM settle_quota(who);
        END LOOP;
        RETURN is_spent;
    END $$""",
    # As 0025 and 0027 have it for the others.
    """
    DO $$ DECLARE name text; BEGIN
        FOREACH name IN ARRAY ARRAY['count_for_quota(text)', 'quota_is_spent(text)',
            'count_embedding_for_quota()'] LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO dossier_app', name);
        END LOOP;
    END $$""",
    """
    COMMENT ON VIEW report.embedding_uses IS
        'One row a tenant, day and model: what embedding documents and searching them outside of jobs used.'
    """,
    """
    COMMENT ON COLUMN report.embedding_uses.model IS
        'As DOSSIER_EMBEDDING_MODEL named it; a reranker''s begins with "rerank".'""",
    "COMMENT ON COLUMN report.embedding_uses.passages IS 'That got a vector; searches count none.'",
)


def upgrade() -> None:
    """Count what embedding uses, and say who has nothing left."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
