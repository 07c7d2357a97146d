"""A log says by which list documents were found."""

import pytest
from msgspec import UNSET

from app import handle
from app.agent.provenance import ranks_of
from app.domain import events as e
from app.domain import tools
from app.domain.caller import ANYBODY
from app.providers import embedding as embedder
from app.providers.corpus_search import CorpusSearch
from app.store import documents, log
from dossier.request import ResearchRequest
from tests.embedding.test_documents_by_meaning import put_all
from tests.replays import assert_all_replay
from tests.scripted import PLAN
from tests.worker.working import over, working

QUESTION = "Wann kocht Wasser auf Meereshöhe?"
SEARCH = tools.WebSearch((QUESTION, "sea level"))
REPORT = tools.WriteReport("Wasser", "Water boils at 100 degrees at sea level [1].", "high")


@pytest.fixture
async def run(engine, house, embedding):
    """Research documents that have vectors, returning the job and its events."""
    await put_all(engine)
    await embedding.work()
    house.search = CorpusSearch(
        lambda query, limit: embedding.finder.find(ANYBODY, query, limit),
        lambda url: documents.read(engine, ANYBODY, url),
    )
    house.model.script = (PLAN, SEARCH, tools.ReadPages(("note:sea",)), REPORT)

    async def run():
        job, _ = await handle.submit(house.writer, ResearchRequest(QUESTION, verify="off"), tenant="default")
        async with working(house):
            done = await over(house, job.id)
        told = log.of_types(engine, ANYBODY, job.id, ["source_found", "call_completed"])
        return done, [one.recorded().event async for page in told for one in page]

    return run


def of_type(events, kind):
    return [event for event in events if isinstance(event, kind)]


async def test_ranks_and_the_embedder_stand_in_the_log_and_a_replay_asks_nobody(run, engine, mock):
    job, events = await run()

    [sea, *_] = of_type(events, e.SourceFound)
    ranks = ranks_of(sea)
    assert (sea.url, ranks.meaning_rank, ranks.cosine, ranks.words_rank) == ("note:sea", 1, 1.0, None)
    searches = [event for event in of_type(events, e.CallCompleted) if "/search/" in event.key]
    assert [search.embedder for search in searches] == ["embedding:m"] * 2
    assert all(search.usage.cost_usd > 0 for search in searches)
    assert job.research.bill.cost_usd == pytest.approx(sum(search.usage.cost_usd for search in searches))
    assert job.stop_reason == "answered"
    asked = len(mock.requests)
    assert await assert_all_replay(engine) == 1
    assert len(mock.requests) == asked


async def test_a_server_that_is_down_is_named_and_the_words_are_searched(run, mock, embedding, monkeypatch):
    monkeypatch.setattr(embedder, "QUESTION_PAUSE", 3600.0)
    mock.play("server_error")

    _job, events = await run()

    searches = [event for event in of_type(events, e.CallCompleted) if "/search/" in event.key]
    assert [[part.provider for part in search.failed_parts] for search in searches] == [["embedding:m"]] * 2
    assert all(search.embedder is UNSET for search in searches)
    found = of_type(events, e.SourceFound)
    assert "note:sea" in {source.url for source in found}, "its words are those of the second query"
    assert all(source.meaning_rank is UNSET for source in found)
    asked = len(mock.requests)
    later = await embedding.finder.find(ANYBODY, "the sea", 5)
    assert later.failure.provider == "embedding:m"
    assert len(mock.requests) == asked, "a later search does not wait for it"
