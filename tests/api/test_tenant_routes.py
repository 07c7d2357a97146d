"""Operators make, suspend and bound tenants over HTTP."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from app.api import keyring as keyring_module
from app.cli.root import dossier
from app.store.api_keys import add_key
from app.store.tenants import add_tenant
from tests.steps import until


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)


async def test_an_operator_makes_suspends_and_resumes_a_tenant(api, engine):
    _, root = await add_key(engine, "root", ("admin",), None)
    api.headers["Authorization"] = f"Bearer {root}"
    made = await api.post("/tenants", json={"tenant": "acme"})
    assert (made.status_code, made.json()["tenant"], made.json()["keys"]) == (201, "acme", 0)
    for name, code in (("acme", "tenant_exists"), ("A b", "invalid_character"), ("", "too_short")):
        assert (await api.post("/tenants", json={"tenant": name})).json()["code"] == code
    _, theirs = await add_key(engine, "boss", ("admin",), None, "acme")

    async def answers(status):
        return (await api.get("/jobs", headers={"Authorization": f"Bearer {theirs}"})).status_code == status

    await until(lambda: answers(200))
    assert (await api.post("/tenants/acme/suspend")).json()["suspended_at"]
    await until(lambda: answers(403))

    async def is_noted():
        entries = (await api.get("/access")).json()["entries"]
        return [entry["tenant"] for entry in entries if entry["status"] == 403] == ["acme"]

    await until(is_noted)
    assert (await api.post("/tenants/acme/resume")).json()["suspended_at"] is None
    await until(lambda: answers(200))
    assert (await api.post("/tenants/default/suspend")).status_code == 403
    assert (await api.post("/tenants/nobody/suspend")).json()["code"] == "tenant_not_found"
    listed = (await api.get("/tenants")).json()["tenants"]
    assert [(one["tenant"], one["keys"]) for one in listed] == [("acme", 1), ("default", 1)]


async def test_an_operator_makes_a_key_of_any_tenant(api, engine):
    await add_tenant(engine, "acme")
    await add_tenant(engine, "umbrella")
    _, root = await add_key(engine, "root", ("admin",), None)

    async def make(key, tenant):
        headers = {"Authorization": f"Bearer {key}"}
        body = {"name": "boss", "scopes": ["admin"], "tenant": tenant}
        return await api.post("/keys", headers=headers, json=body)

    assert (await make(root, "nobody")).json()["code"] == "tenant_not_found"
    made = (await make(root, "acme")).json()
    assert made["key"]["tenant"] == "acme"
    boss = made["secret"]
    assert (await make(boss, None)).json()["key"]["tenant"] == "acme"
    assert (await make(boss, "acme")).status_code == 201
    others, unknown, default = [await make(boss, name) for name in ("umbrella", "nobody", "default")]
    assert others.status_code == 403
    assert others.content == unknown.content == default.content
    seen = (await api.get("/keys", headers={"Authorization": f"Bearer {boss}"})).json()["keys"]
    assert {one["tenant"] for one in seen} == {"acme"}


async def test_an_operator_sets_quotas(api):
    await api.post("/tenants", json={"tenant": "acme"})
    bounds = {
        "max_unfinished_jobs": 3,
        "max_jobs_per_day": None,
        "max_usd_per_month": 5.5,
        "max_tokens_per_month": 10**9,
        "max_document_bytes": 10**12,
        "max_streams": 50,
    }
    assert (await api.put("/tenants/acme/quota", json=bounds)).json() == bounds
    [use] = (await api.get("/quotas")).json()["quotas"]
    assert bounds.items() <= use.items()
    for wrong in ({"max_jobs_per_day": 0}, {"max_usd_per_month": -1}, {"max_jobs": 1}):
        assert (await api.put("/tenants/acme/quota", json=wrong)).status_code == 400
    assert (await api.put("/tenants/nobody/quota", json={})).json()["code"] == "tenant_not_found"
    await api.put("/tenants/acme/quota", json={})
    assert (await api.get("/quotas")).json() == {"quotas": []}


async def test_the_command_line_asks_the_server_that_is_set(api, engine, monkeypatch):
    _, root = await add_key(engine, "root", ("admin",), None)
    monkeypatch.setenv("DOSSIER_URL", str(api.base_url))
    monkeypatch.setenv("DOSSIER_API_KEY", root)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    async def run(*words):
        done = await asyncio.to_thread(CliRunner().invoke, dossier, [*words, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    await run("tenant", "create", "acme")
    assert (await run("tenant", "suspend", "acme"))["state"] == "suspended"
    assert [one["tenant"] for one in await run("tenant", "list")] == ["acme", "default"]
    assert (await run("quota", "set", "acme", "--usd-per-month", "2"))["quota"]["max_usd_per_month"] == 2
    assert [one["tenant"] for one in await run("quota", "list")] == ["acme"]
    made = await run("key", "create", "boss", "--tenant", "acme", "--expires", "90d")
    assert made["tenant"] == "acme"
    assert made["key"].startswith(f"dsk_{made['key_id']}_")
    await run("key", "revoke", made["key_id"])
    states = {one["key_id"]: one["state"] for one in await run("key", "list")}
    assert states.pop(made["key_id"]) == "revoked"
    assert set(states.values()) == {"valid"}
