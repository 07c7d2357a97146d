"""Calls, the steps that they belong to, and what they cost."""

from migrations.report_0002 import DAYS, HEAD, HEAD_COLUMNS, View

# The usage of a call leaves out what is 0; a cost of null means that the price is not known.
COST = """CASE WHEN {0}->'cost_usd' IS NOT NULL THEN round(({0}->>'cost_usd')::numeric, 9)
                       WHEN {0} IS NOT NULL THEN 0 END"""


def _used(usage: str, name: str) -> str:
    return f"coalesce(({usage}->>'{name}')::bigint, 0)"


# The event's text is parsed once, into jsonb, and its fields are taken out within the fence (OFFSET 0): so
# whatever sorts or groups the rows carries a few numbers and not the whole text.
CALLS = View(
    "calls",
    "One row a call that was announced: to the model, a search or a page. A call that is tried again has a "
    "row for each try. From the log.",
    f"""
    SELECT {HEAD},
           d.day, c.seq, c.step, c.key, c.kind, c.provider, c.model, c.about, c.fallback, c.reused,
           c.try_number, c.repeat,
           CASE c.next
               WHEN 'call_completed' THEN 'completed'
               WHEN 'call_failed' THEN 'failed'
               WHEN 'call_requested' THEN 'lost'
               ELSE CASE WHEN c.epoch = j.epoch AND j.status IN ('running', 'cancelling')
                         THEN 'running' ELSE 'lost' END
           END AS outcome,
           c.at AS requested_at,
           c.ended_at, c.latency_ms, c.input_tokens, c.output_tokens, c.searches, c.pages, c.cost_usd,
           c.error_type, c.error_message, c.tried_again
    FROM jobs j {DAYS}
    CROSS JOIN LATERAL (
        SELECT w.seq, w.epoch, w.key, w.at, w.tries AS try_number, w.next,
               substring(w.key FROM '^[0-9]{{1,9}}')::integer AS step,
               w.data->>'kind' AS kind,
               split_part(w.data->>'provider', ':', 1) AS provider,
               substring(w.data->>'provider' FROM ':(.*)$') AS model,
               w.data->>'about' AS about,
               coalesce((w.data->>'fallback')::boolean, false) AS fallback,
               w.reused,
               coalesce((w.data->>'repeat')::integer, 0) AS repeat,
               CASE WHEN w.next <> 'call_requested' THEN w.ended_at END AS ended_at,
               CASE w.next WHEN 'call_completed' THEN (w.ending->>'latency_ms')::integer END AS latency_ms,
               {_used("w.usage", "input_tokens")} AS input_tokens,
               {_used("w.usage", "output_tokens")} AS output_tokens,
               {_used("w.usage", "searches")} AS searches,
               {_used("w.usage", "pages")} AS pages,
               {COST.format("w.usage")} AS cost_usd,
               CASE w.next WHEN 'call_failed' THEN w.ending->>'error_type' END AS error_type,
               CASE w.next WHEN 'call_failed' THEN w.ending->>'error_message' END AS error_message,
               coalesce(w.next = 'call_requested' OR w.after_that = 'call_requested', false) AS tried_again
        FROM (
            SELECT p.seq, p.type, p.epoch, p.at, p.data, p.key,
                   lead(p.type) OVER t AS next,
                   lead(p.at) OVER t AS ended_at,
                   lead(p.data) OVER t AS ending,
                   CASE WHEN p.reused THEN '{{}}' ELSE lead(p.data->'usage') OVER t END AS usage,
                   p.reused,
                   lead(p.type, 2) OVER t AS after_that,
                   (count(*) FILTER (WHERE p.type = 'call_requested') OVER t)::integer AS tries
            FROM (
                SELECT f.seq, f.type, f.epoch, f.at, f.data, f.data->>'key' AS key,
                       coalesce((f.data->>'reused')::boolean, false) AS reused
                FROM (
                    SELECT e.seq, e.type, e.epoch, e.occurred_at AS at, e.data::jsonb AS data
                    FROM events e
                    WHERE e.job_id = j.job_id
                      AND e.type IN ('call_requested', 'call_completed', 'call_failed')
                    OFFSET 0
                ) AS f
                OFFSET 0
            ) AS p
            WINDOW t AS (PARTITION BY p.key ORDER BY p.seq)
        ) AS w
        WHERE w.type = 'call_requested' AND (w.at AT TIME ZONE 'UTC')::date = d.day
        OFFSET 0
    ) AS c""",
    HEAD_COLUMNS
    | {
        "day": "The day (UTC) on which the call was announced.",
        "seq": "Of the event call_requested in the job's log.",
        "step": "The turn of the agent that the call belongs to.",
        "key": "<turn>/<kind>/<n>: the same for every try of one call.",
        "kind": "model, search or read.",
        "provider": "Who was called.",
        "model": "Which model of the provider; null where it has no models.",
        "about": "The query, the url, or which turn or try it is.",
        "fallback": "True for what stands in for the model: free, and in no limit.",
        "reused": "True for a copy of a call that the job made and paid for from which this one was forked: "
        "nothing is counted for it here.",
        "try_number": "1 for the first try of this call, 2 for the next …",
        "repeat": "How often the same call had been in flight when a worker died: it can have been paid "
        "once more for each.",
        "outcome": "completed, failed, running, or lost: its worker died, so nobody knows.",
        "requested_at": "When the call was announced.",
        "ended_at": "When its outcome was recorded; null without one.",
        "latency_ms": "How long a completed call took, in milliseconds, as the worker measured it.",
        "input_tokens": "Tokens sent to the model.",
        "output_tokens": "Tokens received from it.",
        "searches": "Searches that the provider counted.",
        "pages": "Pages that the provider counted.",
        "cost_usd": "What it cost in US dollars; null where the price is not known, or the call is running "
        "or lost.",
        "error_type": "Of a call that failed.",
        "error_message": "The same in words.",
        "tried_again": "True where the same call was announced once more after this.",
    },
)

