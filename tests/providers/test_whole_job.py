"""Whole jobs through the worker, with the real providers on mocked servers."""

import asyncio
import contextlib
import re

import pytest

from app import handle
from app.worker.worker import Pace, Worker
from tests.mocks.openai import INJECTED
from tests.mocks.tavily import PAGES
from tests.steps import assert_chain, submitted_job, until, whole_log

NUMBER = re.compile(r"\[\d+\]")


@contextlib.asynccontextmanager
async def working(house):
    worker = Worker(house.writer, house.wake, house.url, house.researching(), Pace())
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.drain()
        await running


async def researched(house, openai_mock, tavily_mock):
    """One job from the question to its end."""
    house.model, house.search = openai_mock.model(), tavily_mock.search()
    submitted = await submitted_job(house.writer, "At how many degrees does water boil?")

    async def look():
        job = await handle.load(house.writer, submitted.id)
        return job if job.is_over else None

    async with working(house):
        job = await until(look, seconds=90)
    assert_chain(await whole_log(house.engine, job.id))
    return job


async def test_a_job_runs_from_the_question_to_a_cited_report(house, openai_mock, tavily_mock):
    job = await researched(house, openai_mock, tavily_mock)

    report = job.research.report
    assert (job.status, job.stop_reason) == ("completed", "answered")
    assert [source.url for source in job.research.sources] == list(PAGES)
    assert {claim.number for claim in report.claims} == {1, 2, 3}
    assert not report.removed
    assert job.research.bill.cost_usd == pytest.approx(4 * 0.0006 + 2 * 0.008 + 3 * 0.0016)


async def test_servers_that_stumble_are_asked_again(house, openai_mock, tavily_mock):
    openai_mock.play("server_error", "off_menu", "success")
    tavily_mock.play("server_error", "success")

    job = await researched(house, openai_mock, tavily_mock)

    assert (job.status, job.stop_reason) == ("completed", "answered")
    assert any(
        "Your last reply was refused" in sent["messages"][-1]["content"] for sent in openai_mock.requests
    )


async def test_what_a_liar_cites_is_taken_out(house, openai_mock, tavily_mock):
    openai_mock.play("liar")

    job = await researched(house, openai_mock, tavily_mock)

    report = job.research.report
    assert {"[1]", "[3]", "[9]"} <= {number for line in report.removed for number in NUMBER.findall(line)}
    assert "[9]" not in report.content
    assert "211" not in "".join(claim.quote for claim in report.claims)


async def test_a_page_that_gives_orders_changes_nothing_but_the_words(house, openai_mock, tavily_mock):
    openai_mock.play("prompt_injection")
    tavily_mock.play("prompt_injection")

    job = await researched(house, openai_mock, tavily_mock)

    report = job.research.report
    asked = [url for sent in tavily_mock.requests for url in sent.get("urls", [])]
    assert sorted(asked) == sorted(PAGES)  # only what a search returned is read
    assert INJECTED not in report.content
    assert "<script" not in report.content
    assert {claim.number for claim in report.claims} == {1, 2, 3}


async def test_nothing_found_is_an_answer(house, openai_mock, tavily_mock):
    tavily_mock.play("empty_results")

    job = await researched(house, openai_mock, tavily_mock)

    assert (job.status, job.stop_reason) == ("completed", "no_evidence")
    assert job.research.report.claims == ()


async def test_a_refused_key_ends_the_job_and_says_which(house, openai_mock, tavily_mock):
    openai_mock.play("auth_error")

    job = await researched(house, openai_mock, tavily_mock)

    assert job.status == "failed"
    assert "OPENAI_API_KEY" in job.failure.error_message
    assert len(openai_mock.requests) == 1
