"""Replaying a recorded job yields the same job or names the difference."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace as changed

from app import handle, replay
from app.agent import asks, citations, interpret, limits, prompts, turns, unnumbered
from app.agent.ports import BadReply
from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.domain.caller import ANYBODY
from app.errors import JobNotFound, ProviderError
from app.store.database import fetch
from app.worker.breaker import Times
from dossier.request import Limits, ResearchRequest
from tests.api.problems import assert_problem
from tests.scripted import PLAN, REASONING, REPORT, SCRIPT, ScriptedModel
from tests.steps import completed_job, submitted_job, until, whole_log
from tests.worker.dear_model import ASK, PRICE, SEARCHING, DearModel
from tests.worker.working import over, working


async def run(house, **fields):
    job = await submitted_job(house.writer, **fields)
    async with working(house, lease=timedelta(seconds=15)):
        return await over(house, job.id)


async def replayed(house, job):
    return await replay.replay(house.engine, ANYBODY, job.id)


async def difference(house, job):
    outcome = await replayed(house, job)
    assert not outcome.same
    return outcome.first_difference


# Every kind of run


async def test_a_whole_run_replays_the_same(house):
    job = await run(house)

    outcome = await replayed(house, job)

    log = await whole_log(house.engine, job.id)
    given = {"job_submitted", "attempt_started", "call_completed"}
    assert outcome.same
    assert outcome.first_difference is None
    assert outcome.events_compared == sum(row.type not in given for row in log)


class Refuses(ScriptedModel):
    """Answer turn 2 first with no step, then with a forbidden tool."""

    async def next_step(self, ask, texts, writing=None):
        reply = await super().next_step(ask, texts)
        if ask.step == 2 and not ask.corrections:
            raise BadReply("no step", e.Usage(10, 5, cost_usd=0.001))
        if ask.step == 2 and len(ask.corrections) == 1:
            return changed(reply, step=tools.NextStep(REASONING, ASK))
        return reply


class Fails(ScriptedModel):
    """Never fills the schema of turn 4."""

    async def next_step(self, ask, texts, writing=None):
        if ask.step == 4:
            raise BadReply("not JSON", e.Usage())
        return await super().next_step(ask, texts)


class Stuck(ScriptedModel):
    """Does not come back from turn 3."""

    async def next_step(self, ask, texts, writing=None):
        if ask.step > 3:
            await asyncio.sleep(60)
        return await super().next_step(ask, texts)


RUNS = {
    "refused": (Refuses(), {}),
    "written without the model": (Fails(), {"query": "Does water boil at sea level?"}),
    "cut off by the deadline": (Stuck(), {"limits": Limits(deadline_seconds=2)}),
    "too dear": (DearModel(SEARCHING), {"effort": "deep", "limits": Limits(max_cost_usd=0.11)}),
    "too long": (DearModel(SEARCHING), {"effort": "deep", "limits": Limits(max_tokens=6000)}),
    "too many calls": (DearModel(SEARCHING), {"effort": "deep", "limits": Limits(max_calls=9)}),
    "out of turns": (DearModel(SEARCHING), {"effort": "quick"}),
    "nothing read": (ScriptedModel((PLAN, tools.Answer("Not found.", "failed"))), {}),
    "a page that was named": (
        ScriptedModel((PLAN, tools.ReadPages(("https://example.com/a",)), REPORT)),
        {"query": "What does https://example.com/a say about boiling?"},
    ),
}


@pytest.mark.parametrize("name", RUNS)
async def test_runs_with_limits_failures_and_refusals_replay_the_same(house, name):
    house.model, fields = RUNS[name]
    job = await run(house, **fields)

    outcome = await replayed(house, job)

    assert job.status == "completed"
    assert outcome.first_difference is None
    assert outcome.same
    assert bool(outcome.given) == (name == "cut off by the deadline")


async def test_what_a_model_says_that_is_refused_is_refused_again_and_its_reply_is_kept(house):
    house.model = Refuses()
    job = await run(house)
    failed = [
        row.recorded().event for row in await whole_log(house.engine, job.id) if row.type == "call_failed"
    ]

    assert [bool(event.reply_sha256) for event in failed] == [False, True]
    assert (await replayed(house, job)).same


async def test_a_run_with_retries_a_question_and_a_lost_page_replays_the_same(house):
    house.times = lambda: Times(backoff=(0.01, 0.02))
    house.model = ScriptedModel((ASK, *SCRIPT))
    house.model.errors = [ProviderError("network", "not now", retryable=True)]
    job = await submitted_job(house.writer, clarify=True)

    async def asks():
        return (await handle.load(house.writer, job.id)).status == "input_required"

    async with working(house):
        await until(asks)
        assert (await replayed(house, job)).same  # a run that is not over
        await handle.handle(house.writer, job, c.ProvideInput(("Salt.",)), actor="api")
        job = await over(house, job.id)

    assert (await replayed(house, job)).same


async def test_a_cancelled_run_and_one_that_failed_replay_the_same(house):
    house.model.pause = 30
    cancelled = await submitted_job(house.writer)
    async with working(house):
        await until(lambda: _in_flight(house, cancelled.id))
        await handle.handle(house.writer, cancelled, c.RequestCancel(), actor="api")
        await over(house, cancelled.id)
    house.model.pause, house.model.errors = 0, [ProviderError("auth", "no", retryable=False)]
    failed = await run(house)

    assert (await replayed(house, cancelled)).same
    assert failed.status == "failed"
    assert (await replayed(house, failed)).same


async def _in_flight(house, job_id):
    return any(row.type == "call_requested" for row in await whole_log(house.engine, job_id))


async def test_every_prefix_of_a_run_replays_the_same(house):
    from app.agent.decision_replay import Replay, replies_of

    job = await run(house)
    recorded = [row.recorded() for row in await whole_log(house.engine, job.id)]
    blobs = await replay._kept(house.engine, list(replies_of(recorded)))
    # An append is written as a whole, so a log never ends within one.
    ends = [n for n in range(1, len(recorded)) if recorded[n].at != recorded[n - 1].at]

    assert len(ends) >= 8
    for end in ends:
        assert Replay(job.id, blobs).walk(recorded[:end]) is None, end
    assert Replay(job.id, blobs).walk(recorded[:-1]).today.type == "job_completed"


# Differences


async def test_a_changed_prompt_is_named_with_the_lines_that_differ(house, monkeypatch):
    job = await run(house)
    monkeypatch.setattr(prompts, "SYSTEM_TEXT", prompts.SYSTEM_TEXT.replace("Be brief.", "Be very brief."))

    found = await difference(house, job)

    assert "The prompt of call 1/model is worded differently" in found.what
    assert "message 1 (system)" in found.what
    assert (
        "-- Reason from what you have: what is known, what is missing, which step is next. Be brief."
        in found.diff
    )
    assert "+- Reason from what you have" in found.diff
    assert "very" in found.diff
    assert found.recorded.keys() == found.today.keys() == {"type", "prompt_sha256"}


async def test_a_changed_prompt_of_a_later_turn_is_found_there(house, monkeypatch):
    job = await run(house)
    monkeypatch.setattr(prompts, "_allowed", lambda ask: f"Step {ask.step}. You may: {', '.join(ask.menu)}.")
    first = await difference(house, job)
    monkeypatch.undo()
    prompts._told.cache_clear()
    monkeypatch.setattr(prompts, "_results", lambda turn, *_: f"What turn {turn.step} brought.")
    second = await difference(house, job)
    prompts._told.cache_clear()

    assert "1/model" in first.what
    assert "-Turn 1. Tools allowed now" in first.diff
    assert "2/model" in second.what
    assert "+What turn 1 brought." in second.diff


async def test_a_run_from_before_prompts_were_kept_has_no_difference_in_them(house, monkeypatch):
    from app.agent.decision_replay import Replay, replies_of

    job = await run(house)
    recorded = [row.recorded() for row in await whole_log(house.engine, job.id)]
    old = [
        changed(fact, event=changed(fact.event, prompt_sha256=None))
        if isinstance(fact.event, e.CallRequested)
        else fact
        for fact in recorded
    ]
    blobs = await replay._kept(house.engine, list(replies_of(recorded)))
    monkeypatch.setattr(prompts, "SYSTEM_TEXT", "Other rules. {tools}")

    assert Replay(job.id, blobs).walk(old) is None
    assert Replay(job.id, blobs).walk(recorded) is not None


def test_an_ask_without_a_further_question_is_encoded_as_it_ever_was():
    import msgspec

    from app.agent.ports import Ask

    ask = Ask("why?", "2026-01-01", "quick", 1, ("generate_plan",), "", (), (), ())

    assert msgspec.json.encode(ask) == (
        b'{"query":"why?","today":"2026-01-01","effort":"quick","step":1,"menu":["generate_plan"],"goal":"",'
        b'"plan":[],"turns":[],"sources":[],"corrections":[],"answers":[]}'
    )


def _no_query(url):
    return url.partition("?")[0].replace("/a", "/other")


CHANGES = {
    "urls": ((interpret, "normalise", _no_query), "source_found 1 differs in url."),
    "excerpts": ((interpret, "MAX_KEPT_EXCERPT", 10), "source_found 1 differs in excerpt."),
    "citations": ((citations, "MAX_CITATIONS", 1), "report_written differs in "),
    "the menu": (
        (turns, "menu", lambda _job: ("generate_plan", "web_search")),
        "Call 1/model asks something else.",
    ),
    "searches": (
        (limits, "PRESETS", {**limits.PRESETS, "standard": changed(limits.PRESETS["standard"], searches=1)}),
        "Call 1/model asks something else. What differs in it: left.",
    ),
    "more calls": ((turns, "_reads", lambda *_: []), "call_requested 3/read/1"),
    "the reason": (
        (interpret, "stop_reason", lambda *_: "no_evidence"),
        "job_completed differs in stop_reason.",
    ),
    "a limit": (
        (limits, "reached", lambda _job: e.BudgetReached("max_calls", 1.0, 2.0)),
        "The log has call_requested 2/model, but today's code writes budget_reached max_calls.",
    ),
    "a crash": ((interpret, "learn_calls", lambda *_: 1 / 0), "Today's code fails here: ZeroDivisionError"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_changed_code_shows_as_the_first_event_that_would_be_another(house, monkeypatch, name):
    job = await run(house)
    patch, what = CHANGES[name]
    monkeypatch.setattr(*patch)

    found = await difference(house, job)

    log = await whole_log(house.engine, job.id)
    assert what in found.what
    assert found.recorded["type"] == log[found.seq - 1].type


async def test_a_changed_report_comes_with_its_lines(house, monkeypatch):
    job = await run(house)
    monkeypatch.setattr(citations, "MAX_CITATIONS", 1)
    monkeypatch.setattr(unnumbered, "MAX_BOUND", 0)

    found = await difference(house, job)

    assert "[2]" in found.diff
    assert found.diff.startswith("@@ -1 +1 @@\n-Water boils")
    assert found.today["support"] == 0.5


async def test_what_a_model_would_be_asked_instead_is_named(house, monkeypatch):
    job = await run(house)
    monkeypatch.setattr(asks, "usable", lambda job: job.research.sources[:1])

    found = await difference(house, job)

    assert found.what.startswith("Call 3/model asks something else. What differs in it: sources")
    assert "https://example.com/b" in found.diff


async def test_a_job_that_no_agent_worked_on_is_different_where_the_agent_would_have_begun(house):
    job = await completed_job(house.writer)

    found = await difference(house, job)

    assert found.seq == 3
    assert "today's code writes call_requested 1/model" in found.what


# What is not kept any more


async def test_a_forgotten_page_is_missing_and_no_difference(house, owner):
    job = await run(house)
    [page] = [
        row.recorded().event for row in await whole_log(house.engine, job.id) if row.type == "page_read"
    ][:1]
    await fetch(owner, "DELETE FROM blobs WHERE sha256 = $1::text", page.sha256)

    outcome = await replayed(house, job)

    assert outcome.first_difference is None
    assert not outcome.same
    assert {(missing.key, missing.sha256) for missing in outcome.missing} == {
        ("3/read/1", page.sha256),
        ("page of source 1", page.sha256),
    }


async def test_a_difference_is_found_although_a_reply_is_missing(house, owner, monkeypatch):
    job = await run(house)
    [search] = [
        row.recorded().event
        for row in await whole_log(house.engine, job.id)
        if row.type == "call_completed" and row.recorded().event.key == "2/search/1"
    ]
    await fetch(owner, "DELETE FROM blobs WHERE sha256 = $1::text", search.reply_sha256)
    assert [missing.key for missing in (await replayed(house, job)).missing] == ["2/search/1", "2/search/2"]
    monkeypatch.setattr(citations, "MAX_CITATIONS", 1)

    assert "report_written" in (await difference(house, job)).what


async def test_a_missing_prompt_leaves_the_name_of_the_call(house, owner, monkeypatch):
    job = await run(house)
    await fetch(owner, "DELETE FROM blobs")
    monkeypatch.setattr(prompts, "SYSTEM_TEXT", "Other. {tools}")

    assert "The prompt of call 1/model" in (await difference(house, job)).what


# By HTTP


async def test_a_replay_by_http_asks_nobody_and_writes_nothing(http, house):
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]

    async def done():
        return (await http.get(f"/jobs/{job_id}")).json()["status"] == "completed"

    await until(done)
    asked, view = len(house.model.asks), (await http.get(f"/jobs/{job_id}")).content
    answer = await http.post(f"/jobs/{job_id}/replay")

    assert answer.status_code == 200
    assert answer.json()["same"] is True
    assert answer.json()["events_compared"] > 10
    assert answer.json()["first_difference"] is None
    assert (len(house.model.asks), (await http.get(f"/jobs/{job_id}")).content) == (asked, view)


async def test_nobody_replays_another_tenants_job(api, house):
    other, _ = await handle.submit(house.writer, ResearchRequest("why?"), tenant="other")

    assert_problem(await api.post(f"/jobs/{other.id}/replay"), 404, "job_not_found")
    assert_problem(await api.post("/jobs/x/replay"), 400, "malformed_job_id", "job_id")
    with pytest.raises(JobNotFound):
        await replay.replay(house.engine, ANYBODY, other.id)


async def test_only_so_many_wait_for_a_replay(api, house, monkeypatch):
    from app.api import context, forks

    begun = asyncio.Event()

    async def slow(*_):
        begun.set()
        await asyncio.sleep(0.3)
        raise JobNotFound("x")

    monkeypatch.setattr(context, "MAX_REPLAYS", 1)
    monkeypatch.setattr(forks, "replay", slow)
    job = await submitted_job(house.writer)
    first = asyncio.create_task(api.post(f"/jobs/{job.id}/replay"))
    await begun.wait()
    second = await api.post(f"/jobs/{job.id}/replay")
    assert_problem(second, 429, "busy")
    assert second.headers["retry-after"] == "5"
    assert (await first).status_code == 404


async def test_a_priced_run_has_nothing_to_hide(house):
    house.model = DearModel(SCRIPT)
    job = await run(house)

    assert job.research.bill.cost_usd == 4 * PRICE.cost_usd
    assert (await replayed(house, job)).same