STEPS = View(
    "steps",
    "One row a step: a turn in which the model filled the schema and chose a tool, with the calls of that "
    "turn. From the log.",
    f"""
    SELECT {HEAD},
           d.day, s.seq, s.step, s.at, s.tool, s.enough_data, s.task_completed, s.current_situation,
           s.plan_status, s.reasoning_steps, s.remaining_steps, s.reused, s.calls, s.failed_calls, s.model_ms,
           s.tool_ms, s.input_tokens, s.output_tokens, s.cost_usd
    FROM jobs j {DAYS}
    CROSS JOIN LATERAL (
        SELECT t.seq, step, t.at,
               t.data->'function'->>'tool' AS tool,
               (t.data->'reasoning'->>'enough_data')::boolean AS enough_data,
               (t.data->'reasoning'->>'task_completed')::boolean AS task_completed,
               t.data->'reasoning'->>'current_situation' AS current_situation,
               t.data->'reasoning'->>'plan_status' AS plan_status,
               ARRAY(SELECT jsonb_array_elements_text(t.data->'reasoning'->'reasoning_steps'))
                   AS reasoning_steps,
               ARRAY(SELECT jsonb_array_elements_text(t.data->'reasoning'->'remaining_steps'))
                   AS remaining_steps,
               coalesce(c.reused, false) AS reused,
               coalesce(c.calls, 0) AS calls,
               coalesce(c.failed_calls, 0) AS failed_calls,
               c.model_ms,
               c.tool_ms,
               coalesce(c.input_tokens, 0) AS input_tokens,
               coalesce(c.output_tokens, 0) AS output_tokens,
               CASE WHEN c.unpriced > 0 THEN NULL ELSE coalesce(c.cost_usd, 0) END AS cost_usd
        FROM (
            SELECT f.seq, f.at, f.data, (f.data->>'step')::integer AS step
            FROM (
                SELECT e.seq, e.occurred_at AS at, e.data::jsonb AS data
                FROM events e WHERE e.job_id = j.job_id AND e.type = 'step_reasoned'
                OFFSET 0
            ) AS f
            WHERE (f.at AT TIME ZONE 'UTC')::date = d.day
        ) AS t
        LEFT JOIN (
            SELECT substring(f.key FROM '^[0-9]{{1,9}}')::integer AS step,
                   bool_or(f.reused) AS reused,
                   (count(*) FILTER (WHERE NOT f.reused))::integer AS calls,
                   (count(*) FILTER (WHERE NOT f.reused AND f.type = 'call_failed'))::integer AS failed_calls,
                   sum(f.latency_ms) FILTER (WHERE split_part(f.key, '/', 2) NOT IN ('search', 'read'))
                       AS model_ms,
                   max(f.latency_ms) FILTER (WHERE split_part(f.key, '/', 2) IN ('search', 'read'))
                       AS tool_ms,
                   sum({_used("f.usage", "input_tokens")})::bigint AS input_tokens,
                   sum({_used("f.usage", "output_tokens")})::bigint AS output_tokens,
                   sum({COST.format("f.usage")}) AS cost_usd,
                   count(*) FILTER (WHERE f.usage->'cost_usd' = 'null') AS unpriced
            FROM (
                SELECT q.type, q.key, q.reused, (q.data->>'latency_ms')::integer AS latency_ms,
                       CASE WHEN NOT q.reused THEN q.data->'usage' END AS usage
                FROM (
                    SELECT p.type, p.data, p.data->>'key' AS key,
                           coalesce(lag((p.data->>'reused')::boolean) OVER (
                               PARTITION BY p.data->>'key' ORDER BY p.seq), false) AS reused
                    FROM (
                        SELECT e.seq, e.type, e.data::jsonb AS data
                        FROM events e
                        WHERE e.job_id = j.job_id
                          AND e.type IN ('call_requested', 'call_completed', 'call_failed')
                        OFFSET 0
                    ) AS p
                ) AS q
                WHERE q.type <> 'call_requested'
                OFFSET 0
            ) AS f
            GROUP BY 1
        ) AS c USING (step)
        OFFSET 0
    ) AS s""",
    HEAD_COLUMNS
    | {
        "day": "The day (UTC) on which the step was reasoned.",
        "seq": "Of the event step_reasoned in the job's log.",
        "step": "1, 2, 3 … within the job.",
        "at": "When the model's choice was recorded.",
        "tool": "clarify, generate_plan, adapt_plan, web_search, read_pages, write_report or answer.",
        "enough_data": "Whether the model thought that it had enough to answer.",
        "task_completed": "Whether it thought that it was done.",
        "current_situation": "What it thought of where it stood.",
        "plan_status": "What it thought of its plan.",
        "reasoning_steps": "How it came to its choice.",
        "remaining_steps": "What it meant to do next.",
        "reused": "True for a copy of a step of the job from which this one was forked; its calls are not "
        "counted.",
        "calls": "Calls of this turn with an outcome: the model's, and those of the tool.",
        "failed_calls": "Those that failed.",
        "model_ms": "Milliseconds that the model's completed calls took, one after the other.",
        "tool_ms": "Milliseconds of the longest search or read of the turn: they run at once. Null where "
        "the tool made none.",
        "input_tokens": "Tokens sent to the model in this turn.",
        "output_tokens": "Tokens received from it.",
        "cost_usd": "What the turn cost in US dollars; null where a price is not known.",
    },
)

