"""A question reads only the logs of its jobs among 200,000 events.

The log covers twelve months. What a plan did is asked, not how long it took: which partitions were touched,
by which index, and how many rows of the log were looked at.
"""

import json

import pytest

from app.store import analyst_session
from tests.reporting.bulk import EVENTS_PER_JOB
from tests.reporting.plans import Plan, _nodes
from tests.reporting.questions import QUESTIONS
from tests.reporting.stable import STABLE

pytestmark = pytest.mark.untouched  # a plan depends on how many pages a table has

# Jobs come every 2.15 hours: 11 or 12 of them on this day.
DAY, MONTH = "2026-03-10", "events_2026_03"
JOBS_OF_DAY = 12
SCANS = 4  # how often a view reads one log, at most: report.sources and report.jobs have three parts

BESIDE_THE_LOG = {"marks"}  # of tables that no event is read for
BY_JOB = [
    view for view, columns in STABLE.items() if columns.startswith("job_id") and view not in BESIDE_THE_LOG
]
BY_DAY = [view for view, columns in STABLE.items() if " day " in f" {columns} "]


@pytest.fixture
async def explain(bulky_url):
    async with analyst_session.connected(bulky_url, 60) as analyst:

        async def explain(sql: str) -> Plan:
            [row] = await analyst.fetch(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
            return Plan(json.loads(bytes(row[0]))[0]["Plan"])

        explain.analyst = analyst
        yield explain


@pytest.mark.parametrize("view", BY_JOB)
async def test_one_job_is_read_from_its_own_partition_alone(explain, view):
    job_id = await explain.analyst.fetchval(
        f"""SELECT job_id FROM report.jobs
            WHERE job_id >= report.floor('{DAY}') AND status = 'completed' LIMIT 1"""
    )

    plan = await explain(f"SELECT * FROM report.{view} WHERE job_id = '{job_id}'")

    plan.assert_by_key()
    assert plan.partitions == {MONTH}
    assert 0 < plan.rows <= SCANS * EVENTS_PER_JOB


@pytest.mark.parametrize("view", BY_JOB)
@pytest.mark.parametrize(
    "condition",
    [
        f"job_id >= report.floor('{DAY}') AND job_id < report.floor(date '{DAY}' + interval '1 day')",
        f"submitted_at >= '{DAY}' AND submitted_at < date '{DAY}' + 1",
    ],
    ids=["by id", "by time"],
)
async def test_the_jobs_of_one_day_are_read_from_one_partition(explain, view, condition):
    plan = await explain(f"SELECT * FROM report.{view} WHERE {condition}")

    plan.assert_by_key()
    assert plan.partitions == {MONTH}
    assert 0 < plan.rows <= SCANS * EVENTS_PER_JOB * JOBS_OF_DAY


@pytest.mark.parametrize("view", BY_DAY)
async def test_one_day_is_read_from_the_logs_of_its_jobs(explain, view):
    plan = await explain(f"SELECT * FROM report.{view} WHERE day = '{DAY}'")

    plan.assert_by_key()
    assert plan.partitions == {MONTH}
    assert 0 < plan.rows <= SCANS * EVENTS_PER_JOB * (JOBS_OF_DAY + 1)


async def test_the_ids_of_a_day_are_a_range_of_the_index_of_jobs(explain):
    [row] = await explain.analyst.fetch(
        f"EXPLAIN (FORMAT JSON) SELECT * FROM report.calls WHERE job_id >= report.floor('{DAY}') "
        f"AND job_id < report.floor(date '{DAY}' + interval '1 day')"
    )
    [jobs] = [
        node for node in _nodes(json.loads(bytes(row[0]))[0]["Plan"]) if node.get("Relation Name") == "jobs"
    ]

    assert "job_id" in (jobs.get("Index Cond") or jobs["Recheck Cond"])


@pytest.mark.parametrize("view", BY_JOB)
async def test_one_tag_is_read_from_the_logs_of_its_jobs(explain, view):
    plan = await explain(f"SELECT * FROM report.{view} WHERE tags @> '{{rare}}'")

    plan.assert_by_key()
    assert 0 < plan.rows <= SCANS * EVENTS_PER_JOB * 40  # one job of a hundred


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_no_question_scans_the_log(explain, question):
    plan = await explain(question.sql)

    plan.assert_by_key()
    assert plan.partitions <= {"events_2026_10", "events_2026_11"}


async def test_throughput_is_read_from_the_projection_alone(explain):
    assert (await explain(QUESTIONS[0].sql)).scans == []
