"""Ten defects of a well-known research agent are not ours.

The agent is sgr-deep-research, and each defect has a test.
"""

import asyncio

from app.agent.limits import PRESETS
from app.agent.ports import Hit, SearchReply
from app.domain import commands as c
from app.domain import tools
from app.domain.job import LEASED, Job
from app.errors import ProviderError
from dossier.job_types import OVER
from tests.api.sse import read
from tests.scripted import PLAN, REPORT, SCRIPT, ScriptedModel
from tests.steps import claimed_job, submitted_job, until, whole_log
from tests.worker.working import over, types, working


async def test_1_a_source_keeps_its_number_and_no_two_sources_share_one(house):
    results = {"abc": "ABC", "bd": "BD", "ef": "EF"}

    async def search(query, limit, **_):
        return SearchReply(
            tuple(Hit(f"https://example.com/{name}", name, "x", 0.5) for name in results[query])
        )

    house.search.search = search
    house.model.script = (PLAN, *(tools.WebSearch((query,)) for query in results), REPORT)
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert [(source.number, source.url[-1]) for source in job.research.sources] == list(
        enumerate("ABCDEF", 1)
    )
    found = [
        row.recorded().event for row in await whole_log(house.engine, job.id) if row.type == "source_found"
    ]
    assert len(found) == 6  # once each, for good


async def test_2_the_report_is_the_result(http):
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]

    async def done():
        return (await http.get(f"/jobs/{job_id}")).json().get("result")

    result = await until(done)
    assert result["final_answer"] in (await http.get(f"/jobs/{job_id}/report")).text


async def test_3_at_the_last_turn_only_the_report_is_left_and_the_run_ends(house):
    house.model.script = (PLAN, *(tools.WebSearch((f"q{n}",)) for n in range(50)))
    job = await submitted_job(house.writer, effort="quick")
    async with working(house):
        job = await over(house, job.id)

    assert job.is_over
    assert len(house.model.asks) <= PRESETS["quick"].turns + 2


async def test_4_a_run_is_not_in_the_memory_of_one_process_and_readers_do_not_steal_from_each_other(
    http, house
):
    house.model.pause = 0.05
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]

    first, second = await asyncio.gather(read(http, job_id), read(http, job_id))

    assert first == second
    assert (await handle_nothing(house, job_id)).status == "completed"


async def handle_nothing(house, job_id) -> Job:
    """Fold the job from the log alone, as a newcomer sees it."""
    from uuid import UUID

    from app.store import log

    return await log.catch_up(house.engine, Job(UUID(job_id)))


async def test_5_a_reader_who_leaves_does_not_cancel_and_a_cancel_does(http, house):
    house.model.pause = 0.2
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]
    await read(http, job_id, stop_after=2)

    assert (await http.get(f"/jobs/{job_id}")).json()["status"] in {"pending", "running"}
    assert (await http.delete(f"/jobs/{job_id}")).json()["status"] == "cancelled"


async def test_6_asked_and_finished_are_told_apart_and_a_question_does_not_wait_for_ever(http, house):
    house.model.script = (tools.Clarify(("Which?",), ("it",), ("This.", "That.")), *SCRIPT)
    job_id = (await http.post("/jobs", json={"query": "boil?", "clarify": True})).json()["job_id"]

    async def asked():
        return (await http.get(f"/jobs/{job_id}")).json().get("input_request")

    assert (await until(asked))["expires_at"]
    await http.post(f"/jobs/{job_id}/input", json={"answers": ["This."]})
    names = [frame.event for frame in await read(http, job_id)]
    assert (names.count("job_input_required"), names[-1]) == (1, "job_complete")


def test_7_the_final_states_are_a_set_of_states():
    assert {"completed", "failed", "cancelled"} == OVER
    assert not OVER & LEASED


async def test_8_an_error_is_an_event_with_a_type_and_reaches_the_caller(house):
    house.model.errors = [ProviderError("auth", "The key was refused.", retryable=False)]
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert (job.failure.error_type, job.failure.is_retryable) == ("auth", False)
    assert {"call_failed", "job_failed"} <= set(await types(house, job.id))


async def test_9_a_citation_is_checked_and_sources_that_are_not_cited_are_not_listed(http, house):
    liar = tools.WriteReport(
        "T",
        "Water boils at 100 degrees Celsius at sea level [1]. "
        "At sea level water boils at 100 degrees Celsius [1]. "
        "It freezes at 0 degrees [1]. Water freezes at 0 degrees [1]. Tea is blue [9].",
        "high",
    )
    house.model.script = (*SCRIPT[:3], liar)
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]

    async def done():
        return (await http.get(f"/jobs/{job_id}")).json().get("result")

    result = await until(done)
    assert "[9]" not in result["final_answer"]
    assert any("[9]" in removed for removed in result["removed"])
    report = (await http.get(f"/jobs/{job_id}/report")).text
    assert "example.com/a" in report
    assert "example.com/b" not in report


async def test_10_reading_is_limited_and_only_what_was_found_is_read(house):
    async def search(query, limit, **_):
        return SearchReply(tuple(Hit(f"https://example.com/a?{query}{n}", "a", "x", 0.5) for n in range(5)))

    async def read_page(url):
        house.search.reads.append(url)
        from app.agent.ports import PageReply

        return PageReply("Water boils.")

    house.search.search, house.search.read = search, read_page

    class Greedy(ScriptedModel):
        async def next_step(self, ask, texts, writing=None):
            unread = [source.url for source in ask.sources if source.sha256 is None][:4]
            wanted = (*unread, "https://attacker.example/")
            self.script = (PLAN, tools.WebSearch(("q",)), *[tools.ReadPages(wanted)] * 2, REPORT)
            return await super().next_step(ask, texts)

    house.model = Greedy()
    job = await submitted_job(house.writer, effort="quick")
    async with working(house):
        await over(house, job.id)

    assert len(house.search.reads) <= PRESETS["quick"].reads
    assert all(url.startswith("https://example.com/a") for url in house.search.reads)


async def test_the_queries_of_one_turn_run_at_the_same_time(house):
    together, most = 0, 0
    real = house.search.search

    async def search(query, limit, **rest):
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.05)
        together -= 1
        return await real(query, limit, **rest)

    house.search.search = search
    job = await submitted_job(house.writer)
    async with working(house):
        await over(house, job.id)

    assert most == 2


async def test_a_beat_that_meets_the_last_write_of_a_job_calls_no_loss(house):
    await submitted_job(house.writer)
    job = await claimed_job(house.writer)
    from app.worker.attempt import Attempt
    from app.worker.worker import Pace, Worker

    worker = Worker(house.writer, house.wake, house.url, house.researching(), Pace())
    attempt = Attempt(house.writer, job, "w")
    attempt.has_begun = True
    never = asyncio.create_task(asyncio.sleep(30))
    worker._attempts[job.id] = (attempt, never)

    await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))
    worker._lose({job.id: job.epoch})
    await asyncio.sleep(0)
    assert not never.cancelling()

    attempt.ending = False
    worker._lose({job.id: job.epoch})
    assert never.cancelling()
    await asyncio.gather(never, return_exceptions=True)
