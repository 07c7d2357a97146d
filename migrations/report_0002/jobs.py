"""Jobs, their attempts, their time, their failures, their budgets."""

from migrations.report_0002 import DAYS, HEAD, HEAD_COLUMNS, View

JOBS = View(
    "jobs",
    "One row a job: its history in figures. From the projection of the log that also is the queue; "
    "run_seconds, stop_reason and forked_from are read from the job's own log, and only where they are "
    "asked for.",
    f"""
    SELECT {HEAD},
           (j.created_at AT TIME ZONE 'UTC')::date AS day,
           j.query,
           coalesce(j.request->>'effort', 'standard') AS effort,
           j.priority,
           j.request->'metadata' AS metadata,
           j.status,
           CASE j.status
               WHEN 'completed' THEN (SELECT e.data->>'stop_reason' FROM events e
                                      WHERE e.job_id = j.job_id AND e.seq = j.seq)
               WHEN 'failed' THEN 'error'
               WHEN 'cancelled' THEN 'cancelled'
           END AS stop_reason,
           j.started_at,
           j.completed_at AS ended_at,
           extract(epoch FROM j.started_at - j.created_at) AS queue_seconds,
           (SELECT sum(extract(epoch FROM s.until - s.at)) FROM (
                SELECT e.status, e.occurred_at AS at,
                       lead(e.occurred_at, 1, now()) OVER (ORDER BY e.seq) AS until
                FROM events e WHERE e.job_id = j.job_id
            ) AS s WHERE s.status IN ('running', 'cancelling')) AS run_seconds,
           extract(epoch FROM j.completed_at - j.created_at) AS total_seconds,
           j.epoch AS attempts,
           j.attempt AS attempts_counted,
           j.max_attempts,
           (j.usage->>'calls')::integer AS calls,
           (j.usage->>'model_calls')::integer AS model_calls,
           (j.usage->>'searches')::integer AS searches,
           (j.usage->>'pages_read')::integer AS pages_read,
           (j.usage->>'input_tokens')::bigint AS input_tokens,
           (j.usage->>'output_tokens')::bigint AS output_tokens,
           (j.usage->>'cost_usd')::numeric AS cost_usd,
           coalesce((j.usage->>'repeated_calls')::integer, 0) AS repeated_calls,
           j.error->>'error_type' AS error_type,
           j.error->>'error_message' AS error_message,
           j.seq AS events,
           (SELECT (e.data->>'origin')::uuid FROM events e
            WHERE e.job_id = j.job_id AND e.type = 'job_forked' LIMIT 1) AS forked_from
    FROM jobs j""",
    HEAD_COLUMNS
    | {
        "day": "The day (UTC) on which the job was submitted.",
        "query": "The question.",
        "effort": "quick, standard or deep.",
        "priority": "-100 to 100; higher is taken earlier.",
        "metadata": "What the caller attached, as JSON; null where nothing was.",
        "status": "pending, running, input_required, cancelling, completed, failed or cancelled.",
        "stop_reason": "Why the research ended: answered, no_evidence, budget_reached, deadline, "
        "max_iterations, model_failed, error or cancelled; null while it goes on. From the log.",
        "started_at": "When a worker first took it; null while none has.",
        "ended_at": "When it was completed, failed or was cancelled; null before.",
        "queue_seconds": "From the submission to the first attempt.",
        "run_seconds": "In the hands of workers, all attempts together, up to now where one has it. "
        "From the log; null where no worker ever had it.",
        "total_seconds": "From the submission to the end, all waiting included; null before the end.",
        "attempts": "How often a worker took it: the number of its rows in report.attempts.",
        "attempts_counted": "Attempts that count towards max_attempts: not those handed back or asking.",
        "max_attempts": "How often it may be tried.",
        "calls": "Paid calls of every kind that have an outcome.",
        "model_calls": "Those to the model.",
        "searches": "Those to a search.",
        "pages_read": "Those that read a page.",
        "input_tokens": "Tokens sent to models.",
        "output_tokens": "Tokens received from models.",
        "cost_usd": "What the calls cost in US dollars; null where the price of one is not known.",
        "repeated_calls": "Calls made again because a worker died while they were in flight.",
        "error_type": "Of the last error while it is not overcome: report.failures has all of them.",
        "error_message": "The same in words.",
        "events": "How many events its log has.",
        "forked_from": "The job whose first part this one repeats without paying for it again; null for "
        "most. From the log.",
    },
)

