"""Rates and percentiles, and the log itself."""

from migrations.report_0002 import DAYS, HEAD, HEAD_COLUMNS, View

THROUGHPUT = View(
    "throughput_hourly",
    "One row an hour and tenant: how many jobs came, were first taken by a worker, and ended. Hours in "
    "which nothing of it happened have no row. From the projection.",
    """
    SELECT date_trunc('hour', m.at, 'UTC') AS hour, m.tenant,
           count(*) FILTER (WHERE m.what = 'submitted') AS submitted,
           count(*) FILTER (WHERE m.what = 'started') AS started,
           count(*) FILTER (WHERE m.what = 'completed') AS completed,
           count(*) FILTER (WHERE m.what = 'failed') AS failed,
           count(*) FILTER (WHERE m.what = 'cancelled') AS cancelled
    FROM (
        SELECT created_at AS at, tenant, 'submitted' AS what FROM jobs
        UNION ALL SELECT started_at, tenant, 'started' FROM jobs WHERE started_at IS NOT NULL
        UNION ALL SELECT completed_at, tenant, status FROM jobs WHERE completed_at IS NOT NULL
    ) AS m
    GROUP BY 1, 2""",
    {
        "hour": "When the hour begins.",
        "tenant": "Whose jobs.",
        "submitted": "Jobs that were submitted.",
        "started": "Jobs that a worker took for the first time.",
        "completed": "Jobs that ended with a report.",
        "failed": "Jobs that ended without one.",
        "cancelled": "Jobs that were stopped.",
    },
)

PERCENTILES = ((50, "median"), (95, "p95"), (99, "p99"))


def _percentiles(column: str, name: str) -> str:
    return ",\n           ".join(
        f"round((percentile_cont({percent / 100}) WITHIN GROUP (ORDER BY {column}))::numeric, 3) "
        f"AS {name.format(word)}"
        for percent, word in PERCENTILES
    )


def _about(name: str, what: str) -> dict[str, str]:
    return {name.format(word): f"{what} {percent} % are at most this." for percent, word in PERCENTILES}


JOB_PERCENTILES = View(
    "job_percentiles",
    "One row a day and tenant: percentiles of how long jobs wait, run and take. Percentiles do not add up: "
    "for a week, take them from report.jobs. run_seconds from the log, the others from the projection.",
    f"""
    SELECT day, tenant, count(*) AS jobs,
           {_percentiles("queue_seconds", "queue_{}")},
           {_percentiles("run_seconds", "run_{}")},
           {_percentiles("total_seconds", "total_{}")}
    FROM report.jobs GROUP BY day, tenant""",
    {
        "day": "The day (UTC) on which the jobs were submitted.",
        "tenant": "Whose jobs.",
        "jobs": "How many were submitted.",
    }
    | _about("queue_{}", "Seconds from the submission to the first attempt:")
    | _about("run_{}", "Seconds in the hands of workers:")
    | _about("total_{}", "Seconds from the submission to the end, of jobs that are over:"),
)

CALL_PERCENTILES = View(
    "call_percentiles",
    "One row a day, tenant, kind, provider and model: percentiles of the latency of completed calls. For "
    "more than a day, take them from report.calls. From the log.",
    f"""
    SELECT day, tenant, kind, provider, model, count(*) AS calls,
           {_percentiles("latency_ms", "{}_ms")}
    FROM report.calls WHERE outcome = 'completed' AND NOT reused
    GROUP BY day, tenant, kind, provider, model""",
    {
        "day": "The day (UTC) on which the calls were announced.",
        "tenant": "Whose jobs.",
        "kind": "model, search or read.",
        "provider": "Who was called.",
        "model": "Which model of the provider; null where it has no models.",
        "calls": "Calls that were completed.",
    }
    | _about("{}_ms", "Milliseconds:"),
)

EVENTS = View(
    "events",
    "The log itself: one row an event. The other views are easier to ask; docs/events.md has every type "
    "and its fields.",
    f"""
    SELECT {HEAD}, d.day, e.seq, e.at, e.type, e.schema_version, e.status, e.progress, e.actor, e.epoch,
           e.data, encode(e.hash, 'hex') AS hash
    FROM jobs j {DAYS}
    CROSS JOIN LATERAL (
        SELECT seq, occurred_at AS at, type, schema_version, status, progress, actor, epoch, data, hash
        FROM events WHERE events.job_id = j.job_id
        OFFSET 0
    ) AS e
    WHERE (e.at AT TIME ZONE 'UTC')::date = d.day""",
    HEAD_COLUMNS
    | {
        "day": "The day (UTC) on which it happened.",
        "seq": "1, 2, 3 … within the job.",
        "at": "When it was written.",
        "type": "What happened.",
        "schema_version": "The version of data for this type.",
        "status": "Of the job, after this event.",
        "progress": "Of the job, 0 to 100, after this event.",
        "actor": "Who wrote it: api, worker:<name> or rescue:<name>.",
        "epoch": "Of the lease that a worker wrote it under; null for everybody else.",
        "data": "The event's own fields, as they were written.",
        "hash": "Of this event and all before it, hexadecimal.",
    },
)

VIEWS = (THROUGHPUT, JOB_PERCENTILES, CALL_PERCENTILES, EVENTS)
