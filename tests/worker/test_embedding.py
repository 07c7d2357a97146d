"""Claims without matching words get passages by embedding, checked all the same."""

import pytest
from msgspec.structs import replace

from app import handle
from app.agent.ports import PartlyPaid
from app.domain import events as e
from app.domain import tools
from app.domain.research import Research, evolve
from app.providers.embedding import ServerEmbedder
from app.providers.http import make_client
from app.providers.prices import Price
from dossier.request import ResearchRequest
from tests.mocks.embedding import MockEmbeddings
from tests.mocks.serving import served
from tests.replays import assert_all_replay
from tests.scripted import SCRIPT
from tests.worker.scripted_judge import ScriptedJudge
from tests.worker.working import over, types, working

SEA = "Wasser kocht auf Meereshöhe bei 100 Grad Celsius [1]."
PEAK = "Auf dem Everest kocht Wasser bei etwa 70 Grad Celsius [2]."


@pytest.fixture
async def embeddings(house):
    """A server on loopback, and the house's embedder on it."""
    async with make_client() as client, served(mock := MockEmbeddings(client)) as url:
        house.embedder = ServerEmbedder(
            client, url=f"{url}/v1", model="m", key="secret", threshold=0.6, price=Price(1.0, 0.0)
        )
        yield mock


async def written(house, *sentences, embeds=True, **fields):
    """A whole job whose report is these sentences."""
    house.model.script = (*SCRIPT[:-1], tools.WriteReport("Wasser", " ".join(sentences), "high"))
    request = ResearchRequest("Wann kocht Wasser?", **{"verify": "off", **fields})
    job, _ = await handle.submit(house.writer, request, tenant="default", terms=handle.Terms(embeds=embeds))
    async with working(house):
        return await over(house, job.id)


def embedded(job):
    return [claim.number for claim in job.research.report.claims if claim.embedded]


async def test_a_report_in_another_language_keeps_its_citations(house, embeddings):
    job = await written(house, SEA, PEAK)

    claims = job.research.report.claims
    assert [(claim.number, claim.embedded) for claim in claims] == [(1, True), (2, True)]
    assert claims[0].quote == "Water boils at 100 degrees Celsius at sea level."
    assert claims[0].score == 0.99
    assert (job.stop_reason, job.research.bill.embed_calls) == ("answered", 2)
    assert job.research.bill.cost_usd > 0
    assert embeddings.headers[0]["authorization"] == "Bearer secret"
    assert "secret" not in str(await types(house, job.id))


async def test_without_a_server_they_fall_and_nothing_is_called(house):
    job = await written(house, SEA, PEAK, embeds=False)

    assert not embedded(job)
    assert job.research.bill.embed_calls == 0


@pytest.mark.parametrize(
    "false",
    [
        "Wasser kocht auf Meereshöhe bei 90 Grad Celsius [1].",
        "Wasser kocht auf Meereshöhe nicht bei 100 Grad Celsius [1].",
        "Der Wal wiegt 100 Tonnen [1].",
    ],
)
async def test_a_number_a_negation_and_another_meaning_fall(house, embeddings, false):
    job = await written(house, false, PEAK)

    assert embedded(job) == [2]
    assert any("[1]" in line for line in job.research.report.removed)


async def test_a_replay_asks_nobody_and_comes_to_the_same(house, embeddings):
    job = await written(house, SEA, PEAK)
    asked = len(embeddings.requests)

    assert await assert_all_replay(house.engine) == 1
    assert embedded(job) == [1, 2]
    assert len(embeddings.requests) == asked


async def test_the_judge_sees_what_was_embedded(house, embeddings):
    house.judge = ScriptedJudge("Everest", support="partly")

    job = await written(house, SEA, PEAK, verify="cited")

    assert [claim.verdict for claim in job.research.report.claims] == ["supported", "partly"]
    lessons = [type_ for type_ in await types(house, job.id) if not type_.startswith("call_")]
    assert lessons[-5:] == [
        "report_drafted",
        "passages_matched",
        "claims_judged",
        "report_written",
        "job_completed",
    ]
    assert await assert_all_replay(house.engine) == 1


@pytest.mark.parametrize("profile", ["auth_error", "short", "uneven", "html", "deep"])
async def test_a_server_that_fails_leaves_the_report_as_words_decide(house, embeddings, profile):
    embeddings.play(profile)

    job = await written(house, SEA, PEAK)

    assert job.status == "completed"
    assert not embedded(job)


async def test_what_was_paid_before_a_call_broke_off_is_on_the_bill(house, embeddings):
    bare = await written(house, SEA, PEAK, embeds=False)
    embeddings.play("short")

    job = await written(house, SEA, PEAK)

    paid = job.research.bill.input_tokens - bare.research.bill.input_tokens
    assert paid == 40 * len(embeddings.requests) > 0
    assert job.research.bill.cost_usd - bare.research.bill.cost_usd == pytest.approx(paid * 1e-6)


async def test_a_request_that_fails_after_another_tells_what_that_one_cost(house, embeddings):
    embeddings.play("cut_off")

    with pytest.raises(PartlyPaid) as failed:
        await house.embedder.embed(["four"] * 70)

    assert (failed.value.error_type, failed.value.retryable) == ("auth", False)
    assert failed.value.usage == e.Usage(input_tokens=64, cost_usd=64e-6)


def test_a_draft_that_is_set_aside_is_no_draft_any_more():
    draft = e.ReportDrafted("T", "Text [1].", "low", (), unquoted=(e.Unquoted("Text.", 1),))
    state = evolve(evolve(Research(), draft), e.PassagesMatched("", (), 1))
    assert state.is_matched
    assert evolve(state, replace(draft, is_set_aside=True)).draft is None
