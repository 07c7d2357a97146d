"""Promises 7 and 8 hold, and questions come before spending."""

import asyncio
from datetime import date

import httpx
import pytest
from msgspec import UNSET

from app import handle
from app.agent.limits import PRESETS
from app.agent.ports import BadReply, ModelReply, SearchBounds
from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.domain.view import job_view
from app.errors import ProviderError
from app.text.report_output import markdown
from app.worker import breaker, call_maker
from app.worker.breaker import Breaker
from dossier.request import Sources
from tests.api.problems import assert_problem
from tests.api.sse import read
from tests.replays import assert_all_replay
from tests.scripted import PLAN, REASONING, REPORT, SCRIPT, ScriptedModel
from tests.steps import submitted_job, until, whole_log
from tests.worker.dear_model import ASK, SEARCHING, DearModel
from tests.worker.working import over, types, working


@pytest.mark.parametrize(
    ("limits", "tripped"),
    [
        ({"max_cost_usd": 0.11}, "max_cost_usd"),
        ({"max_tokens": 6000}, "max_tokens"),
        ({"max_calls": 9}, "max_calls"),
    ],
)
async def test_a_limit_that_trips_leaves_a_report_that_says_so_within_the_limit(house, limits, tripped):
    from dossier.request import Limits

    house.model = DearModel(SEARCHING)
    job = await submitted_job(house.writer, effort="deep", limits=Limits(**limits))
    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.stop_reason) == ("completed", "budget_reached")
    assert job.research.tripped.limit == tripped
    bill = job.research.bill
    assert bill.cost_usd <= limits.get("max_cost_usd", 1e9)
    assert bill.tokens <= limits.get("max_tokens", 1e9)
    assert bill.calls <= limits.get("max_calls", 1e9)
    seen = await types(house, job.id)
    assert seen.index("budget_reached") < seen.index("report_written")


async def test_a_budget_too_small_for_any_further_call_still_gives_a_report(house):
    from dossier.request import Limits

    house.model = DearModel(SEARCHING)
    job = await submitted_job(house.writer, limits=Limits(max_cost_usd=0.03))
    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.stop_reason) == ("completed", "budget_reached")
    assert job.research.bill.cost_usd == 0.02


async def test_a_run_always_ends_however_much_the_model_wants_to_search(house):
    house.model = DearModel(SEARCHING)
    job = await submitted_job(house.writer, effort="quick")
    async with working(house):
        job = await over(house, job.id)

    assert job.research.model_turns <= PRESETS["quick"].turns
    assert job.research.stand_in_turns <= PRESETS["quick"].turns
    assert job.research.bill.searches <= PRESETS["quick"].searches
    assert job.stop_reason in {"max_iterations", "no_evidence", "model_failed"}


async def test_the_deadline_cuts_the_call_in_flight_and_a_partial_report_is_there_in_time(house):
    from dossier.request import Limits

    class Stuck(ScriptedModel):
        async def next_step(self, ask, texts, writing=None):
            if ask.step > 3:
                await asyncio.sleep(60)
            return await super().next_step(ask, texts)

    house.model = Stuck()
    limits = Limits(deadline_seconds=2)
    job = await submitted_job(house.writer, query="Does water boil at sea level?", limits=limits)
    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.stop_reason) == ("completed", "deadline")
    assert job.research.tripped.limit == "deadline_seconds"
    assert "sea level" in job.research.report.content
    failed = [row for row in await whole_log(house.engine, job.id) if row.type == "call_failed"]
    assert {row.recorded().event.error_type for row in failed} == {"aborted"}


async def test_the_time_kept_back_is_the_models_to_write_the_report(house):
    from dossier.request import Limits

    class SlowUntilForced(ScriptedModel):
        async def next_step(self, ask, texts, writing=None):
            if ask.step == 4 and "web_search" in ask.menu:
                await asyncio.sleep(60)
            return await super().next_step(ask, texts)

    house.model = SlowUntilForced()
    job = await submitted_job(house.writer, limits=Limits(deadline_seconds=2))
    async with working(house):
        job = await over(house, job.id)

    assert job.stop_reason == "deadline"
    assert job.research.report.title == "Boiling water"
    assert job.research.report.claims


async def test_a_cancel_puts_the_bill_of_the_call_in_flight_before_its_end(house):
    house.model.pause = 30
    job = await submitted_job(house.writer)
    async with working(house):
        await until(lambda: _requested(house, job.id))
        await handle.handle(house.writer, job, c.RequestCancel(), actor="api")
        job = await over(house, job.id)

    assert (await types(house, job.id))[-3:] == ["cancel_requested", "call_failed", "job_cancelled"]
    assert job.research.bill.unpriced_calls == 1  # nobody knows what it cost