DAILY_COST = View(
    "daily_cost",
    "Calls, tokens and cost by day, tenant, kind, provider and model: report.calls added up. For the cost "
    "by tag, take report.jobs or report.calls with unnest(tags). From the log.",
    """
    SELECT day, tenant, kind, provider, model,
           count(*) AS calls,
           count(*) FILTER (WHERE outcome = 'failed') AS failed_calls,
           sum(input_tokens)::bigint AS input_tokens,
           sum(output_tokens)::bigint AS output_tokens,
           sum(searches)::bigint AS searches,
           sum(pages)::bigint AS pages,
           coalesce(sum(cost_usd), 0) AS cost_usd,
           count(*) FILTER (WHERE cost_usd IS NULL AND outcome <> 'running') AS unpriced_calls
    FROM report.calls WHERE NOT reused
    GROUP BY day, tenant, kind, provider, model""",
    {
        "day": "The day (UTC) on which the calls were announced.",
        "tenant": "Whose jobs.",
        "kind": "model, search or read.",
        "provider": "Who was called.",
        "model": "Which model of the provider; null where it has no models.",
        "calls": "Calls announced, every try counted; not those that a fork reused.",
        "failed_calls": "Those that failed.",
        "input_tokens": "Tokens sent.",
        "output_tokens": "Tokens received.",
        "searches": "Searches that the provider counted.",
        "pages": "Pages that the provider counted.",
        "cost_usd": "US dollars; calls whose price is not known are not in it.",
        "unpriced_calls": "Calls that cost_usd leaves out: no price, or lost with their worker.",
    },
)

VIEWS = (CALLS, STEPS, DAILY_COST)
