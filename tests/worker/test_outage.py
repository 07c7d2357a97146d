"""A provider's outage ends, and each job goes on with few events."""

from functools import partial

import httpx
import pytest

from app import handle
from app.agent.extractive import Extractive
from app.domain import events as e
from app.domain import tools
from app.errors import ProviderError
from app.providers.tavily import TavilySearch
from app.worker.breaker import Breaker, Times
from app.worker.providers import Tools
from dossier.request import Limits
from tests.mocks.tavily import KEY
from tests.scripted import PLAN, ScriptedModel
from tests.steps import submitted_job, until, whole_log
from tests.worker.outage import FAULTS, MOST, PAGES, Provider, assert_each_announced_call_is_made, repeat_of
from tests.worker.working import working

QUICK = Times(call=0.3, backoff=(0.01, 0.02), pause=(0.05, 0.5))
REPORT = tools.WriteReport("Boiling", "Water boils at 93 degrees Celsius in place 3 [4].", "high")
SCRIPT = (PLAN, tools.WebSearch(("boiling", "water")), tools.ReadPages(tuple(PAGES)), REPORT)
SEARCHES, READS = 2, 3  # the turns with several calls at once: two searches, five pages


@pytest.fixture
async def provider():
    provider = Provider()
    await provider.open()
    yield provider
    await provider.close()


@pytest.fixture
async def search(provider):
    async with httpx.AsyncClient() as client:
        yield TavilySearch(client, api_key=KEY, base_url=f"http://127.0.0.1:{provider.port}")


class Striking(ScriptedModel):
    """Lets the outage begin when it is first asked for this step."""

    def __init__(self, script, step, strike):
        super().__init__(script)
        self.step = step
        self.strike = strike

    async def next_step(self, ask, texts, writing=None):
        if ask.step == self.step and self.strike:
            strike, self.strike = self.strike, None
            await strike()
        return await super().next_step(ask, texts, writing)


def equip(house, search):
    """Give the house this search, and little patience."""
    kept = Tools(house.model, Extractive(), lambda _job: search, times=QUICK)
    house.tools = lambda: kept


async def facts(house, job):
    return [row.recorded().event for row in await whole_log(house.engine, job.id)]


async def waits(house, job):
    seen = await handle.load(house.writer, job.id)
    return seen if seen.status == "pending" and seen.waiting_since else None


async def has_ended(house, job):
    seen = await handle.load(house.writer, job.id)
    return seen if seen.is_over else None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", [SEARCHES, READS], ids=["two_calls", "five_calls"])
async def test_jobs_go_on_after_an_outage_that_cost_them_few_events(house, provider, search, step, fault):
    house.model = Striking(SCRIPT, step, lambda: provider.fail(fault))
    equip(house, search)
    jobs = [await submitted_job(house.writer) for _ in range(3)]
    async with working(house, concurrency=3):
        for job in jobs:
            waiting = await until(partial(waits, house, job))
            assert waiting.current_step.startswith("Waiting for tavily since ")
        await until(lambda: released(house, jobs, 5))
        await provider.heal()
        ended = [await until(partial(has_ended, house, job)) for job in jobs]

    for job in ended:
        assert (job.status, job.stop_reason, job.attempt) == ("completed", "answered", 1)
        assert not any(turn.failed for turn in job.research.turns)
        happened = await facts(house, job)
        assert len(happened) < MOST + len(SCRIPT) * 10
        assert all(repeat_of(event) == 0 for event in happened)
        assert_each_announced_call_is_made(happened)


async def released(house, jobs, times):
    seen = [await facts(house, job) for job in jobs]
    return sum(isinstance(event, e.AttemptReleased) for events in seen for event in events) >= times


async def away_for_the_whole_deadline(house, search):
    """Return the end of a job whose model fails until its deadline.

    It answers every request with HTTP 500.
    """

    async def fail(ask, texts, writing=None):
        raise ProviderError("network", "HTTP 500: boom", retryable=True)

    house.model.next_step = fail
    equip(house, search)
    job = await submitted_job(house.writer, "boiling water", limits=Limits(deadline_seconds=2))
    async with working(house):
        return await until(partial(has_ended, house, job))


@pytest.mark.parametrize("rules", [1, e.AGENT_RULES])
async def test_a_model_that_is_away_for_the_whole_deadline_fails_the_job_then_and_says_so(
    house, search, monkeypatch, rules
):
    monkeypatch.setattr(e, "AGENT_RULES", rules)
    job = await away_for_the_whole_deadline(house, search)

    assert (job.status, job.failure.error_type, job.failure.is_retryable) == ("failed", "network", True)
    assert "scripted was away for" in job.failure.error_message
    assert "HTTP 500: boom" in job.failure.error_message
    assert job.research.report is None
    assert len(await facts(house, job)) < MOST


async def test_what_a_job_waits_for_a_provider_is_no_part_of_its_deadline(house, search):
    answers = [False] * 8 + [True] * 10

    async def sometimes(ask, texts, writing=None):
        if answers.pop(0):
            return await ScriptedModel.next_step(house.model, ask, texts, writing)
        raise ProviderError("network", "HTTP 500: boom", retryable=True)

    house.model.next_step = sometimes
    equip(house, search)
    job = await submitted_job(house.writer)
    async with working(house):
        job = await until(partial(has_ended, house, job))

    log = await whole_log(house.engine, job.id)
    ends = [row.occurred_at for row in log if row.type == "attempt_released"]
    starts = [row.occurred_at for row in log if row.type == "attempt_started"]
    waited = [start - end for end, start in zip(ends, starts[1:], strict=True)]
    assert waited
    assert job.working_since == starts[0] + sum(waited[1:], waited[0])


@pytest.mark.parametrize(
    ("error_type", "retryable"), [("network", False), ("validation", False), ("auth", False)]
)
def test_an_unreadable_page_or_an_illegal_reply_opens_no_breaker(error_type, retryable):
    gate = Breaker("p")
    for _ in range(10):
        gate.failed(ProviderError(error_type, "x", retryable=False))

    assert not gate.is_open