ATTEMPTS = View(
    "attempts",
    "One row an attempt: a worker took the job and came to some end with it. From the log.",
    f"""
    SELECT {HEAD},
           d.day,
           a.seq,
           a.epoch,
           (a.data->>'attempt')::integer AS attempt,
           a.data->>'worker' AS worker,
           a.at AS started_at,
           a.ended_at,
           extract(epoch FROM a.at - a.ready_at) AS waited_seconds,
           extract(epoch FROM coalesce(a.ended_at, now()) - a.at) AS seconds,
           CASE a.ended_by
               WHEN 'job_completed' THEN 'completed'
               WHEN 'attempt_failed' THEN 'failed'
               WHEN 'job_failed' THEN 'failed'
               WHEN 'lease_expired' THEN 'lost'
               WHEN 'attempt_released' THEN 'released'
               WHEN 'input_requested' THEN 'asked'
               WHEN 'job_cancelled' THEN 'cancelled'
               ELSE 'running'
           END AS outcome,
           CASE a.ended_by WHEN 'lease_expired' THEN 'worker_lost' ELSE a.ending->>'error_type'
           END AS error_type,
           coalesce(a.ending->>'error_message', a.ending->>'cause', a.ending->>'reason') AS reason,
           (a.ending->>'retry_at')::timestamptz AS retry_at,
           CASE a.ended_by
               WHEN 'attempt_failed' THEN true
               WHEN 'job_failed' THEN false
               WHEN 'lease_expired' THEN (a.after_that IN ('job_failed', 'job_cancelled')
                                          AND a.later = a.ended_at) IS NOT TRUE
           END AS tried_again
    FROM jobs j {DAYS}
    CROSS JOIN LATERAL (
        SELECT e.seq, e.type, e.epoch, e.data, e.occurred_at AS at,
               lag(e.occurred_at) OVER w AS ready_at,
               lead(e.type) OVER w AS ended_by,
               lead(e.occurred_at) OVER w AS ended_at,
               lead(e.data) OVER w AS ending,
               lead(e.type, 2) OVER w AS after_that,
               lead(e.occurred_at, 2) OVER w AS later
        FROM events e
        WHERE e.job_id = j.job_id
          AND e.type IN ('job_submitted', 'attempt_started', 'attempt_failed', 'attempt_released',
                         'lease_expired', 'input_requested', 'input_provided', 'job_completed',
                         'job_failed', 'job_cancelled')
        WINDOW w AS (ORDER BY e.seq)
    ) AS a
    WHERE a.type = 'attempt_started' AND (a.at AT TIME ZONE 'UTC')::date = d.day""",
    HEAD_COLUMNS
    | {
        "day": "The day (UTC) on which the attempt began.",
        "seq": "Of the event attempt_started in the job's log.",
        "epoch": "1, 2, 3 …: which attempt of this job it is.",
        "attempt": "The number by which it counts towards max_attempts; one that was handed back is "
        "given out again.",
        "worker": "The worker's name.",
        "started_at": "When the worker took the job.",
        "ended_at": "When it was done with it, or the job was taken away; null while it goes on.",
        "waited_seconds": "How long the job had been waiting for this, a pause before a retry included.",
        "seconds": "How long the attempt took, up to now where it goes on.",
        "outcome": "completed, failed, lost (the worker fell silent or held the job for too long), "
        "released (handed back), asked (a question to the caller), cancelled or running.",
        "error_type": "Of an attempt that failed or was lost.",
        "reason": "Why it failed, in words; why it was handed back (shutdown, provider_unavailable); how it "
        "was lost (silent, deadline).",
        "retry_at": "Not before this it was to be tried again.",
        "tried_again": "Of an attempt that failed or was lost: true where the job went on waiting for "
        "another one, false where it was over with this one.",
    },
)

STATUSES = View(
    "statuses",
    "One row a job and status: how long the job has been in it, all its stays together, up to now where "
    "it still is. The statuses that end a job take no time and have no row. From the log.",
    f"""
    SELECT {HEAD}, s.status, s.seconds, s.times, s.first_at
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT e.status,
               sum(extract(epoch FROM e.until - e.at)) AS seconds,
               count(*) FILTER (WHERE e.entered)::integer AS times,
               min(e.at) AS first_at
        FROM (
            SELECT status, occurred_at AS at,
                   lead(occurred_at, 1, now()) OVER w AS until,
                   status IS DISTINCT FROM lag(status) OVER w AS entered
            FROM events WHERE events.job_id = j.job_id
            WINDOW w AS (ORDER BY seq)
        ) AS e
        WHERE e.status NOT IN ('completed', 'failed', 'cancelled')
        GROUP BY e.status
    ) AS s""",
    HEAD_COLUMNS
    | {
        "status": "pending, running, input_required or cancelling.",
        "seconds": "How long the job has been in this status.",
        "times": "How often it came into this status.",
        "first_at": "When it first did.",
    },
)

