"""Quotas: what the jobs of a tenant have reserved and used."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# A reservation is made before its job is written and settled after its end, both under the lock of the
# tenant's row: so no two submits take the same room. One whose job never came is given back in a minute.
STATEMENTS = (
    """
    CREATE TABLE quota_reservations (
        job_id uuid PRIMARY KEY,
        tenant text NOT NULL,
        day date NOT NULL,
        usd double precision NOT NULL,
        made_at timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE INDEX quota_reservations_tenant_idx ON quota_reservations (tenant)",
    """
    CREATE TABLE quota_days (
        tenant text NOT NULL,
        day date NOT NULL,
        jobs integer NOT NULL,
        usd double precision NOT NULL,
        PRIMARY KEY (tenant, day)
    )""",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON quota_reservations, quota_days TO dossier_app",
    # A call without a known price counts as much as was reserved.
    """
    CREATE FUNCTION settle_quota(who text) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        WITH ended AS (
            DELETE FROM quota_reservations r
            WHERE r.tenant = who AND CASE
                WHEN EXISTS (SELECT FROM jobs j WHERE j.job_id = r.job_id)
                THEN EXISTS (SELECT FROM jobs j WHERE j.job_id = r.job_id AND j.completed_at IS NOT NULL)
                ELSE r.made_at < now() - interval '1 minute' END
            RETURNING r.job_id, r.day, r.usd
        )
        INSERT INTO quota_days AS d (tenant, day, jobs, usd)
        SELECT who, e.day, sum(CASE WHEN j.job_id IS NULL THEN -1 ELSE 0 END)::integer,
               sum(CASE WHEN j.job_id IS NULL THEN 0 ELSE coalesce(used.cost_usd,
                       greatest(used.known_cost_usd, e.usd), 0) END)
        FROM ended e LEFT JOIN jobs j USING (job_id)
        LEFT JOIN LATERAL json_to_record(j.usage) AS used(cost_usd float8, known_cost_usd float8) ON true
        GROUP BY e.day
        ON CONFLICT (tenant, day) DO UPDATE
        SET jobs = greatest(d.jobs + excluded.jobs, 0), usd = d.usd + excluded.usd;
    END $$""",
    """
    CREATE FUNCTION reserve_quota(job uuid, who text, key text, wanted double precision) RETURNS text
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE
        quota tenants%ROWTYPE;
        today date := (now() AT TIME ZONE 'UTC')::date;
        since date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    BEGIN
        SELECT * INTO quota FROM tenants t WHERE t.tenant = who FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF key IS NOT NULL AND EXISTS (SELECT FROM jobs j WHERE j.tenant = who AND j.idempotency_key = key)
        THEN RETURN NULL; END IF;
        PERFORM settle_quota(who);
        IF quota.max_unfinished_jobs <= (SELECT count(*) FROM quota_reservations r WHERE r.tenant = who)
        THEN RETURN 'unfinished_jobs'; END IF;
        IF quota.max_jobs_per_day <= coalesce(
            (SELECT d.jobs FROM quota_days d WHERE d.tenant = who AND d.day = today), 0)
        THEN RETURN 'jobs_per_day'; END IF;
        IF quota.max_usd_per_month IS NOT NULL AND wanted IS NULL THEN RETURN 'cost_limit'; END IF;
        IF quota.max_usd_per_month + 1e-9 < wanted
            + coalesce((SELECT sum(d.usd) FROM quota_days d WHERE d.tenant = who AND d.day >= since), 0)
            + coalesce((SELECT sum(r.usd) FROM quota_reservations r
                        WHERE r.tenant = who AND r.day >= since), 0)
        THEN RETURN 'usd_per_month'; END IF;
        INSERT INTO quota_reservations (job_id, tenant, day, usd)
        VALUES (job, who, today, coalesce(wanted, 0));
        INSERT INTO quota_days AS d (tenant, day, jobs, usd) VALUES (who, today, 1, 0)
        ON CONFLICT (tenant, day) DO UPDATE SET jobs = d.jobs + 1;
        RETURN NULL;
    END $$""",
    # Jobs of before the first quota count too: what is unfinished, and this month's days.
    """
    CREATE FUNCTION count_for_quota(who text) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE
        since timestamptz := date_trunc('month', now(), 'UTC');
    BEGIN
        PERFORM FROM tenants t WHERE t.tenant = who FOR UPDATE;
        INSERT INTO quota_reservations (job_id, tenant, day, usd)
        SELECT j.job_id, who, (j.created_at AT TIME ZONE 'UTC')::date,
               coalesce((j.request #>> '{limits,max_cost_usd}')::float8, 0)
        FROM jobs j
        WHERE j.tenant = who AND j.status IN ('pending','running','input_required','cancelling')
        ON CONFLICT DO NOTHING;
        PERFORM settle_quota(who);
        DELETE FROM quota_days d WHERE d.tenant = who AND d.day >= (since AT TIME ZONE 'UTC')::date;
        INSERT INTO quota_days (tenant, day, jobs, usd)
        SELECT who, (j.created_at AT TIME ZONE 'UTC')::date, count(*),
               coalesce(sum(coalesce(used.cost_usd, used.known_cost_usd))
                        FILTER (WHERE j.completed_at IS NOT NULL), 0)
        FROM jobs j LEFT JOIN LATERAL
            json_to_record(j.usage) AS used(cost_usd float8, known_cost_usd float8) ON true
        WHERE j.tenant = who AND j.created_at >= since
          AND j.job_id >= uuid7_floor(since - interval '1 minute')
        GROUP BY 2;
    END $$""",
)


def upgrade() -> None:
    """Make the tables, and the functions that reserve and settle."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
