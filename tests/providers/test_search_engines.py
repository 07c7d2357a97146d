"""Search engines over real sockets: requests, results and failures."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from html import escape

import pytest

from app.agent.ports import SearchBounds
from app.errors import BadSetting, ProviderError
from app.providers import http
from app.providers.engines.arxiv import ArxivSearch
from app.providers.engines.brave import BraveSearch
from app.providers.engines.choice import ENGINES, engine_names, web_searches
from app.providers.engines.openalex import OpenAlexSearch
from app.providers.engines.own_endpoint import EndpointSearch
from app.providers.engines.search_engine import SearchQuery, hosts
from app.providers.engines.searxng import SearxngSearch
from app.providers.engines.wikipedia import WikipediaSearch
from app.providers.http import make_client
from app.providers.merged import MergedSearch
from app.providers.reader.fetching import Fetcher
from app.providers.reader.page_reader import PageReader
from app.settings import load_settings
from tests.mocks.answering import answering, json_reply, reply
from tests.providers.conformance import SearchConformance

KEY = "secret-key-0123456789"
FOUND = [
    ("https://example.com/sea", "The <b>sea</b> &amp; heat", "Water <em>boils</em>."),
    ("https://b.example", "B", ""),
]


def searxng_json(found):
    results = [{"url": url, "title": title, "content": text, "engine": "x"} for url, title, text in found]
    return {"query": "q", "results": results, "unresponsive_engines": []}


def brave_json(found):
    results = [{"url": url, "title": title, "description": text} for url, title, text in found]
    return {"type": "search", "web": {"type": "search", "results": results}}


def wikipedia_json(found):
    pages = [
        {"index": n, "fullurl": url, "title": title, "extract": text}
        for n, (url, title, text) in enumerate(found)
    ]
    return {"batchcomplete": True, "query": {"pages": pages[::-1]}}


def openalex_json(found):
    results = [
        {
            "id": "https://openalex.org/W1",
            "display_name": title,
            "primary_location": {"landing_page_url": url},
            "abstract_inverted_index": {word: [at] for at, word in enumerate(text.split())},
        }
        for url, title, text in found
    ]
    return {"meta": {}, "results": results}


def atom(entries=""):
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'


def arxiv_atom(found):
    return atom(
        "".join(
            f"<entry><id>https://other.example</id>"
            f"<title>{escape(title)}</title><summary>{escape(text)}</summary>"
            '<link rel="alternate" href="https://abs.example"/>'
            f'<link title="pdf" href="{escape(url)}"/></entry>'
            for url, title, text in found
        )
    )


def written_reply(written):
    return reply(written, type_="application/atom+xml") if isinstance(written, str) else json_reply(written)


def endpoint_json(found):
    return {"results": [{"url": url, "title": title, "excerpt": text} for url, title, text in found]}


MADE = {
    "searxng": lambda client, reader, url, **o: SearxngSearch(client, reader, url=url, **o),
    "brave": lambda client, reader, url, **o: BraveSearch(client, reader, api_key=KEY, base_url=url, **o),
    "wikipedia": lambda client, reader, url, **o: WikipediaSearch(client, reader, url=url, **o),
    "openalex": lambda client, reader, url, **o: OpenAlexSearch(client, reader, url=url, **o),
    "arxiv": lambda client, reader, url, **o: ArxivSearch(client, reader, url=url, **{"pause": 0.0} | o),
    "http": lambda client, reader, url, **o: EndpointSearch(
        client, reader, url=f"{url}/find", api_key=KEY, **o
    ),
}
WRITTEN = {
    "searxng": searxng_json,
    "brave": brave_json,
    "wikipedia": wikipedia_json,
    "openalex": openalex_json,
    "arxiv": arxiv_atom,
    "http": endpoint_json,
}
NULLS = {
    "searxng": {
        "results": [None, {"url": None}, {"url": "https://a.example", "title": None, "content": None}]
    },
    "brave": {"type": "search", "web": {"results": [None, {"url": "https://a.example", "title": None}]}},
    "wikipedia": {
        "query": {"pages": [None, {"fullurl": "https://a.example", "title": None, "extract": None}]}
    },
    "openalex": {"results": [None, {"id": None}, {"doi": "https://a.example", "display_name": None}]},
    "arxiv": atom(
        '<!-- none --><entry/><entry><title/><link rel="alternate" href="https://a.example"/></entry>'
    ),
    "http": {"results": [None, {"url": ""}, {"url": "https://a.example", "title": None, "excerpt": None}]},
}
NOTHING = {
    "searxng": [{"results": []}, {"results": None}],
    "brave": [{"type": "search"}, {"type": "search", "web": None}],
    "wikipedia": [{"batchcomplete": True}, {"query": {"pages": []}}],
    "openalex": [{"results": []}, {"results": None}],
    "arxiv": [atom(), atom("<title>Query Results</title>")],
    "http": [{"results": []}, {"results": None}],
}


@pytest.fixture
async def server():
    async with answering() as mock:
        yield mock


@pytest.fixture(params=MADE)
async def engine(request, server):
    async with make_client() as client:
        reader = PageReader(Fetcher(["127.0.0.1"]))
        made = MADE[request.param](client, reader, server.url, timeout=5)
        yield made
        await reader.aclose()


async def error_of(call) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call
    assert KEY not in str(caught.value)
    assert len(str(caught.value)) < 400
    return caught.value


class TestEngine(SearchConformance):
    missing = "http://127.0.0.1:1/missing"

    @pytest.fixture
    def search(self, engine, server):
        found = [(f"{server.url}/page/{n}", f"Page {n}", "Water boils.") for n in (1, 2)]
        written = WRITTEN[engine.name]([*found, found[0]])

        def answer(request):
            return reply("<p>Water boils.</p>") if "/page/" in request.path else written_reply(written)

        server.answer = answer
        return engine


async def test_hits_are_plain_and_in_the_engines_order(engine, server):
    server.answer = lambda request: written_reply(WRITTEN[engine.name](FOUND))

    found = await engine.search("boiling", 5)

    assert [(hit.url, hit.title, hit.excerpt) for hit in found.hits] == [
        ("https://example.com/sea", "The sea & heat", "Water boils."),
        ("https://b.example", "B", ""),
    ]
    assert (found.usage.searches, found.usage.cost_usd) == (1, 0.005 if engine.name == "brave" else 0)


BOUNDS_SENT = {
    "searxng": [("language", "de-AT")],
    "brave": [("freshness", "2024-02-01to2024-03-31"), ("search_lang", "de"), ("country", "AT")],
    "wikipedia": [],
    "openalex": [
        ("filter", "from_publication_date:2024-02-01,to_publication_date:2024-03-31,language:de"),
    ],
    "arxiv": [("search_query", "(all:boiling) AND submittedDate:[202402010000 TO 202403312359]")],
    "http": [],
}


async def test_time_and_place_go_to_the_engines_that_can_search_by_them(engine, server):
    asked = []

    def answer(request):
        asked.append(request)
        return written_reply(WRITTEN[engine.name](FOUND))

    server.answer = answer
    bounds = SearchBounds(date(2024, 2, 1), date(2024, 3, 31), "de-AT", "at")

    await engine.search("boiling", 5, bounds=bounds)

    [request] = asked
    for name, value in BOUNDS_SENT[engine.name]:
        assert request.query[name] == value
    if engine.name == "http":
        sent = json.loads(request.body)
        told = [sent[name] for name in ("published_after", "published_before", "language", "region")]
        assert told == ["2024-02-01", "2024-03-31", "de-AT", "at"]


UNMET = {
    "searxng": ("published_after", "published_before"),  # so long ago is in none of its ranges
    "brave": (),
    "wikipedia": (
        "published_after",
        "published_before",
        "language",
        "region",
    ),  # this one is a wiki of our own
    "openalex": ("region",),
    "arxiv": ("language", "region"),
    "http": (),
}


async def test_an_engine_says_what_of_time_and_place_it_cannot_search_by(engine, server):
    server.answer = lambda _: written_reply(WRITTEN[engine.name](FOUND))
    bounds = SearchBounds(date(2004, 2, 1), date(2004, 3, 31), "de-AT", "at")

    bounded, unbounded = await engine.search("boiling", 5, bounds=bounds), await engine.search("boiling", 5)

    assert [one.bounds for one in bounded.unmet_bounds] == (
        [UNMET[engine.name]] if UNMET[engine.name] else []
    )
    assert all(one.provider == engine.name for one in bounded.unmet_bounds)
    assert unbounded.unmet_bounds == ()


async def test_wikipedia_is_asked_in_the_language_of_the_pages_that_are_wanted():
    async with make_client() as client:
        engine = WikipediaSearch(client, PageReader(Fetcher()))
        asked = SearchQuery("boiling point of water", 5, bounds=SearchBounds(language="de-AT"))

        assert engine._request(asked).url.host == "de.wikipedia.org"


@pytest.mark.parametrize(("days", "name"), [(0, "day"), (20, "month"), (200, "year"), (900, None)])
async def test_searxng_gets_the_shortest_range_that_is_long_enough(server, days, name):
    asked = []

    def answer(request):
        asked.append(request.query.get("time_range"))
        return json_reply(searxng_json(FOUND))

    server.answer = answer
    async with make_client() as client:
        engine = SearxngSearch(client, PageReader(Fetcher()), url=server.url)
        after = datetime.now(UTC).date() - timedelta(days)
        await engine.search("boiling", 5, bounds=SearchBounds(after))

    assert asked == [name]


async def test_nothing_found_is_not_an_error(engine, server):
    for body in NOTHING[engine.name]:
        server.answer = lambda request, body=body: written_reply(body)

        assert (await engine.search("x", 5)).hits == ()


async def test_nulls_are_passed_over(engine, server):
    server.answer = lambda request: written_reply(NULLS[engine.name])

    [hit] = (await engine.search("x", 5)).hits

    assert (hit.url, hit.title, hit.excerpt) == ("https://a.example", "https://a.example", "")


HTML = "<html><title>Log in</title></html>"
FAILURES = {
    "429": (reply("slow down", 429, Retry_After="7"), "rate_limit", True),
    "500": (json_reply({"error": "broken"}, 500), "network", True),
    "503": (reply(HTML, 503), "network", True),
    "401": (json_reply({"error": "no"}, 401), "auth", False),
    "403": (reply(HTML, 403), "auth", False),
    "400": (json_reply({"error": "no query"}, 400), "validation", False),
    "redirect": (reply("", 302, Location="https://elsewhere.example"), "validation", False),
    "html": (reply(HTML), "network", True),
    "other json": (json_reply({"hello": "world"}), "network", True),
    "half of it": (reply('{"results": [{"ur'), "network", True),
    "deep": (reply("[" * 100_000), "network", True),
    "nothing": (b"", "network", True),
    "huge": (reply(b" " * 200_000), "network", True),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_a_failure_is_typed(engine, server, case, monkeypatch):
    monkeypatch.setattr(http, "MAX_REPLY_BODY", 150_000)
    sent, error_type, retryable = FAILURES[case]
    server.answer = lambda request: sent

    error = await error_of(engine.search("x", 5))

    assert (error.error_type, error.retryable) == (error_type, retryable)
    assert error.retry_after == (7 if case == "429" else None)


@pytest.mark.parametrize("name", ["brave", "http"])
async def test_a_key_in_an_error_is_taken_out(name, server):
    server.answer = lambda request: json_reply({"error": f"no route for {KEY}"}, 500)
    async with make_client() as client:
        error = await error_of(MADE[name](client, None, server.url).search("x", 5))

    assert "no route for …" in str(error)


async def test_an_engine_that_asks_for_a_pause_gets_it(engine, server):
    server.answer = lambda request: reply("", 429, Retry_After="60")
    await error_of(engine.search("x", 5))

    error = await error_of(engine.search("x", 5))

    assert error.error_type == "rate_limit"
    assert 50 < error.retry_after <= 60
    assert len(server.requests) == 1, "the second search was not sent"


@pytest.mark.parametrize("name", MADE)
async def test_a_slow_engine_is_a_timeout(name, server):
    async def drip(request):
        while True:
            yield b"H"
            await asyncio.sleep(0.05)

    server.answer = drip
    async with make_client() as client:
        engine = MADE[name](client, PageReader(Fetcher()), server.url, timeout=0.3)

        error = await error_of(engine.search("x", 5))

    assert (error.error_type, error.retryable) == ("timeout", True)


async def test_what_each_engine_is_sent(engine, server):
    server.answer = lambda request: written_reply(WRITTEN[engine.name]([]))

    await engine.search(
        "Wie warm ist das Meer?", 50, allowed=("*.a.example",), blocked=("https://b.example/x",)
    )

    [sent] = server.requests
    sites = "Wie warm ist das Meer? (site:a.example) -site:b.example"
    match engine.name:
        case "searxng":
            assert (sent.path, sent.query) == ("/search", {"q": sites, "format": "json", "language": "de"})
        case "brave":
            assert sent.query == {"q": sites, "count": "20", "result_filter": "web"}
            assert sent.headers["x-subscription-token"] == KEY
        case "wikipedia":
            assert sent.query["gsrsearch"] == "Wie warm ist das Meer?"
            assert sent.headers["user-agent"].startswith("dossier/")
        case "openalex":
            assert (sent.path, sent.query["search"]) == ("/works", "Wie warm ist das Meer")
            assert sent.query["per-page"] == "20"
        case "arxiv":
            assert (sent.path, sent.query["search_query"]) == ("/api/query", "all:warm OR all:meer")
            assert sent.query["max_results"] == "20"
        case "http":
            assert (sent.path, json.loads(sent.body)) == (
                "/find",
                {
                    "query": "Wie warm ist das Meer?",
                    "limit": 20,
                    "allowed_domains": ["a.example"],
                    "blocked_domains": ["b.example"],
                },
            )
            assert sent.headers["authorization"] == f"Bearer {KEY}"


async def searxng_error(server, sent):
    server.answer = lambda request: sent
    async with make_client() as client:
        return await error_of(MADE["searxng"](client, None, server.url).search("x", 5))


async def test_searxng_with_silent_engines_and_no_results_is_an_error(server):
    silent = {"results": [], "unresponsive_engines": [["google", "Suspended: CAPTCHA"], ["bing", None]]}

    error = await searxng_error(server, json_reply(silent))

    assert (error.error_type, error.retryable) == ("network", True)
    assert "google: Suspended: CAPTCHA; bing" in str(error)


async def test_searxng_says_what_to_set(server):
    assert "search.formats" in str(await searxng_error(server, reply("", 403)))
    assert "pass_ip" in str(await searxng_error(server, reply("", 429)))


async def test_wikipedia_fails_with_status_200(server):
    async with make_client() as client:
        engine = MADE["wikipedia"](client, None, server.url)
        for code, retryable in (("maxlag", True), ("srsearch-error", False)):
            server.answer = lambda request, code=code: json_reply({"error": {"code": code, "info": "Sorry."}})

            error = await error_of(engine.search("x", 5))

            assert (error.retryable, "Sorry." in str(error)) == (retryable, True)


async def test_openalex_puts_an_abstract_in_order_and_prefers_an_open_pdf(server):
    place = {"landing_page_url": "https://a.example", "pdf_url": "https://a.example/x.pdf", "is_oa": True}
    words = {"boils": [1], "water": [3, 0], "as": [2]}
    work = {"display_name": "A", "primary_location": place, "abstract_inverted_index": words}
    server.answer = lambda request: json_reply({"results": [work]})
    async with make_client() as client:
        [hit] = (await MADE["openalex"](client, None, server.url).search("x", 5)).hits

    assert (hit.url, hit.excerpt) == ("https://a.example/x.pdf", "water boils as water")


async def test_arxiv_is_asked_slowly_and_a_long_wait_is_refused(server):
    server.answer = lambda request: reply(atom())
    async with make_client() as client:
        await MADE["arxiv"](client, None, server.url, pause=0.01).search("x", 5)
        engine = MADE["arxiv"](client, None, server.url, pause=60.0)
        await engine.search("x", 5)

        error = await error_of(engine.search("x", 5))

    assert (error.error_type, error.retryable) == ("rate_limit", True)
    assert 0 < error.retry_after <= 60
    assert len(server.requests) == 2, "the third search was not sent"


async def test_arxiv_expands_no_entities_and_asks_for_no_operators(server):
    server.answer = lambda request: reply(
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        + atom("<entry><id>https://a.example</id><title>&x;A</title></entry>").partition("?>")[2]
    )
    async with make_client() as client:
        [hit] = (await MADE["arxiv"](client, None, server.url).search('ti:"lakes" ANDNOT (x*)', 5)).hits

    assert (hit.url, hit.title) == ("https://a.example", "https://a.example")
    assert server.requests[0].query["search_query"] == "all:ti OR all:lakes OR all:andnot OR all:x"


async def test_merged_engines_sign_their_hits_and_share_one_reader(server):
    def answer(request):
        if request.path == "/find":
            return json_reply({"results": [{"url": f"{server.url}/own"}]})
        if request.path == "/search":
            return json_reply({"results": [{"url": f"{server.url}/page"}, {"url": f"{server.url}/own"}]})
        return reply("", 404)

    server.answer = answer
    async with make_client() as client:
        reader = PageReader(Fetcher(["127.0.0.1"]))
        engines = [MADE[name](client, reader, server.url) for name in ("searxng", "http")]
        merged = MergedSearch(engines, "web", reader)

        hits = (await merged.search("x", 5)).hits
        await error_of(merged.read(f"{server.url}/page"))

    assert [(hit.url.removeprefix(server.url), hit.engine) for hit in hits] == [
        ("/page", "searxng"),
        ("/own", "http"),
    ]
    assert sum(request.path == "/page" for request in server.requests) == 1
    assert (merged.name, merged.scope) == ("searxng+http", "web")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"SEARXNG_URL": "http://s"}, ["searxng"]),
        ({"SEARXNG_URL": "http://s", "TAVILY_API_KEY": "tvly-x"}, ["tavily"]),
        ({"DOSSIER_SEARCH": "wikipedia, Brave,wikipedia", "TAVILY_API_KEY": "x"}, ["wikipedia", "brave"]),
    ],
)
def test_the_settings_choose_the_engines(given, names):
    assert engine_names(load_settings(given)) == names


async def test_an_engine_without_its_setting_is_refused_by_name():
    needed = {
        "tavily": "TAVILY_API_KEY",
        "searxng": "SEARXNG_URL",
        "brave": "BRAVE_API_KEY",
        "http": "DOSSIER_SEARCH_URL",
    }
    async with make_client() as client:
        for name, setting in needed.items():
            with pytest.raises(BadSetting, match=setting):
                web_searches(load_settings({"DOSSIER_SEARCH": name}), client, None)
        with pytest.raises(BadSetting, match="'gogle'; the engines are tavily, searxng"):
            web_searches(load_settings({"DOSSIER_SEARCH": "gogle"}), client, None)
        keyless = web_searches(load_settings({"DOSSIER_SEARCH": "wikipedia,openalex,arxiv"}), client, None)
    assert {*needed, *(made.name for made in keyless)} == set(ENGINES)


def test_domains_become_hosts():
    assert hosts(["*.Example.com", "https://b.example:8080/x", "", "*"]) == ("example.com", "b.example")
