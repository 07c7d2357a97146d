"""Tavily searches and reads: what is sent, returned, billed, and fails."""

import asyncio

import pytest

from app.errors import BadSetting, ProviderError
from app.providers import http
from app.providers.tavily import TavilySearch
from tests.mocks.tavily import KEY, PAGES

SEA = "https://example.com/sea"


async def error_of(call) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call
    error = caught.value
    assert KEY not in str(error)
    assert len(str(error)) <= http.MAX_ERROR_TEXT + 50
    return error


async def test_a_search_sends_what_was_asked_and_finds_pages(tavily_mock):
    reply = await tavily_mock.search().search(
        "boiling", 2, allowed=("*.example.com",), blocked=("spam.example",)
    )

    assert [hit.url for hit in reply.hits] == list(PAGES)[:2]
    assert (reply.hits[0].title, reply.hits[0].score) == ("Boiling at the sea", 0.9)
    assert tavily_mock.requests == [
        {
            "query": "boiling",
            "search_depth": "basic",
            "max_results": 2,
            "include_domains": ["example.com"],
            "exclude_domains": ["spam.example"],
            "include_usage": True,
        }
    ]


async def test_without_domains_none_are_sent_and_a_query_is_cut(tavily_mock):
    await tavily_mock.search().search("x" * 500, 50)

    [sent] = tavily_mock.requests
    assert "include_domains" not in sent
    assert "exclude_domains" not in sent
    assert (len(sent["query"]), sent["max_results"]) == (400, 20)


async def test_nothing_found_is_no_error(tavily_mock):
    tavily_mock.play("empty_results")

    assert (await tavily_mock.search().search("x", 5)).hits == ()


async def test_the_bill_is_tavilys_own_or_else_the_usual_price(tavily_mock):
    search = tavily_mock.search(credit_usd=0.01)

    found, page = await search.search("x", 5), await search.read(SEA)

    assert (found.usage.searches, found.usage.cost_usd) == (1, 0.01)  # one credit, as Tavily said
    assert (page.usage.pages, page.usage.cost_usd) == (1, 0.002)  # a fifth of one, as it did not say
    tavily_mock.play("dear")
    assert (await search.search("x", 5)).usage.cost_usd == 0.02
    assert (await search.read(SEA)).usage.cost_usd == 0.02


async def test_a_page_is_its_text(tavily_mock):
    assert (await tavily_mock.search().read(SEA)).text == PAGES[SEA][1]


@pytest.mark.parametrize(
    ("profile", "error_type", "retryable"),
    [
        ("timeout", "timeout", True),
        ("disconnected", "network", True),
        ("rate_limited", "rate_limit", True),
        ("out_of_credits", "resource", False),
        ("server_error", "network", True),
        ("auth_error", "auth", False),
        ("key_in_error", "validation", False),
        ("malformed", "network", True),
        ("schema_violation", "network", True),
    ],
)
async def test_errors_are_typed(tavily_mock, profile, error_type, retryable):
    tavily_mock.play(profile)
    search = tavily_mock.search()

    for call in (search.search("x", 5), search.read(SEA)):
        error = await error_of(call)
        assert (error.error_type, error.retryable) == (error_type, retryable)
    assert len(tavily_mock.requests) == 2  # one try each: the worker tries again, and records it


async def test_a_rate_limit_says_how_long_to_wait(tavily_mock):
    tavily_mock.play("rate_limited")

    assert (await error_of(tavily_mock.search().search("x", 5))).retry_after == 2


async def test_a_refused_key_is_named_by_its_setting(tavily_mock):
    tavily_mock.play("auth_error")

    assert "TAVILY_API_KEY" in str(await error_of(tavily_mock.search().search("x", 5)))


async def test_a_page_that_cannot_be_read_is_an_error_for_good(tavily_mock):
    search = tavily_mock.search()

    gone = await error_of(search.read("https://example.com/gone"))
    assert (gone.error_type, gone.retryable) == ("network", False)
    assert "404 Not Found" in str(gone)

    tavily_mock.play("empty_page")
    assert (await error_of(search.read(SEA))).retryable is False
    tavily_mock.play("page_forbidden")
    assert (await error_of(search.read(SEA))).error_type == "validation"


async def test_a_document_is_not_looked_for_on_the_web(tavily_mock):
    assert (await error_of(tavily_mock.search().read("note:sea"))).error_type == "validation"
    assert tavily_mock.requests == []


async def test_a_slow_answer_is_given_up_in_time(tavily_mock):
    tavily_mock.play("slow")
    tavily_mock.delay = 3600  # seconds, which is to say never

    error = await error_of(tavily_mock.search(timeout=0.1).search("x", 5))

    assert error.error_type == "timeout"


async def test_cancelling_a_call_ends_it(tavily_mock):
    tavily_mock.play("slow")
    tavily_mock.delay = 5
    running = asyncio.create_task(tavily_mock.search().search("x", 5))
    await asyncio.sleep(0.05)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_it_sends_through_the_shared_client(tavily_mock):
    sent = []

    async def note(request):
        sent.append(request.url.host)

    tavily_mock.client.event_hooks = {"request": [note]}

    await tavily_mock.search().search("x", 5)

    assert sent == ["tavily.test"]


async def test_the_shared_client_never_gets_the_key(tavily_mock):
    before = (dict(tavily_mock.client.headers), tavily_mock.client.base_url)

    await tavily_mock.search().search("x", 5)

    assert (dict(tavily_mock.client.headers), tavily_mock.client.base_url) == before
    assert tavily_mock.headers[0]["authorization"] == f"Bearer {KEY}"
    assert tavily_mock.headers[0]["user-agent"].startswith("dossier/")


@pytest.mark.parametrize("key", ["", "two words", "tvly-ключ", "tvly\n"])
async def test_a_key_that_cannot_be_one_is_a_bad_setting(tavily_mock, key):
    with pytest.raises(BadSetting, match="TAVILY_API_KEY"):
        TavilySearch(tavily_mock.client, api_key=key)


async def test_an_address_that_cannot_be_one_is_a_bad_setting(tavily_mock):
    with pytest.raises(BadSetting, match="TAVILY_BASE_URL"):
        TavilySearch(tavily_mock.client, api_key=KEY, base_url="tavily.test")