FAILURES = View(
    "failures",
    "One row a failure: a call that failed, or an attempt that failed or was lost. A job that failed is "
    "the attempt that was not tried again. From the log.",
    """
    SELECT job_id, tenant, tags, submitted_at, day, ended_at AS failed_at, 'call' AS level,
           step, kind, provider, model, error_type, error_message, tried_again
    FROM report.calls WHERE outcome = 'failed' AND NOT reused
    UNION ALL
    SELECT job_id, tenant, tags, submitted_at, day, ended_at, 'attempt',
           NULL, NULL, NULL, NULL, error_type, reason, tried_again
    FROM report.attempts WHERE outcome IN ('failed', 'lost')""",
    HEAD_COLUMNS
    | {
        "day": "The day (UTC) on which the call or the attempt began.",
        "failed_at": "When it failed.",
        "level": "call or attempt.",
        "step": "The turn of the agent that the call belongs to; null for an attempt.",
        "kind": "model, search or read; null for an attempt.",
        "provider": "Who was called; null for an attempt.",
        "model": "Which model; null where none was called.",
        "error_type": "network, timeout, rate_limit, auth, validation, resource, aborted, worker_lost or "
        "internal.",
        "error_message": "The same in words.",
        "tried_again": "True where the call was made again, or the job went on to wait for another attempt.",
    },
)

BUDGETS = View(
    "budgets",
    "One row a job and limit: what was spent against it. Limits that the caller gave, and those of the "
    "effort where one was reached. Spending from the projection, what was reached from the log.",
    f"""
    SELECT {HEAD}, j.status, b.limit_name,
           CASE WHEN b.given IS NULL THEN 'effort' ELSE 'caller' END AS given_by,
           coalesce(b.given, b.allowed) AS allowed,
           b.used,
           round(b.used / nullif(coalesce(b.given, b.allowed), 0), 4) AS share,
           b.reached_at IS NOT NULL AS reached,
           b.reached_at
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT l.limit_name, l.given::numeric AS given, r.allowed, r.reached_at,
               CASE l.limit_name WHEN 'deadline_seconds' THEN (
                   SELECT extract(epoch FROM coalesce(j.completed_at, now())
                          - coalesce(max(e.occurred_at) FILTER (WHERE e.type = 'input_provided'),
                                     min(e.occurred_at) FILTER (WHERE e.type = 'attempt_started')))
                   FROM events e
                   WHERE e.job_id = j.job_id AND e.type IN ('attempt_started', 'input_provided')
               ) ELSE coalesce(l.spent::numeric, r.used) END AS used
        FROM (VALUES
            ('max_cost_usd', j.request->'limits'->>'max_cost_usd', j.usage->>'cost_usd'),
            ('max_tokens', j.request->'limits'->>'max_tokens',
             ((j.usage->>'input_tokens')::bigint + (j.usage->>'output_tokens')::bigint)::text),
            ('max_searches', j.request->'limits'->>'max_searches', j.usage->>'searches'),
            ('max_calls', j.request->'limits'->>'max_calls', j.usage->>'calls'),
            ('deadline_seconds', j.request->'limits'->>'deadline_seconds', NULL)
        ) AS l (limit_name, given, spent)
        LEFT JOIN (
            SELECT e.data->>'limit' AS limit_name, max((e.data->>'allowed')::numeric) AS allowed,
                   max((e.data->>'used')::numeric) AS used, min(e.occurred_at) AS reached_at
            FROM events e WHERE e.job_id = j.job_id AND e.type = 'budget_reached' GROUP BY 1
        ) AS r USING (limit_name)
        WHERE l.given IS NOT NULL OR r.reached_at IS NOT NULL
        OFFSET 0
    ) AS b""",
    HEAD_COLUMNS
    | {
        "status": "Of the job.",
        "limit_name": "max_cost_usd, max_tokens, max_searches, max_calls or deadline_seconds.",
        "given_by": "caller, or effort: the preset of the job's effort.",
        "allowed": "The limit, in its unit.",
        "used": "What the job has used of it so far, in the same unit. Where the price of a call is not "
        "known: what was used when the limit was reached, else null. For deadline_seconds: the time since "
        "the first attempt began, or since the caller's answer.",
        "share": "used / allowed.",
        "reached": "True where it ended the research (budget_reached): a share is kept for the report, so "
        "this comes before the limit itself.",
        "reached_at": "When that was.",
    },
)

VIEWS = (JOBS, ATTEMPTS, STATUSES, BUDGETS)
