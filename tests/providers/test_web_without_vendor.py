"""A job runs on 200 local pages and a SearXNG stand-in.

Nothing of a vendor is needed.
"""

import asyncio
import contextlib
import json

from msgspec.structs import replace

from app import handle
from app.domain import events as e
from app.wiring import Container
from app.worker.worker import Pace, Worker
from tests.conftest import FAST
from tests.mocks.answering import answering, json_reply, reply
from tests.steps import assert_chain, submitted_job, until, whole_log

FACTS = {n: f"Lake {n}ville is {n + 3} metres deep and was measured in {1800 + n}." for n in range(200)}


def page(n):
    noise = "".join(f"<p>Visitors like the path number {k} along the shore.</p>" for k in range(20))
    return reply(f"<html><title>Lake {n}ville</title><body><h1>Lake {n}ville</h1><p>{FACTS[n]}</p>{noise}")


def searched(query, url):
    """Return the pages that share most words, in SearXNG's format."""
    words = set(query.lower().replace("?", "").split())
    ranks = sorted(FACTS, key=lambda n: -len(words & set(FACTS[n].lower().split())))
    found = [
        {"url": f"{url}/lakes/{n}", "title": f"Lake {n}ville", "content": FACTS[n][:40]} for n in ranks[:8]
    ]
    return json_reply({"results": found, "unresponsive_engines": [["bing", "timeout"]]})


@contextlib.asynccontextmanager
async def working(house):
    worker = Worker(house.writer, house.wake, house.url, house.researching(), Pace())
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.drain()
        await running


async def researched(settings, database_url, query):
    house = Container(settings, database_url)
    submitted = await submitted_job(house.writer, query)

    async def over():
        job = await handle.load(house.writer, submitted.id)
        return job if job.is_over else None

    async with working(house):
        job = await until(over, seconds=90)
    rows = await whole_log(house.engine, job.id)
    assert_chain(rows)
    await house.reader.aclose()
    await house.engine.dispose()
    return job, [row.recorded().event for row in rows]


async def test_a_job_finds_reads_and_cites_the_page_of_two_hundred(database_url):
    async with answering() as web:
        web.answer = lambda request: (
            searched(request.query["q"], web.url)
            if request.path == "/search"
            else reply("", 404)
            if request.path == "/robots.txt"
            else page(int(request.path.rpartition("/")[2]))
        )
        settings = replace(FAST, searxng_url=web.url, allow_private_hosts="127.0.0.1")

        job, events = await researched(settings, database_url, "How deep is Lake 137ville?")

    assert (job.status, job.stop_reason) == ("completed", "answered")
    report = job.research.report
    assert "140 metres deep" in report.content
    cited = {job.research.sources[claim.number - 1].url for claim in report.claims}
    assert f"{web.url}/lakes/137" in cited
    calls = [event for event in events if isinstance(event, e.CallRequested)]
    assert {call.provider for call in calls if call.kind in ("search", "read")} == {"searxng"}


async def test_the_log_says_which_of_several_engines_found_a_page_and_which_failed(database_url):
    async with answering() as web:

        def answer(request):
            if request.path == "/search":
                return searched(request.query["q"], web.url)
            if request.path == "/own":
                query = json.loads(request.body)["query"]
                return json_reply({"results": [{"url": f"{web.url}/lakes/199", "title": query}]})
            if request.path == "/robots.txt":
                return reply("", 404)
            if request.path.endswith("api.php"):
                return reply("", 503)
            return page(int(request.path.rpartition("/")[2]))

        web.answer = answer
        settings = replace(
            FAST,
            search="searxng,http,wikipedia",
            searxng_url=web.url,
            search_url=f"{web.url}/own",
            wikipedia_url=web.url,
            allow_private_hosts="127.0.0.1",
        )

        job, events = await researched(settings, database_url, "How deep is Lake 42ville?")

    assert job.status == "completed"
    found = {event.url: event.engine for event in events if isinstance(event, e.SourceFound)}
    assert found[f"{web.url}/lakes/199"] == "http"
    assert found[f"{web.url}/lakes/42"] == "searxng"
    failed = [
        event.failed_parts for event in events if isinstance(event, e.CallCompleted) and event.failed_parts
    ]
    assert {part.provider for parts in failed for part in parts} == {"wikipedia"}