async def _requested(house, job_id):
    return "call_requested" in await types(house, job_id)


async def test_a_reply_that_is_no_legal_step_is_told_back_and_paid_for(house):
    wrong = BadReply("plan_status is too long", e.Usage(10, 5, cost_usd=0.001))
    house.model.errors = [wrong]
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert job.stop_reason == "answered"
    assert house.model.asks[1].corrections == ("plan_status is too long",)
    assert house.model.asks[2].corrections == ()
    assert job.research.bill.cost_usd == 0.001


async def test_a_tool_that_is_not_on_the_menu_is_refused_and_told_back(house):
    house.model.script = (tools.WebSearch(("too early",)),)

    class Learns(ScriptedModel):
        async def next_step(self, ask, texts, writing=None):
            self.script = SCRIPT if ask.corrections else (tools.WebSearch(("too early",)),)
            reply = await super().next_step(ask, texts)
            return reply if ask.step == 1 else ModelReply(tools.NextStep(REASONING, SCRIPT[ask.step - 1]))

    house.model = Learns()
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert "not allowed now" in house.model.asks[1].corrections[0]
    assert job.stop_reason == "answered"


async def test_a_model_that_never_fills_the_schema_leaves_a_report_of_what_was_read(house):
    class Breaks(ScriptedModel):
        async def next_step(self, ask, texts, writing=None):
            if ask.step == 4:
                raise BadReply("not JSON", e.Usage())
            return await super().next_step(ask, texts)

    house.model = Breaks()
    job = await submitted_job(house.writer, query="Does water boil at sea level?")
    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.stop_reason) == ("completed", "model_failed")
    assert "without a language model" in job.research.report.content
    assert job.research.report.claims


@pytest.fixture
def impatient(house):
    house.times = lambda: breaker.Times(backoff=(0.01, 0.02), pause=(30.0, 60.0))


@pytest.mark.parametrize("error_type", ["network", "timeout", "rate_limit"])
async def test_an_error_that_passes_is_tried_again_and_each_try_is_on_record(house, impatient, error_type):
    house.model.errors = [ProviderError(error_type, "not now", retryable=True) for _ in range(2)]
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert job.stop_reason == "answered"
    rows = [row.recorded().event for row in await whole_log(house.engine, job.id)]
    first = [event for event in rows if getattr(event, "key", "") == "1/model"]
    assert [event.type for event in first] == [
        "call_requested", "call_failed", "call_requested", "call_failed", "call_requested", "call_completed",
    ]  # fmt: skip
    assert job.attempt == 1


async def test_a_page_that_fails_is_gone_round(house, impatient):
    async def fail(url):
        raise ProviderError("validation", "The page is gone.", retryable=False)

    house.search.read = fail
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.stop_reason) == ("completed", "no_evidence")
    assert job.research.turns[2].failed


async def test_a_refused_key_of_the_search_fails_the_job_at_once_and_says_which(house):
    async def refuse(query, limit, **_):
        raise ProviderError("auth", "Tavily refuses the key in TAVILY_API_KEY.", retryable=False)

    house.search.search = refuse
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.failure.error_type) == ("failed", "auth")
    assert "TAVILY_API_KEY" in job.failure.error_message


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_try_through_after_its_pause(monkeypatch):
    from app.errors import ProviderAway

    now = [100.0]
    monkeypatch.setattr(breaker.time, "monotonic", lambda: now[0])
    gate, outage = Breaker("p"), ProviderError("network", "x", retryable=True)
    for _ in range(breaker.FAILURES_TO_OPEN):
        gate.check()
        gate.failed(outage)

    with pytest.raises(ProviderAway) as away:
        gate.check()
    now[0] += away.value.retry_after + 0.1
    gate.check()
    with pytest.raises(ProviderAway):
        gate.check()  # one try at a time
    gate.succeeded()
    gate.check()


async def test_a_thousand_jobs_do_not_hammer_a_provider_that_is_away_and_wait_without_a_worker(
    house, impatient
):
    asked = 0

    async def fail(ask, texts, writing=None):
        nonlocal asked
        asked += 1
        raise ProviderError("network", "connection reset", retryable=True)

    house.model.next_step = fail
    jobs = [await submitted_job(house.writer) for _ in range(30)]
    async with working(house, concurrency=5):
        await until(lambda: _all_wait(house, jobs))

    assert asked <= breaker.FAILURES_TO_OPEN + 5 * call_maker.CALL_TRIES
    waiting = await handle.load(house.writer, jobs[-1].id)
    assert (waiting.status, waiting.attempt) == ("pending", 0)
    assert waiting.retry_at is not None


async def _all_wait(house, jobs):
    found = [await handle.load(house.writer, job.id) for job in jobs]
    return all(job.status == "pending" and job.retry_at for job in found)


