"""Costs by day, tenant, model and tag for analysts."""

from alembic import op

from migrations.report_0002 import View

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

JOB_COSTS = View(
    "job_costs",
    "One row a day, tenant, model and tag: jobs added up. A job with several tags is in several rows.",
    """
    SELECT (j.created_at AT TIME ZONE 'UTC')::date AS day, j.tenant, coalesce(m.model, '') AS model,
           g.tag, count(*) AS jobs,
           coalesce(sum(coalesce((j.usage->>'known_cost_usd')::numeric, (j.usage->>'cost_usd')::numeric)), 0)
               AS known_cost_usd,
           coalesce(sum(coalesce((j.usage->>'unknown_cost_calls')::integer,
                                 CASE WHEN j.usage->>'cost_usd' IS NULL THEN 1 END)), 0) AS unknown_cost_calls
    FROM jobs j
    CROSS JOIN LATERAL unnest(CASE WHEN j.tags = '{}' THEN ARRAY[''] ELSE j.tags END) AS g(tag)
    LEFT JOIN LATERAL (
        SELECT e.data->>'provider' AS model FROM events e
        WHERE e.job_id = j.job_id AND e.seq <= 10 AND e.type = 'call_requested'
          AND e.data->>'kind' = 'model'
        ORDER BY e.seq LIMIT 1
    ) AS m ON true
    GROUP BY 1, 2, 3, 4""",
    {
        "day": "The day of submission, in UTC.",
        "tenant": "Whose jobs they are.",
        "model": "The model of the first call; an empty text where none was called.",
        "tag": "A tag; an empty text of jobs without one. Sum over one tag at a time.",
        "jobs": "How many jobs.",
        "known_cost_usd": "What is known to be paid, in US dollars: they cost at least this.",
        "unknown_cost_calls": "Calls whose price is not known, and that known_cost_usd leaves out.",
    },
)


def upgrade() -> None:
    """Make the view."""
    for statement in (*JOB_COSTS.statements(), "GRANT SELECT ON report.job_costs TO dossier_report"):
        op.get_bind().exec_driver_sql(statement)
