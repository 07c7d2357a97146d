"""A provider's outage ends: each job goes on once it is over, and few events tell of it."""

import asyncio
import contextlib
import json
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
from tests.worker.test_worker import working

QUICK = Times(call=0.3, backoff=(0.01, 0.02), pause=(0.05, 0.5))
FAULTS = ("http_500", "refused", "silent")
PAGES = {
    f"https://example.com/{n}": f"Water boils at {90 + n} degrees Celsius in place {n}." for n in range(5)
}
SEARCHES = (PLAN, tools.WebSearch(("boiling", "water")), tools.Answer("Nothing.", "failed"))
READS = (PLAN, tools.WebSearch(("boiling",)), tools.ReadPages(tuple(PAGES)), tools.Answer("None.", "failed"))
MOST = 60  # events that one outage may cost a job


class Provider:
    """A search on a real socket that answers, or fails in one of FAULTS."""

    def __init__(self):
        self.fault = None
        self.port = 0
        self.asked = []
        self._server = None

    async def open(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def fail(self, fault):
        self.fault = fault
        if fault == "refused":
            await self.close()

    async def heal(self):
        if self.fault == "refused":
            await self.open()
        self.fault = None

    async def close(self):
        self._server.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r")[0] or 0)
            body = json.loads(await reader.readexactly(length))
            self.asked.append(body)
            if self.fault == "silent":
                await asyncio.sleep(30)
            status, reply = (500, {"detail": {"error": "boom"}}) if self.fault else (200, answer(body))
            text = json.dumps(reply).encode()
            headers = "content-type: application/json\r\nconnection: close"
            head = f"HTTP/1.1 {status} X\r\n{headers}\r\ncontent-length: {len(text)}\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
        writer.close()


def answer(body):
    if "urls" in body:
        urls = [body["urls"]] if isinstance(body["urls"], str) else body["urls"]
        return {"results": [{"url": url, "raw_content": PAGES[url]} for url in urls], "failed_results": []}
    hits = [{"url": url, "title": url, "content": text, "score": 0.5} for url, text in PAGES.items()]
    return {"query": body["query"], "results": hits, "usage": {"credits": 1}}


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
        return await super().next_step(ask, texts)


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
@pytest.mark.parametrize("script", [SEARCHES, READS], ids=["two_calls", "five_calls"])
async def test_jobs_go_on_after_an_outage_that_cost_them_few_events(house, provider, search, script, fault):
    step = len(script) - 1
    house.model = Striking(script, step, lambda: provider.fail(fault))
    equip(house, search)
    jobs = [await submitted_job(house.writer) for _ in range(3)]
    async with working(house, concurrency=3):
        for job in jobs:
            waiting = await until(partial(waits, house, job), 30)
            assert waiting.current_step.startswith("Waiting for tavily since ")
        await until(lambda: released(house, jobs, 5), 30)
        await provider.heal()
        ended = [await until(partial(has_ended, house, job), 30) for job in jobs]

    for job in ended:
        assert (job.status, job.attempt) == ("completed", 1)
        assert not job.research.turns[step - 1].failed
        happened = await facts(house, job)
        assert len(happened) < MOST + len(script) * 10
        assert all(repeat_of(event) == 0 for event in happened)
        assert_each_announced_call_is_made(happened)


async def released(house, jobs, times):
    seen = [await facts(house, job) for job in jobs]
    return sum(isinstance(event, e.AttemptReleased) for events in seen for event in events) >= times


def repeat_of(event):
    return event.repeat if isinstance(event, e.CallRequested) else 0


def assert_each_announced_call_is_made(happened):
    """Between two announcements of a call there is what came of the first."""
    open_calls = set()
    for event in happened:
        if isinstance(event, e.CallRequested):
            assert event.key not in open_calls, f"{event.key} was announced twice and made once"
            open_calls.add(event.key)
        elif isinstance(event, e.CallCompleted | e.CallFailed):
            open_calls.remove(event.key)
    assert not open_calls


async def test_a_model_that_is_away_for_the_whole_deadline_fails_the_job_then_and_says_so(house, search):
    async def fail(ask, texts):
        raise ProviderError("network", "HTTP 500: boom", retryable=True)

    house.model.next_step = fail
    equip(house, search)
    job = await submitted_job(house.writer, limits=Limits(deadline_seconds=2))
    async with working(house):
        job = await until(partial(has_ended, house, job), 30)

    assert (job.status, job.failure.error_type, job.failure.is_retryable) == ("failed", "network", True)
    assert "scripted was away for" in job.failure.error_message
    assert "HTTP 500: boom" in job.failure.error_message
    assert job.research.report is None


async def test_what_a_job_waits_for_a_provider_is_no_part_of_its_deadline(house, search):
    answers = [False] * 8 + [True] * 10

    async def sometimes(ask, texts):
        if answers.pop(0):
            return await ScriptedModel.next_step(house.model, ask, texts)
        raise ProviderError("network", "HTTP 500: boom", retryable=True)

    house.model.next_step = sometimes
    equip(house, search)
    job = await submitted_job(house.writer)
    async with working(house):
        job = await until(partial(has_ended, house, job), 30)

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
