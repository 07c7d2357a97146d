"""Limits, deadlines, cancels and failures of a job with threads."""

import asyncio

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from app import handle
from app.agent import lagging
from app.agent.ports import BadReply
from app.domain import commands as c
from app.domain import events as e
from app.domain.events import Usage
from app.errors import ProviderError
from benchmarks.depth.rule_model import DOLLARS, RuleModel, values_in
from benchmarks.depth.world import score
from dossier.request import Limits
from tests.steps import until, whole_log
from tests.threads.threaded import Threaded, events
from tests.worker.working import over, working


async def test_a_job_without_the_setting_is_researched_by_one_thread(house):
    threaded = Threaded(house, names=1, long=2_000)
    job, _ = await handle.submit(house.writer, threaded.request(), tenant="default")

    done = await threaded.run()

    assert job.loop is None
    assert done.status == "completed"
    assert not done.research.work.threads


@pytest.mark.parametrize(
    "fields", [{"effort": "quick"}, {"output_schema": {"type": "object", "properties": {}}}]
)
async def test_a_quick_job_and_one_with_an_output_keep_to_one_thread(house, fields):
    job = await Threaded(house, names=1).submitted(**fields)

    assert job.loop is None


async def test_threads_work_at_the_same_time_and_no_more_than_allowed(house):
    threaded = Threaded(house, names=3, long=2_000, model=RuleModel(pause=0.05))

    _, rows, _ = await threaded.whole(effort="standard")

    open_, most = set(), 0
    for row in rows:
        event = row.recorded().event
        if isinstance(event, e.CallRequested) and event.key.startswith("1/model/t"):
            open_.add(event.key)
        elif isinstance(event, e.CallCompleted):
            open_.discard(event.key)
        most = max(most, len(open_))
    assert 2 <= most <= 3
    assert threaded.model.most_flying >= 2


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("limit", ["max_tokens", "max_cost_usd"])
async def test_a_budget_is_never_overspent_by_more_than_the_calls_in_flight(house, limit, share):
    free = Threaded(house, names=2, long=2_000)
    whole, _, _ = await free.whole()
    bill = whole.research.bill
    allowed = {
        "max_tokens": round(bill.tokens * share),
        "max_cost_usd": round(bill.cost_usd * share, 6),
    }[limit]

    job, rows, _ = await Threaded(house, names=2, long=2_000, model=RuleModel(pause=0.01)).whole(
        limits=Limits(**{limit: allowed})
    )

    used = job.research.bill.tokens if limit == "max_tokens" else job.research.bill.cost_usd
    dearest = job.research.bill.longest_call * (1 if limit == "max_tokens" else DOLLARS)
    assert job.status == "completed"
    assert used <= allowed + dearest
    assert events(rows, e.BudgetReached)
    assert job.stop_reason == "budget_reached"
    assert job.research.report.claims
    result = score(free.world, values_in(job.research.report.content))
    assert result.false == 0


async def test_max_calls_holds_over_all_threads(house):
    job, _, _ = await Threaded(house, names=2, long=2_000).whole(limits=Limits(max_calls=20))

    assert job.research.bill.calls <= 20
    assert job.research.report.claims


class Slow(RuleModel):
    """Hangs in one task."""

    def __init__(self, task, about=""):
        super().__init__()
        self.task, self.about = task, about

    async def fulfil(self, brief, texts, writing=None):
        if brief.task == self.task and self.about in brief.about:
            await asyncio.sleep(600)
        return await super().fulfil(brief, texts, writing)


@pytest.mark.parametrize("task", ["thread", "extract", "outline", "section", "critique"])
async def test_the_deadline_cuts_all_calls_and_a_report_follows(house, task):
    threaded = Threaded(house, names=2, long=2_000, model=Slow(task))

    job, _, _ = await threaded.whole(limits=Limits(deadline_seconds=4))

    assert job.status == "completed"
    assert job.stop_reason == "deadline"
    assert job.research.report.claims or task == "thread"
    assert all(call.settled for call in job.research.calls)


@pytest.mark.parametrize(("task", "about"), [("thread", "thread 1:"), ("extract", "for thread 1")])
async def test_a_slow_thread_does_not_hold_up_the_others(house, monkeypatch, task, about):
    monkeypatch.setattr(lagging, "LAG", 0.0005)  # of 1800 seconds
    threaded = Threaded(house, names=3, long=2_000, model=Slow(task, about))

    job, rows, _ = await threaded.whole()

    closed = events(rows, e.ThreadClosed)
    kept = [event.taken_by for event in events(rows, e.EvidenceKept) if event.thread == 1]
    assert [(event.thread, event.reason) for event in closed[2:3]] == [(1, "spent")]
    assert {(event.thread, event.reason) for event in closed[:2]} == {(2, "answered"), (3, "answered")}
    assert set(kept) == ({"words"} if task == "extract" else set())
    assert job.stop_reason == "answered"
    assert not events(rows, e.BudgetReached)
    assert len(values_in(job.research.report.content)) >= 8


async def test_a_section_that_hangs_is_quoted_from_its_passages(house, monkeypatch):
    monkeypatch.setattr(lagging, "LAG", 0.0005)
    threaded = Threaded(house, names=3, long=2_000, model=Slow("section", "section 2:"))

    job, rows, _ = await threaded.whole()

    cut = [event.key for event in events(rows, e.CallFailed) if event.error_type == "aborted"]
    assert cut == ["1/section/2", "1/section/2/2"]
    assert job.stop_reason == "answered"
    assert score(threaded.world, values_in(job.research.report.content)).found == 1.0


