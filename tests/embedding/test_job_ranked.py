"""A log says how a reranker sorted documents."""

import pytest
from msgspec import UNSET

from app import handle
from app.document_ranking import RankingFinder
from app.domain import events as e
from app.domain import tools
from app.domain.caller import ANYBODY
from app.domain.view import job_view
from app.providers.corpus_search import CorpusSearch
from app.providers.http import make_client
from app.providers.reranking import ServerReranker
from app.store import documents
from dossier.request import ResearchRequest
from tests.embedding.test_documents_ranked import QUESTION, TEXTS
from tests.mocks.reranking import MockReranker
from tests.mocks.serving import served
from tests.replays import assert_all_replay
from tests.scripted import PLAN
from tests.steps import whole_log
from tests.worker.working import over, working

REPORT = tools.WriteReport("Whales", "The blue whale is the largest of the sea [1].", "high")


@pytest.fixture
async def mock(engine, house):
    """A reranker on loopback, which the house's search of documents asks."""
    for url, text in TEXTS.items():
        await documents.put(engine, ANYBODY, url, url, text)
    async with make_client() as client, served(mock := MockReranker(client)) as url:
        asked = ServerReranker(client, url=url, model="m")

        async def of(_tenant):
            return asked

        finder = RankingFinder(engine, None, of)
        house.search = CorpusSearch(
            lambda query, limit: finder.find(ANYBODY, query, limit),
            lambda url: documents.read(engine, ANYBODY, url),
        )
        house.model.script = (PLAN, tools.WebSearch((QUESTION,)), tools.ReadPages(("note:whale",)), REPORT)
        yield mock


async def researched(house):
    job, _ = await handle.submit(house.writer, ResearchRequest(QUESTION, verify="off"), tenant="default")
    async with working(house):
        done = await over(house, job.id)
    events = [row.recorded().event for row in await whole_log(house.engine, job.id)]
    [search] = [one for one in events if isinstance(one, e.CallCompleted) and "/search/" in one.key]
    return done, search, [one for one in events if isinstance(one, e.SourceFound)]


async def test_places_before_and_after_stand_in_the_log(house, mock, engine):
    job, search, found = await researched(house)

    assert search.reranker == "rerank:m"
    assert (search.usage.input_tokens, search.usage.cost_usd) == (40, None)
    ranks = [(one.url, one.search_rank, one.rerank_rank) for one in found]
    assert ranks == [("note:whale", 2, 1), ("note:peak", 3, 2), ("note:sea", 1, 3)]
    assert job_view(job).result.outcome == "answered"
    assert await assert_all_replay(engine) == 1
    assert len(mock.requests) == 1


async def test_one_that_fails_is_named_and_changes_nothing_else(house, mock):
    mock.play("server_error")

    job, search, found = await researched(house)

    assert [part.provider for part in search.failed_parts] == ["rerank:m"]
    assert search.reranker is UNSET
    assert [one.url for one in found] == ["note:sea", "note:whale", "note:peak"]
    assert all(one.search_rank is UNSET for one in found)
    assert job_view(job).result.outcome == "answered"
