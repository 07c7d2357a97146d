"""The corpus keeps the `Search` port: what answers nothing is no hit."""

from datetime import date

import pytest

from app.agent.ports import SearchBounds
from app.errors import ProviderError
from app.providers.corpus_search import MIN_COVERAGE, CorpusHit, CorpusHits, CorpusSearch
from app.store.documents import DocumentText


def passage(url, coverage):
    return CorpusHit(url, "Yaks", "A yak is an ox.", 0.7, 0.7, coverage)


class Shelf:
    """A corpus of two documents that notes what it was asked."""

    def __init__(self, *passages):
        self.passages, self.asked = passages, []

    async def find(self, query, limit):
        self.asked.append((query, limit))
        return CorpusHits(self.passages[:limit])

    async def read(self, url):
        return DocumentText("A yak is an ox.", "en", "D:20190302") if url == "note:yak" else None


def search_of(*passages):
    shelf = Shelf(*passages)
    return CorpusSearch(shelf.find, shelf.read), shelf


async def test_hits_are_the_passages_in_their_order():
    search, shelf = search_of(passage("note:a", 1.0), passage("note:b", 0.9))

    reply = await search.search("yak", 5)

    assert [(hit.url, hit.title, hit.excerpt, hit.score) for hit in reply.hits] == [
        ("note:a", "Yaks", "A yak is an ox.", 0.7),
        ("note:b", "Yaks", "A yak is an ox.", 0.7),
    ]
    assert shelf.asked == [("yak", 5)]


async def test_the_ranking_decides_once_the_best_passage_speaks_of_the_question():
    search, _ = search_of(passage("note:a", 0.05), passage("note:b", MIN_COVERAGE))

    reply = await search.search("capital of Mongolia", 5)

    assert [hit.url for hit in reply.hits] == ["note:a", "note:b"]


async def test_nothing_is_found_if_every_passage_misses_what_makes_the_question():
    search, _ = search_of(passage("note:a", MIN_COVERAGE - 0.01), passage("note:b", 0.05))

    assert (await search.search("capital of Mongolia", 5)).hits == ()


async def test_a_search_and_a_page_cost_nothing():
    search, _ = search_of(passage("note:a", 1.0))

    found, page = await search.search("yak", 5), await search.read("note:yak")

    assert (found.usage.cost_usd, found.usage.searches) == (0.0, 1)
    assert (page.usage.cost_usd, page.usage.pages, page.text) == (0.0, 1, "A yak is an ox.")


async def test_a_page_that_is_gone_is_an_error_that_trying_again_does_not_help():
    search, _ = search_of()

    with pytest.raises(ProviderError, match="note:gone") as caught:
        await search.read("note:gone")

    assert (caught.value.error_type, caught.value.retryable) == ("validation", False)


async def test_a_document_tells_its_date_and_language_and_that_it_was_not_searched_by_them():
    search, _ = search_of(passage("note:yak", 1.0))
    bounds = SearchBounds(date(2020, 1, 1), language="en")

    found, page = await search.search("yak", 5, bounds=bounds), await search.read("note:yak")

    assert [one.bounds for one in found.unmet_bounds] == [("published_after", "language")]
    assert (page.published, page.language) == ("2019-03-02", "en")
