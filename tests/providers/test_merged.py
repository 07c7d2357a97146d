"""Several searches merge by rank, each page once.

None of them can take the others down.
"""

import asyncio

import pytest

from app.agent.ports import Hit, PageReply, SearchReply
from app.domain.events import FailedPart, Usage
from app.errors import ProviderError
from app.providers.merged import MergedSearch


class Fixed:
    """A search with fixed hits, or with an error."""

    def __init__(self, name, scope, *urls, error=None, cost=0.0, pages=()):
        self.name, self.scope, self.error, self.cost, self.pages = name, scope, error, cost, pages
        self.urls, self.asked, self.reads = urls, [], []

    async def search(self, query, limit, *, allowed=(), blocked=(), **_):
        self.asked.append((query, limit, allowed, blocked))
        await asyncio.sleep(0.05)
        if self.error:
            raise self.error
        hits = tuple(Hit(url, f"{self.name} {url}", "", 0.5) for url in self.urls[:limit])
        return SearchReply(hits, Usage(searches=1, cost_usd=self.cost))

    async def read(self, url):
        self.reads.append(url)
        if url not in self.pages:
            raise ProviderError("validation", f"{self.name} has no {url}", retryable=False)
        return PageReply(f"{self.name}: {url}")


def away(*, retryable=True):
    return ProviderError("network", "away", retryable=retryable)


async def test_hits_come_rank_by_rank_and_each_page_once():
    web = Fixed("web", "web", "https://a.example/", "https://b.example", "https://c.example")
    corpus = Fixed("corpus", "corpus", "note:x", "http://a.example#top")

    reply = await MergedSearch([web, corpus]).search("q", 4, allowed=("a.example",), blocked=("b.example",))

    urls = [hit.url for hit in reply.hits]
    assert urls == ["note:x", "https://a.example/", "https://b.example", "https://c.example"]
    assert web.asked == corpus.asked == [("q", 4, ("a.example",), ("b.example",))]


async def test_all_are_asked_at_once():
    searches = [Fixed(f"s{n}", "web", f"https://{n}.example") for n in range(10)]

    async with asyncio.timeout(0.3):
        reply = await MergedSearch(searches).search("q", 20)

    assert len(reply.hits) == 10


async def test_one_that_fails_takes_nothing_from_the_rest():
    web, corpus = Fixed("web", "web", error=away()), Fixed("corpus", "corpus", "note:x")

    reply = await MergedSearch([web, corpus]).search("q", 5)

    assert [hit.url for hit in reply.hits] == ["note:x"]
    assert reply.failed_parts == (FailedPart("web", "network", "away", True),)


async def test_it_fails_when_all_fail_and_says_whether_trying_again_can_help():
    searches = [Fixed("a", "corpus", error=away(retryable=False)), Fixed("b", "web", error=away())]

    with pytest.raises(ProviderError) as caught:
        await MergedSearch(searches).search("q", 5)

    assert caught.value.retryable


async def test_a_bug_is_not_taken_for_a_provider_that_is_away():
    searches = [Fixed("a", "web", error=ZeroDivisionError()), Fixed("b", "corpus", "note:x")]

    with pytest.raises(ZeroDivisionError):
        await MergedSearch(searches).search("q", 5)


async def test_its_bill_is_the_sum_and_unknown_where_one_of_them_is():
    one, two = Fixed("a", "web", cost=0.008), Fixed("b", "corpus", cost=0.0)
    unknown = Fixed("c", "web", cost=None)

    assert (await MergedSearch([one, two]).search("q", 5)).usage == Usage(searches=2, cost_usd=0.008)
    assert (await MergedSearch([one, unknown]).search("q", 5)).usage.cost_usd is None


async def test_a_page_is_read_where_it_can_be():
    page = "https://a.example/"
    web = Fixed("web", "web", pages=(page,))
    corpus = Fixed("corpus", "corpus", pages=("note:x", "https://b.example/"))
    merged = MergedSearch([web, corpus])

    assert (await merged.read("note:x")).text == "corpus: note:x"
    assert (await merged.read("https://b.example/")).text == "corpus: https://b.example/"
    assert (await merged.read(page)).text == f"web: {page}"
    assert web.reads == [page]


async def test_the_web_is_not_asked_for_a_document():
    web = Fixed("web", "web", pages=("note:gone",))
    merged = MergedSearch([web, Fixed("corpus", "corpus")])

    with pytest.raises(ProviderError, match="corpus has no"):
        await merged.read("note:gone")
    assert web.reads == []


async def test_cancelling_it_cancels_all_of_them():
    slow = Fixed("a", "web", "https://a.example")
    running = asyncio.create_task(MergedSearch([slow]).search("q", 5))
    await asyncio.sleep(0.01)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


def test_it_is_named_after_what_it_merges():
    merged = MergedSearch([Fixed("tavily", "web"), Fixed("corpus", "corpus")])

    assert (merged.name, merged.scope) == ("tavily+corpus", "both")
