"""Workers embed what is new, changed, or for another model."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from app.domain.caller import ANYBODY, Caller
from app.store import costs, documents, embedding_models, quotas
from app.store.database import fetch
from app.store.quotas import read_quotas, set_quota
from app.store.tenants import add_tenant
from app.worker import passage_embedder
from dossier.cost_types import CostRow
from dossier.tenant_types import Quota
from tests.embedding.test_documents_by_meaning import PEAK, SEA, WHALE, found, put_all

VECTORS = "SELECT count(*)::integer FROM passage_vectors"
WAITING = "SELECT count(*)::integer FROM unembedded"
OWN_KEY = """
    INSERT INTO provider_keys (tenant, provider, base_url, sealed, set_by)
    VALUES ('own', 'embedding', '', '', '')"""
NOW = "UPDATE unembedded SET next_at = now()"


async def count(engine, sql):
    return (await fetch(engine, sql))[0][0]


async def states(engine):
    return dict(map(tuple, await fetch(engine, "SELECT name, state FROM embedding_models")))


async def test_a_changed_passage_is_embedded_again_and_others_are_not(engine, embedding, mock):
    long = "\n\n".join(f"{SEA} {number} " + "So it is. " * 90 for number in range(3))
    await documents.put(engine, ANYBODY, "note:a", "", long)
    await embedding.work()
    asked = sum(len(request["input"]) for request in mock.requests)

    await documents.put(engine, ANYBODY, "note:a", "", long.replace("level. 2", "level. 7"))
    await embedding.work()

    assert sum(len(request["input"]) for request in mock.requests) == asked + 1
    assert (await count(engine, VECTORS), await count(engine, WAITING)) == (asked, 0)


async def test_a_removed_document_takes_its_vectors_with_it(engine, embedding):
    await put_all(engine)
    await embedding.work()

    await documents.remove(engine, ANYBODY, "note:sea")

    assert await count(engine, VECTORS) == 2


async def test_a_changed_document_is_found_by_its_words_until_it_is_embedded(engine, embedding):
    await put_all(engine)
    await embedding.work()

    await documents.put(engine, ANYBODY, "note:sea", "note:sea", WHALE)

    assert await found(embedding, "Meereshöhe") == []
    assert "note:sea" in await found(embedding, "largest animal")


async def test_another_model_is_made_beside_and_takes_over_once_it_is_complete(
    engine, embedding, mock, monkeypatch
):
    await put_all(engine)
    await embedding.work()
    embedding.want("other", query_prefix="query: ")
    mock.play("server_error")
    await embedding.work()

    assert await states(engine) == {"m": "serving", "other": "making"}
    mock.play("success")
    hits = await embedding.finder.find(ANYBODY, "Auf Meereshöhe?", 5)
    assert (hits.embedder, mock.requests[-1]["model"]) == ("embedding:m", "m")

    monkeypatch.setattr(passage_embedder, "SHORTEST_PAUSE", 0.0)
    embedding.want("other", query_prefix="query: ")
    await embedding.work()

    assert await states(engine) == {"other": "serving"}
    assert await count(engine, VECTORS) == 3
    hits = await embedding.finder.find(ANYBODY, "Auf Meereshöhe?", 5)
    assert (hits.embedder, hits.passages[0].url) == ("embedding:other", "note:sea")
    assert mock.requests[-1]["input"] == ["query: Auf Meereshöhe?"]


async def test_a_server_that_fails_leaves_documents_to_their_words(engine, embedding, mock):
    await put_all(engine)
    mock.play("server_error")

    await embedding.work()

    assert await found(embedding, "largest animal") == ["note:whale"]
    assert await count(engine, WAITING) == 3
    assert "answered 500" in await count(engine, "SELECT error FROM embedding_models")


async def test_a_document_that_the_server_refuses_does_not_keep_others_from_vectors(engine, embedding, mock):
    await put_all(engine)
    mock.refused = "Everest"

    await embedding.work()

    assert await count(engine, VECTORS) == 2
    for _ in range(embedding_models.MAX_EMBEDDING_TRIES - 1):
        await fetch(engine, NOW)
        await embedding.work()
    told = await embedding_models.progress(engine, ANYBODY, is_wanted=True)
    assert (told.is_on, told.documents) == (True, 3)
    assert [(one.waiting, one.failed, one.state) for one in told.models] == [(0, 1, "serving")]

    mock.refused = ""
    embedding.want("m")  # a worker starts again
    await embedding.work()
    assert await count(engine, VECTORS) == 3


@pytest.mark.parametrize("profile", ["unknown_model", "no_money"])
async def test_a_server_that_refuses_everything_costs_no_document_its_vectors(
    engine, embedding, mock, monkeypatch, profile
):
    await put_all(engine, {f"note:{number}": f"{SEA} {number}" for number in range(12)})
    mock.play(profile)

    await embedding.work()

    assert len(mock.requests) == 1 + passage_embedder.REFUSED_IN_A_ROW + 1
    assert await count(engine, "SELECT count(*)::integer FROM unembedded WHERE next_at <= now()") == 4
    assert "answered 40" in await count(engine, "SELECT error FROM embedding_models")
    mock.play("success")
    await fetch(engine, NOW)
    embedding.want("m")  # after the pause
    await embedding.work()
    assert await count(engine, VECTORS) == 12


async def test_a_server_that_goes_away_is_not_asked_for_each_document(engine, embedding, mock):
    await put_all(engine, {f"note:{number}": f"{SEA} {number}" for number in range(12)})
    mock.play("unknown_model", "success", "server_error")

    await embedding.work()

    assert len(mock.requests) == 3
    assert await count(engine, VECTORS) == 1
    assert await count(engine, "SELECT count(*)::integer FROM unembedded WHERE next_at <= now()") == 11


async def test_nothing_is_paid_for_what_another_worker_has_by_now(engine, embedding, mock):
    await put_all(engine)
    model = await embedding_models.want_model(engine, None, embedding.embedder.wanted)
    claim = await embedding_models.claim_unembedded(engine, model.model_id, "", timedelta(0))
    await embedding_models.claim_unembedded(engine, model.model_id, "", timedelta(1))

    assert await embedding.worker._embed_documents(embedding.embedder, model, claim)

    assert mock.requests == []


@pytest.mark.parametrize(("profile", "tokens"), [("zeros", 40), ("countless", 0)])
async def test_what_was_paid_is_on_record_whatever_came(engine, embedding, mock, profile, tokens):
    await documents.put(engine, ANYBODY, "note:sea", "", SEA)
    mock.play(profile)

    await embedding.work()

    [use] = await fetch(engine, "SELECT tokens, unknown_cost_requests FROM embedding_uses")
    assert tuple(use) == (tokens, int(not tokens))


async def test_idle_workers_ask_one_statement_however_many_models_there_are(engine, embedding, monkeypatch):
    for tenant in ("a", "b", "c"):
        await embedding_models.want_model(engine, tenant, embedding.embedder.wanted)
    await embedding.work()
    await fetch(engine, "UPDATE embedding_models SET state = 'serving', checked_at = now()")
    asked = []
    ask = engine.ask

    async def noted(scope, sql, params):
        asked.append(sql)
        return await ask(scope, sql, params)

    monkeypatch.setattr(engine, "ask", noted)

    assert not await embedding.worker.work()
    assert asked == [embedding_models.BUSY_MODELS]


async def test_each_tenant_has_its_turn_and_finds_its_own(engine, embedding, mock):
    for number in range(embedding_models.DOCUMENTS_OF_CLAIM + 1):
        await documents.put(engine, Caller("large"), f"note:{number}", "", f"{PEAK} {number}")
    await documents.put(engine, Caller("small"), "note:sea", "", SEA)

    await embedding.worker.work()
    await embedding.worker.work()

    assert await found(embedding, "Meereshöhe", caller=Caller("small")) == ["note:sea"]
    assert await found(embedding, "Meereshöhe", caller=Caller("large")) == []


async def test_the_cost_of_vectors_is_on_record(engine, embedding):
    await put_all(engine)

    await embedding.work()

    [use] = await fetch(
        engine, "SELECT tenant, model, passages, tokens > 0, cost_usd > 0 FROM embedding_uses"
    )
    assert tuple(use) == ("default", "m", 3, True, True)


async def test_a_worker_that_leaves_gives_its_documents_back(engine, embedding, mock):
    await put_all(engine)
    model = await embedding_models.want_model(engine, None, embedding.embedder.wanted)
    claim = await embedding_models.claim_unembedded(engine, model.model_id, "", timedelta(hours=1))

    assert await embedding_models.claim_unembedded(engine, model.model_id, "", timedelta(1)) is None
    await embedding_models.release(engine, claim)
    assert await embedding_models.beat(engine, claim, timedelta(1)) is None, "it is not its any more"
    await embedding.work()
    assert await count(engine, VECTORS) == 3


@pytest.fixture
async def own(engine, embedding):
    """The tenant "own" has a server of its own."""
    await fetch(engine, "INSERT INTO data_keys (tenant, master_id, wrapped) VALUES ('own', '', '')")
    await fetch(engine, OWN_KEY)
    shared, theirs = embedding.embedder, embedding.made("m", "own")

    async def of(tenant):
        return theirs if tenant == "own" else shared

    embedding.use(of)
    return theirs


async def test_a_tenant_with_a_server_of_its_own_sends_its_documents_there_alone(
    engine, embedding, own, mock
):
    await documents.put(engine, Caller("own"), "note:sea", "", SEA)
    await documents.put(engine, ANYBODY, "note:peak", "", PEAK)

    await embedding.work()

    keys = {
        text: headers["authorization"]
        for request, headers in zip(mock.requests, mock.headers, strict=True)
        for text in request["input"]
    }
    assert {text.strip(): key for text, key in keys.items()} == {SEA: "Bearer own", PEAK: "Bearer secret"}
    assert await found(embedding, "Meereshöhe", caller=Caller("own")) == ["note:sea"]

    await fetch(engine, "DELETE FROM provider_keys")
    embedding.use(embedding.of)
    await embedding.work()
    assert await count(engine, "SELECT array_agg(tenant) FROM embedding_models") == [None]
    assert await found(embedding, "Meereshöhe", caller=Caller("own")) == ["note:sea"]


async def test_a_tenant_that_may_not_spend_waits_and_nobody_with_it(engine, embedding):
    for tenant in ("acme", "b", "z"):
        await add_tenant(engine, tenant)
        await documents.put(engine, Caller(tenant), "note:sea", "", SEA)
    await set_quota(engine, "b", Quota(max_usd_per_month=1e-9))
    await embedding.work()
    await documents.put(engine, Caller("b"), "note:peak", "", PEAK)
    await documents.put(engine, Caller("z"), "note:peak", "", PEAK)
    embedding.want("other")

    await embedding.work()

    told = await embedding_models.progress(engine, Caller("b"), is_wanted=True)
    assert [(one.name, one.waiting, one.error) for one in told.models] == [("other", 2, quotas.SPENT)]
    assert await states(engine) == {"other": "serving"}
    assert await count(engine, VECTORS) == 3  # of acme, and two of z
    await set_quota(engine, "b", Quota(max_usd_per_month=1.0))
    await embedding.work()
    assert await count(engine, WAITING) == 0


async def test_what_embedding_costs_counts_for_the_quota_and_again_with_a_new_one(engine, embedding):
    await set_quota(engine, "default", Quota(max_usd_per_month=1.0, max_tokens_per_month=1000))
    await put_all(engine)
    await embedding.work()
    [used] = await fetch(engine, "SELECT tokens, cost_usd FROM embedding_uses")

    for _ in range(2):
        [quota] = await read_quotas(engine)
        assert (quota.used_tokens, quota.spent_usd, quota.jobs_today) == (*used, 0)
        await set_quota(engine, "default", Quota(max_usd_per_month=1.0, max_tokens_per_month=1000))


async def test_what_jobs_have_reserved_is_not_spent_on_documents(engine, embedding):
    await set_quota(engine, "default", Quota(max_usd_per_month=1.0))
    await fetch(engine, "SELECT reserve_quota(gen_random_uuid(), 'default', NULL, 1.0, NULL)")
    await put_all(engine)

    await embedding.work()
    assert await count(engine, VECTORS) == 0

    await fetch(engine, "UPDATE quota_reservations SET made_at = now() - interval '2 minutes'")
    await embedding.work()
    assert await count(engine, VECTORS) == 3, "the job never came"


@pytest.mark.parametrize(("by", "name"), [("day", None), ("tenant", "default"), ("model", "embedding:m")])
async def test_what_documents_cost_is_among_the_costs(engine, embedding, by, name):
    await put_all(engine)
    await embedding.work()
    since = datetime.now(UTC).date()

    for caller in (Caller("default"), Caller("default", scopes=("read",))):
        [row] = await costs.add_up(engine, caller, by, since)
        assert row.name == (name or str(since))
        assert (row.jobs, row.unknown_cost_calls) == (0, 0)
        assert row.cost_usd == row.documents_usd > 0
        assert row.tokens > 0
    assert await costs.add_up(engine, Caller("else"), by, since) == []
    assert await costs.add_up(engine, Caller("default"), "tag", since) == []


def test_jobs_and_documents_of_one_day_are_one_row():
    jobs = CostRow(name="2026-01-02", jobs=3, cost_usd=1.0, unknown_cost_calls=1, tokens=10)
    same = replace(jobs, jobs=0, cost_usd=0.5, unknown_cost_calls=0, tokens=5, documents_usd=0.5)
    later = replace(same, name="2026-01-03")

    found = costs.joined_rows([jobs], [later, same], "day")

    assert [row.name for row in found] == ["2026-01-03", "2026-01-02"]
    assert (found[1].jobs, found[1].cost_usd, found[1].documents_usd, found[1].tokens) == (3, 1.5, 0.5, 15)