async def test_a_job_of_older_rules_waits_for_its_slow_thread_until_the_deadline(house, monkeypatch):
    monkeypatch.setattr(lagging, "LAG", 0.0005)
    monkeypatch.setattr(e, "AGENT_RULES", 5)
    threaded = Threaded(house, names=2, long=2_000, model=Slow("thread", "thread 1:"))

    job, rows, _ = await threaded.whole(limits=Limits(deadline_seconds=4))

    assert job.agent_rules == 5
    assert job.stop_reason == "deadline"
    assert not [event for event in events(rows, e.ThreadStepped) if event.finding is not UNSET]


async def has_logged(house, job, text):
    return any(text in row.data for row in await whole_log(house.engine, job.id))


async def test_a_cancel_stops_all_threads(house):
    threaded = Threaded(house, names=3, long=2_000, model=Slow("extract"))
    house.tools = threaded.tools
    job = await threaded.submitted()
    async with working(house):
        await until(lambda: has_logged(house, job, "1/extract/"))
        job = await handle.load(house.writer, job.id)
        await handle.handle(house.writer, job, c.RequestCancel(), actor="api", epoch=None)
        job = await over(house, job.id)

    rows = await whole_log(house.engine, job.id)
    asked = next(row.seq for row in rows if row.type == "cancel_requested")
    assert job.status == "cancelled"
    assert not [row for row in rows if row.seq > asked and row.type == "call_requested"]


async def test_finish_ends_all_threads_and_writes_from_what_there_is(house):
    threaded = Threaded(house, names=3, long=2_000, model=Slow("thread", "thread 1:"))
    house.tools = threaded.tools
    job = await threaded.submitted()
    async with working(house):
        await until(lambda: has_logged(house, job, "finding"))
        job = await handle.load(house.writer, job.id)
        await handle.handle(house.writer, job, c.RequestFinish(), actor="api", epoch=None)
        job = await over(house, job.id)

    assert job.stop_reason == "finish_requested"
    assert job.research.report.claims


class Broken(RuleModel):
    """Fails in some tasks."""

    def __init__(self, tasks, error):
        super().__init__()
        self.failing, self.error = tasks, error

    async def fulfil(self, brief, texts, writing=None):
        if brief.task in self.failing:
            raise self.error
        return await super().fulfil(brief, texts, writing)


ALL = ("thread", "extract", "outline", "section", "critique")


def least_effort(tasks):
    """The smallest effort that has a model do these tasks."""
    return "deep" if "critique" in tasks else "standard"


REFUSED = BadReply("You refused.", Usage(10, 1, cost_usd=0.0))
GONE = ProviderError("resource", "The context is too long.", retryable=False)


@pytest.mark.parametrize("error", [REFUSED, GONE], ids=["refused", "too_long"])
@pytest.mark.parametrize("tasks", [*((task,) for task in ALL), ALL], ids="+".join)
async def test_a_model_that_fails_in_its_pieces_still_leads_to_a_true_report(house, tasks, error):
    threaded = Threaded(house, names=1, long=2_000, model=Broken(tasks, error))

    job, rows, _ = await threaded.whole(effort=least_effort(tasks))

    assert job.status == "completed"
    assert job.research.report.claims
    assert score(threaded.world, values_in(job.research.report.content)).false == 0
    assert len(events(rows, e.ThreadOpened)) == len(events(rows, e.ThreadClosed))


class Says(RuleModel):
    """Says something else in one task."""

    def __init__(self, task, text):
        super().__init__()
        self.task, self.text = task, text

    async def fulfil(self, brief, texts, writing=None):
        reply = await super().fulfil(brief, texts, writing)
        return replace(reply, text=self.text) if brief.task == self.task else reply


async def test_a_passage_that_is_not_in_the_page_is_dropped_and_said_so(house):
    invented = '{"passages": [{"quote": "The bridge was never built at all.", "note": "x"}]}'
    job, rows, _ = await Threaded(house, names=1, model=Says("extract", invented)).whole()

    kept = [event for event in events(rows, e.EvidenceKept) if event.taken_by == "model"]
    assert kept
    assert all(not event.passages and event.dropped for event in kept)
    assert job.status == "completed"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"queries": 7, "read": ["[1]", {"x": 1}, -5, 10e99], "done": "no"}', "\x00" * 50,
     '{"sections": [{"heading": ["x"], "evidence": ["E1", 999999, null]}], "gaps": "a gap"}', "9" * 100_000],
    ids=["empty", "open", "list", "null", "odd types", "zeros", "odd outline", "digits"],
)  # fmt: skip
@pytest.mark.parametrize("task", ALL)
async def test_no_reply_breaks_a_job(house, task, text):
    model = Says(task, text)

    job, _, _ = await Threaded(house, names=1, long=2_000, model=model).whole(effort=least_effort([task]))

    assert task in model.asked
    assert job.status == "completed"
    assert job.research.report is not None


async def test_a_page_is_read_once_however_many_threads_want_it(house):
    threaded = Threaded(house, names=2, long=2_000)

    _, rows, _ = await threaded.whole()

    assert len(threaded.world.reads) == len(set(threaded.world.reads))
    numbers = [event.number for event in events(rows, e.SourceFound)]
    assert numbers == list(range(1, len(numbers) + 1))
