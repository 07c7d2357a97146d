"""Much of everything: a run of 5,000 events, and 10,000 jobs."""

from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.store.writer import Writer
from tests.conftest import execute
from tests.page.played import STORY
from tests.steps import as_worker, running_job

TURN = 10  # events of a turn


def turn(step: int) -> tuple[e.Event, ...]:
    reasoning, tool = STORY[1]
    model, search, read = f"{step}/model", f"{step}/search/1", f"{step}/read/{step}"
    usage = e.Usage(2_000, 200, cost_usd=0.001)
    return (
        e.CallRequested(model, "model", "played-large", "00", f"turn {step}"),
        e.CallCompleted(model, usage, 900, "00", 10),
        e.StepReasoned(step, reasoning, tool),
        e.CallRequested(search, "search", "played", "00", "boiling point"),
        e.CallCompleted(search, e.Usage(searches=1, cost_usd=0.008), 120, "00", 10),
        e.SourceFound(step, f"https://example.com/{step}", f"Page {step}", "An excerpt.", search),
        e.CallRequested(read, "read", "played", "00", f"https://example.com/{step}"),
        e.CallFailed(f"{step}/search/2", "network", "Nobody asked for this.", retryable=False),
        e.CallCompleted(read, e.Usage(pages=1), 80, "00", 10),
        e.PageRead(step, "00", 10_000, read),
    )


async def long_run(writer: Writer, events: int) -> Job:
    """A running job with about as many events, in few appends."""
    job = await running_job(writer, query="A run with very many events")
    for first in range(1, events // TURN, 50):
        steps = range(first, min(first + 50, events // TURN))
        found = tuple(event for step in steps for event in turn(step))
        job = await as_worker(writer, job, c.RecordEvents(job.epoch, found))
    return job


async def more(writer: Writer, job: Job, step: int) -> Job:
    """The job after another turn."""
    return await as_worker(writer, job, c.RecordEvents(job.epoch, turn(step)))


async def many_jobs(url: str, count: int) -> None:
    """Add older rows of `jobs`, a second apart and without events."""
    await execute(
        url,
        f"""
        WITH models AS MATERIALIZED (
            SELECT jobs AS m, row_number() OVER (ORDER BY job_id) - 1 AS nth, count(*) OVER () AS many
            FROM jobs WHERE status IN ('completed', 'failed') LIMIT 10
        )
        INSERT INTO jobs SELECT made.*
        FROM generate_series(1, {count}::bigint) AS n
        JOIN models ON nth = n % many
        CROSS JOIN LATERAL json_populate_record(m, json_build_object(
            'job_id', lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - n * 60000), 12, '0')
                      || '70008000' || lpad(to_hex(n), 12, '0'),
            'created_at', now() - n * interval '1 minute',
            'started_at', now() - n * interval '1 minute' + n % 7 * interval '1 second',
            'completed_at', now() - n * interval '1 minute' + interval '20 seconds')) AS made""",
    )
