"""Two tenants share a server, and neither sees anything of the other."""

import asyncio

import pytest

from app import handle
from app.api import keyring as keyring_module
from app.domain.caller import Caller
from app.errors import BadSetting, TenantExists, TenantNotFound
from app.store import documents
from app.store.api_keys import add_key
from app.store.tenants import add_tenant, read_tenants, resume_tenant, suspend_tenant
from dossier.request import ResearchRequest
from tests.found_passages import find_passages

ACME, UMBRELLA = Caller("acme"), Caller("umbrella")
YAK = "A yak is a large ox of the mountains of Tibet. It gives milk and wool."


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)


@pytest.fixture
async def keys(engine):
    found = {}
    for caller in (ACME, UMBRELLA):
        await add_tenant(engine, caller.tenant)
        _, text = await add_key(engine, "one", ("read", "submit", "documents", "admin"), None, caller.tenant)
        found[caller.tenant] = {"Authorization": f"Bearer {text}"}
    return found


async def test_two_tenants_may_use_one_idempotency_key(api, keys):
    body, key = {"query": "What is a yak?"}, {"Idempotency-Key": "same"}
    made = [await api.post("/jobs", json=body, headers=keys[name] | key) for name in keys]
    again = [await api.post("/jobs", json=body, headers=keys[name] | key) for name in keys]

    assert [one.status_code for one in made] == [201, 201]
    assert [one.status_code for one in again] == [200, 200]
    assert [one.json()["job_id"] for one in again] == [one.json()["job_id"] for one in made]
    assert len({one.json()["job_id"] for one in made}) == 2


async def test_lists_feeds_figures_and_estimates_are_the_tenants_own(api, keys, house):
    theirs, _ = await handle.submit(house.writer, ResearchRequest("secret?"), tenant=UMBRELLA.tenant)
    for path in ("/jobs", "/events?limit=1000", "/overview", "/sources?url=https://example.com/"):
        own = await api.get(path, headers=keys["acme"])
        assert own.status_code == 200
        assert str(theirs.id) not in own.text, path
        assert "secret?" not in own.text, path
    figures = {
        name: (await api.get("/overview", headers=keys[name])).json()["now"]["pending"] for name in keys
    }
    assert figures == {"acme": 0, "umbrella": 1}


async def test_one_page_may_be_a_document_of_each(engine):
    new = documents.DocumentToStore("https://example.com/yak", "Yaks", YAK)
    stored = [await documents.store(engine, caller, new) for caller in (ACME, UMBRELLA)]

    assert [one.change for one in stored] == ["added", "added"]
    await documents.remove(engine, ACME, "https://")
    assert await documents.text(engine, ACME, new.url) is None
    assert await documents.text(engine, UMBRELLA, new.url) == YAK


async def test_a_search_finds_and_weighs_the_tenants_own_passages_only(engine):
    await documents.put(engine, ACME, "note:yak", "Yaks", YAK)
    alone = await find_passages(engine, ACME, "What is a yak?", 5)
    for number in range(30):
        await documents.put(engine, UMBRELLA, f"note:{number}", "Yaks", f"{YAK} Number {number}.")
    beside = await find_passages(engine, ACME, "What is a yak?", 5)

    assert [one.url for one in beside] == [one.url for one in alone] == ["note:yak"]
    assert beside[0].score == pytest.approx(alone[0].score)
    assert await find_passages(engine, Caller("nobody"), "What is a yak?", 5) == []


async def test_the_worker_searches_the_documents_of_the_jobs_tenant(house, engine):
    await documents.put(engine, UMBRELLA, "note:yak", "Yaks", YAK)
    chosen = house.toolmaker.providers().choose()
    jobs = [
        (await handle.submit(house.writer, ResearchRequest("What is a yak?"), tenant=caller.tenant))[0]
        for caller in (ACME, UMBRELLA)
    ]
    found = [await chosen(job).search("What is a yak?", 5) for job in jobs]
    assert [len(reply.hits) for reply in found] == [0, 1]


async def test_a_suspended_tenant_is_refused_until_it_is_resumed(api, keys, engine):
    await suspend_tenant(engine, "acme")
    await _after(0.1)
    refused = await api.get("/jobs", headers=keys["acme"])
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    assert (await api.get("/jobs", headers=keys["umbrella"])).status_code == 200

    await resume_tenant(engine, "acme")
    await _after(0.1)
    assert (await api.get("/jobs", headers=keys["acme"])).status_code == 200


async def test_an_admin_of_a_tenant_is_no_operator(api, keys, engine):
    _, root = await add_key(engine, "root", ("admin",), None)
    for path in ("/workers", "/queue", "/metrics"):
        assert (await api.get(path, headers=keys["acme"])).status_code == 403
        assert (await api.get(path, headers={"Authorization": f"Bearer {root}"})).status_code == 200


async def test_tenants_have_names_and_are_made_once(engine):
    for name in ("", "Acme", "-acme", "a b", "x" * 64, "ä"):
        with pytest.raises(BadSetting):
            await add_tenant(engine, name)
    await add_tenant(engine, "acme")
    for name in ("acme", "default"):
        with pytest.raises(TenantExists):
            await add_tenant(engine, name)
    with pytest.raises(TenantNotFound):
        await add_key(engine, "one", ("read",), None, "nobody")
    with pytest.raises(BadSetting):
        await suspend_tenant(engine, "default")
    assert [one.tenant for one in await read_tenants(engine)] == ["acme", "default"]


async def _after(seconds: float) -> None:
    await asyncio.sleep(seconds)
