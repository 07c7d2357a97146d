"""Threads bring a world's facts, conflicts and long pages into the report."""

from msgspec.structs import replace

from app.domain import events as e
from app.domain.job import fold
from app.store import analyst_session
from benchmarks.depth.rule_model import values_in
from benchmarks.depth.world import score
from tests.steps import assert_chain
from tests.threads.threaded import Threaded, events


async def test_a_deep_job_finds_the_facts_of_its_world_and_names_the_contradictions(house):
    threaded = Threaded(house, names=3)

    job, rows, _ = await threaded.whole()

    said = values_in(job.research.report.content)
    result = score(threaded.world, said)
    assert job.status == "completed"
    assert job.stop_reason == "answered"
    assert result.found == 1.0
    assert result.named == 1.0
    assert result.false == 0
    assert len(events(rows, e.ThreadOpened)) >= 3
    assert len(events(rows, e.ThreadOpened)) == len(events(rows, e.ThreadClosed))
    assert {claim.number for claim in job.research.report.claims} <= {
        source.number for source in job.research.sources if source.sha256
    }
    assert job.research.report.coverage > 0.9
    assert_chain(rows)
    assert_grows([(row.type, row.progress) for row in rows])
    assert written(rows, 9).progress > written(rows, 8).progress == 12  # as rows of older jobs have it


def written(rows, rules):
    """Fold a log of these rules up to its first section."""
    facts = [row.recorded() for row in rows]
    facts[0] = replace(facts[0], event=replace(facts[0].event, agent_rules=rules))
    last = next(at for at, fact in enumerate(facts) if isinstance(fact.event, e.SectionWritten))
    return fold(rows[0].job_id, facts[: last + 1])


def assert_grows(told):
    """Progress rises with the plan, the threads and the sections."""
    seen, last = [progress for _, progress in told], dict(told)
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert 0 < last["plan_drafted"] < last["outline_drafted"] < last["section_written"] < seen[-1] == 100


SHOWN = """
    SELECT thread, question, reason, passages, seconds >= 0 AS ended FROM report.threads WHERE job_id = $1"""


async def test_sql_shows_each_thread_as_the_log_has_it(house, database_url):
    job, rows, _ = await Threaded(house, names=2, long=2_000).whole()

    async with analyst_session.connected(database_url, 60) as analyst:
        found = await analyst.fetch(SHOWN, job.id)

    kept = events(rows, e.EvidenceKept)
    threads = {thread.number: thread for thread in job.research.work.threads}
    assert {row["thread"] for row in found} == threads.keys()
    for row in found:
        thread = threads[row["thread"]]
        passages = sum(len(event.passages) for event in kept if event.thread == thread.number)
        assert (row["question"], row["reason"]) == (thread.question, thread.closed.reason)
        assert (row["passages"], row["ended"]) == (passages, True)