async def test_the_agent_may_ask_first_and_no_worker_is_held_while_it_waits(http, house):
    house.model.script = (ASK, *SCRIPT)
    job_id = (await http.post("/jobs", json={"query": "boil?", "clarify": True})).json()["job_id"]

    async def asks():
        view = (await http.get(f"/jobs/{job_id}")).json()
        return view if view["status"] == "input_required" else None

    view = await until(asks)
    assert view["input_request"]["questions"] == ["Which water?"]
    async with working(house, concurrency=1):  # nothing is claimed: nothing is leased
        assert (await read(http, job_id, stop_after=6))[-1].event == "job_input_required"
    answered = await http.post(f"/jobs/{job_id}/input", json={"answers": ["Salt water."]})

    async def done():
        return (await http.get(f"/jobs/{job_id}")).json()["status"] == "completed"

    assert answered.status_code == 200
    await until(done)
    assert house.model.asks[1].answers == ("Salt water.",)
    assert "clarify" not in house.model.asks[1].menu


async def test_unanswered_the_job_goes_on_with_its_stated_assumptions(house, monkeypatch):
    from app.agent import interpret

    monkeypatch.setattr(interpret, "ANSWER_SECONDS", 0)
    house.model.script = (ASK, *SCRIPT)
    job = await submitted_job(house.writer, clarify=True)
    async with working(house):
        job = await over(house, job.id)

    assert job.stop_reason == "answered"
    assert house.model.asks[1].answers == ("Fresh water.", "At sea level.")


async def test_without_clarify_the_agent_cannot_ask(house):
    job = await submitted_job(house.writer)
    async with working(house):
        await over(house, job.id)

    assert all("clarify" not in ask.menu for ask in house.model.asks)


async def test_an_answer_that_nobody_asked_for_is_a_conflict(http, house):
    house.model.pause = 5
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]
    url = f"/jobs/{job_id}/input"

    assert_problem(await http.post(url, json={"answers": ["x"]}), 409, "no_input_requested")
    assert_problem(await http.post(url, json={"answers": []}), 400, "too_few_items", "answers")
    unknown = {"answers": ["x"], "answer": "x"}
    assert_problem(await http.post(url, json=unknown), 400, "unknown_field", "answer")


async def test_a_waiting_question_can_be_cancelled(http: httpx.AsyncClient, house):
    house.model.script = (ASK,)
    job_id = (await http.post("/jobs", json={"query": "boil?", "clarify": True})).json()["job_id"]

    async def asks():
        return (await http.get(f"/jobs/{job_id}")).json()["status"] == "input_required"

    await until(asks)
    assert (await http.delete(f"/jobs/{job_id}")).json()["status"] == "cancelled"


async def test_blocked_domains_are_neither_found_nor_read(house):
    sources = Sources(blocked_domains=("example.com",))
    job = await submitted_job(house.writer, sources=sources)
    async with working(house):
        job = await over(house, job.id)

    assert job.research.sources == ()
    assert house.search.reads == []


async def test_time_and_place_are_told_to_the_search(house):
    sources = Sources(published_after=date(2026, 1, 31), language="de", region="AT")
    job = await submitted_job(house.writer, sources=sources)
    async with working(house):
        await over(house, job.id)

    assert house.search.told[0]["bounds"] == SearchBounds(date(2026, 1, 31), None, "de", "AT")


async def test_a_page_of_another_time_is_set_aside_where_everybody_sees_it(house):
    house.search.published = {"https://example.com/a": "2019-03-02"}
    job = await submitted_job(house.writer, sources=Sources(published_after=date(2020, 1, 1)))
    async with working(house):
        job = await over(house, job.id)

    why, told = "published 2019-03-02, before 2020-01-01", job_view(job).result
    assert [claim.number for claim in told.claims] == [2]
    assert [(one.set_aside, one.read, one.published) for one in told.sources] == [
        (why, False, "2019-03-02"),
        (UNSET, True, UNSET),
    ]
    assert told.outcome_reason == "2 searches, 2 pages found, 1 read, 1 set aside"
    assert "[1] (2019-03-02)" in markdown(told)
    assert f"set aside: {why}" in house.model.asks[-1].turns[-1].failed[0]
    assert await assert_all_replay(house.engine) == 1


async def test_a_page_that_the_caller_named_may_be_read(house):
    house.model.script = (PLAN, tools.ReadPages(("https://example.com/a",)), REPORT)
    job = await submitted_job(house.writer, query="What does https://example.com/a say about boiling?")
    async with working(house):
        job = await over(house, job.id)

    assert house.search.reads == ["https://example.com/a"]
    assert job.research.sources[0].found_by == "caller"
