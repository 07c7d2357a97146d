"""Add up what jobs cost, by day, tenant, model or tag."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own
from dossier.cost_types import CostGroup, CostRow

MAX_COST_JOBS = 20_000  # the newest
MAX_COST_ROWS = 500

OF_TENANT, OF_ALL = "tenant = $1::text", "$1::text <> ''"

# The cost of a job counts for the model of its first call, which is among its first events.
ADD_UP = """
    WITH recent AS MATERIALIZED (
        SELECT job_id, tenant, tags, created_at, usage FROM jobs
        WHERE {whose} AND job_id >= $2::uuid ORDER BY job_id DESC LIMIT {most_jobs}
    )
    SELECT {name} AS name, count(*)::integer,
           coalesce(sum(coalesce(known_cost_usd, cost_usd)), 0)::float8,
           coalesce(sum(coalesce(unknown_cost_calls, CASE WHEN cost_usd IS NULL THEN 1 END)), 0)::integer,
           coalesce(sum(input_tokens + output_tokens), 0)::bigint
    FROM recent
    CROSS JOIN LATERAL json_to_record(usage)
        AS used(cost_usd float8, known_cost_usd float8, unknown_cost_calls integer, input_tokens bigint,
                output_tokens bigint)
    {joined}
    GROUP BY 1 ORDER BY {order} LIMIT {most_rows}"""

FIRST_MODEL = """LEFT JOIN LATERAL (
        SELECT data->>'provider' AS model FROM events
        WHERE events.job_id = recent.job_id AND seq <= 10 AND type = 'call_requested'
          AND data->>'kind' = 'model'
        ORDER BY seq LIMIT 1
    ) AS first ON true"""
EACH_TAG = "CROSS JOIN LATERAL unnest(CASE WHEN tags = '{}' THEN ARRAY[''] ELSE tags END) AS tag"

_NAMES: dict[CostGroup, tuple[str, str, str]] = {
    "day": ("((created_at AT TIME ZONE 'UTC')::date)::text", "", "1 DESC"),
    "tenant": ("tenant", "", "3 DESC, 1"),
    "model": ("coalesce(model, '')", FIRST_MODEL, "3 DESC, 1"),
    "tag": ("tag", EACH_TAG, "3 DESC, 1"),
}


async def add_up(engine: Engine, caller: Caller, by: CostGroup, since: date) -> list[CostRow]:
    """Return the costs of jobs since that day, the dearest first.

    An operator gets those of all tenants. At most MAX_COST_JOBS of the newest jobs count.
    """
    name, joined, order = _NAMES[by]
    first = int(datetime.combine(since, time(), UTC).timestamp() * 1000)
    sql = ADD_UP.format(
        whose=OF_ALL if caller.is_operator else OF_TENANT,
        name=name,
        joined=joined,
        order=order,
        most_jobs=MAX_COST_JOBS,
        most_rows=MAX_COST_ROWS,
    )
    oldest = UUID(int=first << 80)
    if caller.is_operator:
        rows = await fetch(engine, sql, caller.tenant, oldest)
    else:
        rows = await fetch_own(engine, caller, sql, oldest)
    return [_row(*row) for row in rows]


def _row(name: str, jobs: int, cost_usd: float, unknown: int, tokens: int) -> CostRow:
    return CostRow(name=name, jobs=jobs, cost_usd=cost_usd, unknown_cost_calls=unknown, tokens=tokens)
