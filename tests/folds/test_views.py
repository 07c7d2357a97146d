"""The report views say of every log what the server says."""

from app.domain.job import came_of
from app.domain.view import result
from app.store import log as store
from app.store.database import fetch
from tests.folds.logs import every_log, said

JOBS = """
    SELECT job_id, status, attempts_counted AS attempt,
           CASE WHEN status = 'completed' THEN stop_reason END AS stop_reason,
           (SELECT count(*) FROM report.steps s WHERE s.job_id = j.job_id) AS steps_completed,
           (SELECT progress FROM report.events e
            WHERE e.job_id = j.job_id ORDER BY seq DESC LIMIT 1) AS progress,
           calls, model_calls, searches, pages_read, input_tokens, output_tokens, cost_usd::float8,
           repeated_calls, outcome, written_by, failed_tries, known_cost_usd::float8, unknown_cost_calls
    FROM report.jobs j"""

# The bill once more, from the calls in the log and not from the row of `jobs`.
BILLS = """
    SELECT job_id, count(*) FILTER (WHERE called) AS calls,
           count(*) FILTER (WHERE called AND kind = 'model') AS model_calls,
           count(*) FILTER (WHERE called AND kind = 'search') AS searches,
           count(*) FILTER (WHERE called AND kind = 'read') AS pages_read,
           count(*) FILTER (WHERE called AND kind = 'judge') AS judge_calls,
           sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
           CASE WHEN bool_and(cost_usd IS NOT NULL) THEN sum(cost_usd)::float8 END AS cost_usd
    FROM report.calls, LATERAL (SELECT outcome = 'completed'
           OR (kind IN ('model', 'judge') AND error_type = 'validation') AS called) AS answered
    WHERE outcome IN ('completed', 'failed') AND NOT fallback AND NOT reused
    GROUP BY job_id"""


def ending(job):
    """What the server says of a job that is over."""
    done = result(job)
    return {"job_id": job.id, "outcome": came_of(job), "written_by": done.written_by if done else None}


async def test_the_views_say_of_each_log_what_the_server_says(engine, owner):
    logs = {log.rows[0].job_id: log for log in every_log().values()}
    assert await store.submit(engine, [log.change for log in logs.values()]) == logs.keys()

    jobs = {row["job_id"]: dict(row) for row in await fetch(owner, JOBS)}
    bills = {row["job_id"]: dict(row) for row in await fetch(owner, BILLS)}

    assert jobs.keys() == logs.keys()
    for job_id, log in logs.items():
        server = said(log.jobs[-1]) | ending(log.jobs[-1])
        assert jobs[job_id] == {name: server[name] for name in jobs[job_id]}, log.name
        if server["calls"]:
            assert bills[job_id] == {name: server[name] for name in bills[job_id]}, log.name
        else:
            assert job_id not in bills, log.name
