"""`dossier doctor --call` asks the servers that embed and rerank once."""

import asyncio

import pytest

from app.cli.provider_checks import provider_checks
from app.providers.http import make_client
from app.settings import Settings
from tests.mocks import reranking
from tests.mocks.embedding import MockEmbeddings
from tests.mocks.reranking import MockReranker
from tests.mocks.serving import served


async def checked(settings, *, calls=True):
    return await asyncio.to_thread(lambda: list(provider_checks(settings, calls=calls)))


@pytest.fixture
async def reranker(monkeypatch):
    monkeypatch.setattr(reranking, "WANTED", "sea level")
    async with make_client() as client, served(mock := MockReranker(client)) as url:
        yield mock, Settings(rerank_url=url, rerank_model="m", rerank_key="secret")


async def test_without_their_addresses_nothing_is_said():
    assert await checked(Settings()) == []


async def test_one_that_answers_is_fine():
    async with make_client() as client, served(MockEmbeddings(client)) as url:
        [found] = await checked(Settings(embedding_url=url, embedding_model="m"))
    assert (found.check, found.grade) == ("embeddings", "ok")
    assert found.said == "embedding:m answered with 4 dimensions at an unknown cost."


async def test_a_reranker_is_asked_only_where_that_is_wanted(reranker):
    mock, settings = reranker

    [silent] = await checked(settings, calls=False)
    assert (silent.said, mock.requests) == ("m; it was not called (--call does).", [])

    [asked] = await checked(settings)
    assert (asked.grade, len(mock.requests)) == ("ok", 1)


async def test_what_sorts_the_wrong_way_round_is_named(reranker, monkeypatch):
    monkeypatch.setattr(reranking, "WANTED", "Whales")
    _, settings = reranker

    [found] = await checked(settings)
    assert found.grade == "warning"


@pytest.mark.parametrize("profile", ["auth_error", "html", "server_error"])
async def test_one_that_fails_is_a_problem_without_its_key(reranker, profile):
    mock, settings = reranker
    mock.play(profile)

    [found] = await checked(settings)
    assert found.grade == "problem"
    assert "secret" not in found.said
