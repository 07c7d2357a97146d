"""A job is researched by threads: facts, conflicts and long pages of a seeded world reach its report."""

from app.domain import events as e
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
