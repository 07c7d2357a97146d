"""A reranker is believed only where it scores each passage."""

import socket

import httpx
import pytest

from app.agent.ports import PartlyPaid
from app.configuration import reranker_of
from app.errors import ProviderError
from app.providers import reranking
from app.providers.http import make_client
from app.providers.prices import Price
from app.providers.reranking import MAX_RANKED_QUERY, MAX_RANKED_TEXT, ServerReranker
from app.providers.resting import ServerRest
from app.settings import Settings
from tests.mocks.reranking import MockReranker, answering
from tests.mocks.serving import served

PASSAGES = ["the sea", "the blue whale", "the peak"]
UNREADABLE = {"html", "none", "too_few", "too_many", "twice", "below", "beyond", "words", "empty_scores"} | {
    "a_share",
    "endless",
    "not_a_number",
    "deep",
    "cut",
    "huge",
    "bytes",
    "nothing",
}
REFUSALS = {
    "auth_error": "auth",
    "too_long": "resource",
    "rate_limit": "rate_limit",
    "server_error": "network",
    "disconnected": "network",
} | dict.fromkeys(UNREADABLE, "validation")


@pytest.fixture
async def mock():
    async with make_client() as client:
        yield MockReranker(client)


@pytest.fixture
async def url(mock):
    async with served(mock) as url:
        yield url


def reranker(mock, url, model="m", **given):
    return ServerReranker(mock.client, url=url, model=model, key="secret", **given)


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/rerank"])
async def test_a_named_model_is_asked_as_most_servers_are(mock, url, path):
    found = await reranker(mock, url + path, price=Price(2.0, 0.0)).rerank("largest animal?", PASSAGES)

    assert found.scores == (-2.007, 3.5, -2.008)
    assert (found.usage.input_tokens, found.usage.cost_usd) == (40, 0.00008)
    [asked] = mock.requests
    assert asked == {"model": "m", "query": "largest animal?", "documents": PASSAGES, "top_n": 3}
    assert mock.headers[0]["authorization"] == "Bearer secret"


async def test_without_a_model_it_is_asked_as_text_embeddings_inference(mock, url):
    found = await reranker(mock, url, model="").rerank("largest animal?", PASSAGES)

    assert found.scores == (-2.007, 3.5, -2.008)
    assert found.usage.cost_usd is None  # a price that nobody knows is not 0
    assert mock.requests == [{"query": "largest animal?", "texts": PASSAGES, "truncate": True}]


async def test_a_text_is_cut_before_it_is_sent(mock, url):
    await reranker(mock, url).rerank("q" * 10_000, ["a" * 1_000_000, "b"])

    asked = mock.requests[0]
    assert [len(text) for text in asked["documents"]] == [MAX_RANKED_TEXT, 1]
    assert len(asked["query"]) == MAX_RANKED_QUERY


def test_each_profile_has_its_error():
    assert {*REFUSALS} == {*MockReranker.profiles} - {"success"}


@pytest.mark.parametrize("profile", sorted(REFUSALS))
async def test_whatever_else_is_answered_is_a_typed_error(profile):
    async with make_client() as client:
        mock = MockReranker(client)
        mock.play(profile)
        transport = httpx.MockTransport(mock.answer)
        async with httpx.AsyncClient(transport=transport) as answered:
            asked = ServerReranker(answered, url="https://rerank.test", model="m", key="secret")
            with pytest.raises(ProviderError) as caught:
                await asked.rerank("q", PASSAGES)

    assert caught.value.error_type == REFUSALS[profile]
    assert "secret" not in str(caught.value)


async def test_a_server_that_failed_is_left_alone_for_a_while(mock, url):
    mock.play("server_error", "success")
    asked = reranker(mock, url)
    for _ in range(3):
        with pytest.raises(ProviderError, match="answered 500"):
            await asked.rerank("q", PASSAGES)

    assert len(mock.requests) == 1


async def test_what_it_refuses_of_one_question_keeps_nobody_elses_from_it(mock, url):
    mock.play("too_long", "twice", "success")
    asked = reranker(mock, url)
    for error_type in ("resource", "validation"):
        with pytest.raises(ProviderError) as caught:
            await asked.rerank("q", PASSAGES)
        assert caught.value.error_type == error_type

    assert (await asked.rerank("largest animal?", PASSAGES)).scores[1] == 3.5


async def test_a_ranking_that_cannot_be_read_was_paid_for(mock, url):
    mock.profiles = {"counted": answering((0, 0.1), usage={"total_tokens": 40})}
    mock.play("counted")

    with pytest.raises(PartlyPaid) as caught:
        await reranker(mock, url, price=Price(2.0, 0.0)).rerank("q", PASSAGES)

    assert (caught.value.usage.input_tokens, caught.value.usage.cost_usd) == (40, 0.00008)


def test_an_error_that_is_raised_again_keeps_nobodys_frames():
    rest = ServerRest()
    rest.begin(ProviderError("network", "It is away.", retryable=True), 60.0)
    depths = set()
    for _ in range(3):
        with pytest.raises(ProviderError, match="It is away") as caught:
            rest.check()
        depths.add(len(caught.traceback))

    assert len(depths) == 1


@pytest.mark.parametrize("said", [10**30, -1, "many", None, [], {"total": 1}, 2.5, float(2**40)])
async def test_a_count_that_no_server_reaches_is_not_known(mock, url, said):
    mock.profiles = {"odd": answering(*((at, 0.1) for at in range(3)), usage={"total_tokens": said})}
    mock.play("odd")

    used = (await reranker(mock, url, price=Price(2.0, 0.0)).rerank("q", PASSAGES)).usage

    assert (used.input_tokens, used.cost_usd) in ((0, None), (2, 0.000004))


async def test_after_that_while_it_is_asked_again(mock, url, monkeypatch):
    monkeypatch.setattr(reranking, "RERANK_PAUSE", 0.0)
    mock.play("server_error", "success")
    asked = reranker(mock, url)
    with pytest.raises(ProviderError, match="answered 500"):
        await asked.rerank("q", PASSAGES)

    assert (await asked.rerank("q", PASSAGES)).scores[1] == 3.5


async def test_one_that_hangs_is_given_up(mock, monkeypatch):
    monkeypatch.setattr(reranking, "RERANK_TIMEOUT", 0.2)

    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes the request, and nobody reads it
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ProviderError, match="did not answer") as caught:
            await reranker(mock, address).rerank("q", PASSAGES)

    assert (caught.value.error_type, caught.value.retryable) == ("timeout", True)


async def test_settings_choose_it():
    async with make_client() as client:
        assert reranker_of(Settings(), client) is None
        found = reranker_of(Settings(rerank_url="http://h/v1", rerank_model="m", rerank_key="k"), client)
    assert found.name == "rerank:m"
