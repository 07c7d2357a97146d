"""Compute what past jobs of each effort took.

A query looks at the newest EXAMINED completed jobs of PAST_DAYS days, and at nothing else.
"""

from datetime import timedelta

from app.domain.caller import Caller
from app.store.database import Engine, fetch_own
from app.store.overview_figures import first_of
from dossier.discovery_types import Past, PastFigures
from dossier.request import Effort

PAST_DAYS = 30
EXAMINED = 1000  # jobs
COUNTED = 100_000  # documents

# A model that is NULL is any; "" is the server's own.
TOOK = f"""
    WITH completed AS MATERIALIZED (
        SELECT coalesce(request->>'effort', 'standard') AS effort,
               extract(epoch FROM completed_at - started_at) AS seconds, calls, cost_usd
        FROM (
            SELECT request, started_at, completed_at, usage FROM jobs
            WHERE status = 'completed' AND tenant = $1::text AND job_id >= $2::uuid
            ORDER BY job_id DESC LIMIT {EXAMINED}
        ) AS newest
        CROSS JOIN LATERAL json_to_record(usage) AS used(calls integer, cost_usd float8)
        WHERE started_at IS NOT NULL
          AND ($3::text IS NULL OR coalesce(request->>'model', '') = $3)
    )
    SELECT effort, count(*)::integer,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY calls)::float8[],
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY seconds)::float8[],
           CASE WHEN count(cost_usd) > 0
                THEN percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY cost_usd)::float8[] END
    FROM completed GROUP BY effort"""

COUNT_DOCUMENTS = f"""
    SELECT count(*)::integer FROM (
        SELECT FROM documents WHERE tenant = $1::text LIMIT {COUNTED}
    ) AS counted"""


async def taken(engine: Engine, caller: Caller, model: str | None = None) -> dict[Effort, Past]:
    """Return what jobs of each effort took.

    `model` is the one that they named, "" for none; None means all jobs.
    """
    rows = await fetch_own(engine, caller, TOOK, first_of(timedelta(days=PAST_DAYS)), model)
    return {row[0]: _past(*row[1:]) for row in rows}


async def count_documents(engine: Engine, caller: Caller) -> int:
    """Count the documents, up to COUNTED."""
    return int((await fetch_own(engine, caller, COUNT_DOCUMENTS))[0][0])


def _past(jobs: int, calls: list[float], seconds: list[float], cost: list[float] | None) -> Past:
    return Past(jobs, PastFigures(*calls), PastFigures(*seconds), PastFigures(*cost) if cost else None)
