"""A reranker sorts what a search of documents found, losing nothing."""

from datetime import UTC, datetime

import pytest

from app.agent import interpret
from app.agent.calls import SearchCall
from app.document_finding import search_documents
from app.document_ranking import RankingFinder
from app.domain.caller import ANYBODY
from app.domain.events import Usage
from app.providers.corpus_search import CorpusSearch
from app.providers.http import make_client
from app.providers.prices import Price
from app.providers.reranking import ServerReranker
from app.providers.usage_sum import together
from app.store import costs, documents, quotas
from app.store.database import fetch
from app.store.quotas import set_quota
from app.worker.call_maker import completed
from dossier.document_types import DocumentSearch
from dossier.tenant_types import Quota
from tests.domain.given_jobs import STARTED, SUBMITTED, given
from tests.mocks.reranking import MockReranker
from tests.mocks.serving import served

QUESTION = "Which animal of the sea is the largest?"
TEXTS = {
    "note:sea": "The sea is large, and which animal of the sea swims there is not known.",
    "note:whale": "The blue whale is the largest of the sea.",
    "note:peak": "Which mountain is the largest?",
}


@pytest.fixture
async def mock():
    async with make_client() as client:
        yield MockReranker(client)


@pytest.fixture
async def finder(engine, mock):
    for url, text in TEXTS.items():
        await documents.put(engine, ANYBODY, url, url, text)
    async with served(mock) as url:
        asked = ServerReranker(mock.client, url=url, model="m", key="secret", price=Price(1.0, 0.0))

        async def of(_tenant):
            return asked

        yield RankingFinder(engine, None, of)


async def searched(finder, limit=3):
    async def find(query, most):
        return await finder.find(ANYBODY, query, most)

    return await CorpusSearch(find, read=None).search(QUESTION, limit)


async def test_the_best_passage_comes_first_and_both_places_are_told(finder, mock):
    reply = await searched(finder)

    ranks = [(hit.url, hit.search_rank, hit.rerank_rank) for hit in reply.hits]
    assert ranks == [("note:whale", 2, 1), ("note:peak", 3, 2), ("note:sea", 1, 3)]
    assert reply.hits[0].relevance == 3.5
    assert (reply.reranker, reply.failed_parts) == ("rerank:m", ())
    assert (reply.usage.searches, reply.usage.input_tokens, reply.usage.cost_usd) == (1, 40, 0.00004)
    assert mock.requests[0]["documents"][0] == f"note:sea\n{TEXTS['note:sea']}"


async def test_it_looks_at_more_than_are_wanted(finder):
    [hit] = (await searched(finder, limit=1)).hits

    assert hit.url == "note:whale"


@pytest.mark.parametrize("profile", ["server_error", "html", "twice", "auth_error"])
async def test_without_an_answer_the_order_of_the_search_stands(finder, mock, profile):
    mock.play(profile)

    reply = await searched(finder, limit=2)

    assert [hit.url for hit in reply.hits] == ["note:sea", "note:whale"]
    assert not reply.reranker
    [failure] = reply.failed_parts
    assert failure.provider == "rerank:m"
    assert "secret" not in failure.error_message


async def test_the_log_has_the_places_and_who_sorted(finder):
    call, reply = SearchCall("1/search/1", QUESTION, 3), await searched(finder)
    job = given(SUBMITTED, STARTED)

    assert completed(call, reply, 5).reranker == "rerank:m"
    first = interpret.found_sources(job, call, reply, {})[0]
    assert (first.url, first.search_rank, first.rerank_rank, first.relevance) == ("note:whale", 2, 1, 3.5)


@pytest.mark.parametrize(
    ("one", "other", "sum_"), [(0.5, 0.25, 0.75), (0.5, None, None), (None, 0.25, None), (0.0, 0.0, 0.0)]
)
def test_a_price_that_nobody_knows_makes_the_sum_unknown(one, other, sum_):
    used = together(Usage(searches=1, cost_usd=one), Usage(input_tokens=3, cost_usd=other))

    assert (used.cost_usd, used.input_tokens, used.searches) == (sum_, 3, 1)


async def test_a_search_outside_of_a_job_tells_who_sorted_and_what_it_cost(finder, engine):
    wanted = DocumentSearch(QUESTION, 3)

    told = await search_documents(engine, finder, ANYBODY, wanted)

    assert (told.documents[0].url, told.documents[0].relevance) == ("note:whale", 3.5)
    assert (told.reranker, told.rerank_failure, told.failure) == ("rerank:m", "", "")
    [use] = await fetch(engine, "SELECT model, passages, tokens, cost_usd FROM embedding_uses")
    assert tuple(use) == ("rerank:m", 0, 40, 0.00004)
    [cost] = await costs.add_up(engine, ANYBODY, "model", datetime.now(UTC).date())
    assert (cost.name, cost.documents_usd) == ("rerank:m", 0.00004)


async def test_a_search_of_a_tenant_that_may_not_spend_asks_nobody(finder, engine, mock):
    await set_quota(engine, "default", Quota(max_tokens_per_month=1))
    await search_documents(engine, finder, ANYBODY, DocumentSearch(QUESTION))

    told = await search_documents(engine, finder, ANYBODY, DocumentSearch(QUESTION))

    assert len(mock.requests) == 1
    assert (len(told.documents), told.reranker, told.rerank_failure) == (3, "", quotas.SPENT)


async def test_a_search_may_be_of_some_collections(finder, engine):
    new = documents.DocumentToStore("note:new", "", "An animal of the sea.", ["ours"])
    await documents.store(engine, ANYBODY, new)

    told = await search_documents(engine, finder, ANYBODY, DocumentSearch(QUESTION, 3, ("ours",)))

    assert [one.url for one in told.documents] == ["note:new"]
