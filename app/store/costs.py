"""Add up what was spent, by day, tenant, model or tag."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

from msgspec.structs import replace

from app.domain.caller import Caller
from app.domain.events import RERANKER
from app.store.database import Engine, fetch, fetch_own
from dossier.cost_types import CostGroup, CostRow

MAX_COST_JOBS = 20_000  # the newest
MAX_COST_ROWS = 500
COST_DIGITS = 9  # of dollars; a token of the cheapest model costs more

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

# Beside jobs: embedding documents, and searches of them outside of jobs. They have no tag.
ADD_UP_EMBEDDING = """
    SELECT {name} AS name, sum(cost_usd)::float8, sum(unknown_cost_requests)::integer, sum(tokens)::bigint
    FROM embedding_uses WHERE {whose} AND day >= $2::date
    GROUP BY 1 ORDER BY {order} LIMIT {most_rows}"""
_USED_MODEL = f"CASE WHEN model ~ '^{RERANKER}(:|$)' THEN model ELSE 'embedding:' || model END"
_EMBEDDING_NAMES: dict[CostGroup, tuple[str, str]] = {
    "day": ("day::text", "1 DESC"),
    "tenant": ("tenant", "2 DESC, 1"),
    "model": (_USED_MODEL, "2 DESC, 1"),
}

_NAMES: dict[CostGroup, tuple[str, str, str]] = {
    "day": ("((created_at AT TIME ZONE 'UTC')::date)::text", "", "1 DESC"),
    "tenant": ("tenant", "", "3 DESC, 1"),
    "model": ("coalesce(model, '')", FIRST_MODEL, "3 DESC, 1"),
    "tag": ("tag", EACH_TAG, "3 DESC, 1"),
}


async def add_up(engine: Engine, caller: Caller, by: CostGroup, since: date) -> list[CostRow]:
    """Return the costs since that day, the dearest or the newest first.

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
    of_documents = await _of_documents(engine, caller, by, since)
    return joined_rows([_row(*row) for row in rows], of_documents, by)[:MAX_COST_ROWS]


async def _of_documents(engine: Engine, caller: Caller, by: CostGroup, since: date) -> list[CostRow]:
    """Return what documents cost beside jobs."""
    if by not in _EMBEDDING_NAMES:
        return []
    name, order = _EMBEDDING_NAMES[by]
    whose = OF_ALL if caller.is_operator else OF_TENANT
    sql = ADD_UP_EMBEDDING.format(whose=whose, name=name, order=order, most_rows=MAX_COST_ROWS)
    return [_document_row(*row) for row in await fetch(engine, sql, caller.tenant, since)]


def joined_rows(jobs: Sequence[CostRow], documents: Sequence[CostRow], by: CostGroup) -> list[CostRow]:
    """Add rows of one name together, in the order of the grouping."""
    rows = {row.name: row for row in jobs}
    for row in documents:
        known = rows.get(row.name)
        rows[row.name] = row if known is None else _sum(known, row)
    if by == "day":
        return sorted(rows.values(), key=lambda row: row.name, reverse=True)
    return sorted(rows.values(), key=lambda row: (-row.cost_usd, row.name))


def _sum(jobs: CostRow, documents: CostRow) -> CostRow:
    return replace(
        jobs,
        cost_usd=round(jobs.cost_usd + documents.cost_usd, COST_DIGITS),
        documents_usd=documents.documents_usd,
        unknown_cost_calls=jobs.unknown_cost_calls + documents.unknown_cost_calls,
        tokens=jobs.tokens + documents.tokens,
    )


def _row(name: str, jobs: int, cost_usd: float, unknown: int, tokens: int) -> CostRow:
    return CostRow(name=name, jobs=jobs, cost_usd=cost_usd, unknown_cost_calls=unknown, tokens=tokens)


def _document_row(name: str, cost_usd: float, unknown: int, tokens: int) -> CostRow:
    known = round(cost_usd, COST_DIGITS)
    return replace(_row(name, 0, known, unknown, tokens), documents_usd=known)
