"""Define revision 0008's additions to the schema `report`.

Frozen.
"""

from collections.abc import Iterator

from migrations.report_0002 import View
from migrations.report_0002.jobs import BUDGETS, JOBS

ROWS = "\n    FROM jobs j"  # how the query of report.jobs ends

OUTCOMES = {
    "outcome": "What came of it: answered, partial, not_found or not_researched; null while it goes on, and "
    "where it was cancelled. From the projection: a job that an older version completed has it after "
    "dossier rebuild, like the three columns that follow.",
    "written_by": "Who wrote the report: model; stand_in, which selected sentences because the model failed; "
    "extractive, where no model is configured. Null without a report.",
    "failed_tries": "Tries of calls that brought nothing. They are no calls, searches or pages read.",
    "known_cost_usd": "The sum of what is known to be paid, in US dollars: the cost is at least this.",
    "unknown_cost_calls": "Calls whose price is not known, and that known_cost_usd leaves out.",
}

JOBS_NOW = View(
    JOBS.name,
    JOBS.about,
    JOBS.sql.removesuffix(ROWS)
    + """,
           CASE j.status WHEN 'failed' THEN 'not_researched' ELSE j.result->>'outcome' END AS outcome,
           j.result->>'written_by' AS written_by,
           coalesce((j.usage->>'failed_tries')::integer, 0) AS failed_tries,
           coalesce((j.usage->>'known_cost_usd')::numeric, (j.usage->>'cost_usd')::numeric, 0)
               AS known_cost_usd,
           coalesce((j.usage->>'unknown_cost_calls')::integer,
                    CASE WHEN j.usage->>'cost_usd' IS NULL THEN 1 ELSE 0 END) AS unknown_cost_calls"""
    + ROWS,
    JOBS.columns | OUTCOMES,
)

# The time since the first attempt began, or since the caller's answer, counts from `began`.
COUNTED = """SELECT extract(epoch FROM coalesce(j.completed_at, now())
                          - coalesce(max(e.occurred_at) FILTER (WHERE e.type = 'input_provided'),
                                     min(e.occurred_at) FILTER (WHERE e.type = 'attempt_started')))
                   FROM events e
                   WHERE e.job_id = j.job_id AND e.type IN ('attempt_started', 'input_provided')"""
# A wait lasts from where the attempt was given back, or the question put, to what follows.
WORKED = """SELECT extract(epoch FROM coalesce(j.completed_at, now()) - max(w.began)
                          - coalesce(sum(w.until - w.at) FILTER (WHERE w.waits AND w.at >= w.began),
                                     interval '0'))
                   FROM (
                       SELECT e.occurred_at AS at,
                              e.type = 'input_requested'
                                  OR e.type = 'attempt_released'
                                     AND e.data->>'reason' = 'provider_unavailable' AS waits,
                              lead(e.occurred_at, 1, coalesce(j.completed_at, now()))
                                  OVER (ORDER BY e.seq) AS until,
                              coalesce(max(e.occurred_at) FILTER (WHERE e.type = 'input_provided') OVER (),
                                       min(e.occurred_at) FILTER (WHERE e.type = 'attempt_started') OVER ())
                                  AS began
                       FROM events e
                       WHERE e.job_id = j.job_id
                         AND e.type IN ('attempt_started', 'attempt_released', 'input_requested',
                                        'input_provided')
                   ) AS w"""

BUDGETS_NOW = View(
    BUDGETS.name,
    BUDGETS.about,
    BUDGETS.sql.replace(COUNTED, WORKED),
    BUDGETS.columns
    | {
        "used": "What the job has used of it so far, in the same unit. Where the price of a call is not "
        "known: what was used when the limit was reached, else null. For deadline_seconds: the time since "
        "the first attempt began, or since the caller's answer, without the waits for a provider or a person."
    },
)

VIEWS = (JOBS_NOW, BUDGETS_NOW)


def replacements(view: View) -> Iterator[str]:
    """Return the statements that replace this view's previous version."""
    made, *comments = view.statements()
    yield made.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    yield from comments
