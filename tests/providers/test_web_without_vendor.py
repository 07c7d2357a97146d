"""A job runs on 200 local pages and a SearXNG stand-in.

Nothing of a vendor is needed.
"""

import asyncio
import contextlib
import json

import pytest
from msgspec.structs import replace

from app import handle
from app.domain import events as e
from app.text.languages import words
from app.wiring import Container
from app.worker.worker import Pace, Worker
from tests.conftest import FAST
from tests.mocks.answering import answering, json_reply, reply
from tests.steps import assert_chain, submitted_job, until, whole_log

FACTS = [
    (
        f"Lake {n}ville is {n + 3} metres deep and was measured in {1800 + n}.",
        f"Der Bergsee {n}dorf ist {n + 3} Meter tief und wurde im Jahr {1800 + n} vermessen.",
        f"El lago Pueblo{n} tiene {n + 3} metros de profundidad y se midió en {1800 + n}.",
    )[n % 3]
    for n in range(200)
]
NOISE = (
    "Visitors like the path number {} along the shore.",
    "Viele Gäste mögen den Weg mit der Nummer {} am Ufer.",
    "A los visitantes les gusta el sendero número {} de la orilla.",
)
GONE, DENIED, MOVED = 3, 6, 9  # English pages that come close to every question about a lake


def page(n):
    noise = "".join(f"<p>{NOISE[n % 3].format(k)}</p>" for k in range(20))
    return reply(f"<html><title>Page {n}</title><body><h1>Page {n}</h1><p>{FACTS[n]}</p>{noise}")


async def slow(whole):
    for at in range(0, len(whole), 400):
        yield whole[at : at + 400]
        await asyncio.sleep(0.01)


def served(url):
    """Answer as 200 pages, of which three misbehave."""

    def answer(request):
        if request.path == "/search":
            return searched(request.query["q"], url)
        if request.path == "/robots.txt":
            return reply(f"User-agent: *\nDisallow: /lakes/{DENIED}\n", type_="text/plain")
        n = int(request.path.rpartition("/")[2])
        if request.path.startswith("/lakes/") and n == GONE:
            return reply("Gone", 404)
        if request.path.startswith("/lakes/") and n == MOVED:
            return reply("", 301, Location=f"/moved/{n}")
        return slow(page(n)) if n == MOVED else page(n)  # where it moved to

    return answer


def searched(query, url):
    """Return the pages that share most words, in SearXNG's format."""
    wanted = frozenset(words(query))
    near = [GONE, DENIED, MOVED]
    ranks = sorted(range(200), key=lambda n: (-len(wanted & FOUND_BY[n]), n not in near))
    found = [{"url": f"{url}/lakes/{n}", "title": f"Page {n}", "content": FACTS[n][:40]} for n in ranks[:8]]
    return json_reply({"results": found, "unresponsive_engines": [["bing", "timeout"]]})


FOUND_BY = [frozenset(words(fact)) for fact in FACTS]


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


@pytest.mark.parametrize(
    ("query", "n", "fact"),
    [
        ("How deep is Lake 138ville?", 138, "141 metres deep"),
        ("Wie tief ist der Bergsee 139dorf?", 139, "142 Meter tief"),
        ("¿Cuántos metros de profundidad tiene el lago Pueblo140?", 140, "143 metros"),
    ],
)
async def test_a_job_finds_reads_and_cites_the_page_of_two_hundred(database_url, query, n, fact):
    async with answering() as web:
        web.answer = served(web.url)
        settings = replace(FAST, searxng_url=web.url, allow_private_hosts="127.0.0.1")

        job, events = await researched(settings, database_url, query)

    assert (job.status, job.stop_reason) == ("completed", "answered")
    report = job.research.report
    assert fact in report.content
    cited = {job.research.sources[claim.number - 1].url for claim in report.claims}
    assert f"{web.url}/lakes/{n}" in cited
    calls = [event for event in events if isinstance(event, e.CallRequested)]
    assert {call.provider for call in calls if call.kind in ("search", "read")} == {"searxng"}
    if n == 138:  # the English question comes to the pages that misbehave
        refused = sorted(event.error_message for event in events if isinstance(event, e.CallFailed))
        assert ["404" in refused[0], "robots.txt" in refused[1], len(refused)] == [True, True, 2], refused
        urls = {source.number: source.url for source in job.research.sources}
        read = {urls[event.number] for event in events if isinstance(event, e.PageRead)}
        assert f"{web.url}/lakes/{MOVED}" in read


async def test_the_log_says_which_of_several_engines_found_a_page_and_which_failed(database_url):
    async with answering() as web:

        def answer(request):
            if request.path == "/own":
                query = json.loads(request.body)["query"]
                return json_reply({"results": [{"url": f"{web.url}/lakes/199", "title": query}]})
            if request.path.endswith("api.php"):
                return reply("", 503)
            return usual(request)

        usual, web.answer = served(web.url), answer
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
