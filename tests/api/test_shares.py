"""A link shows one report until it ends, and keys stay separate."""

from uuid import uuid4

import pytest

from app.api import keyring as keyring_module
from app.domain.caller import Caller
from app.store import shares
from app.store.api_keys import add_key
from app.store.database import fetch
from app.store.tenants import add_tenant, suspend_tenant
from tests.api.finished import finished
from tests.steps import running_job, until

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


async def is_refused(http, path):
    return (await http.get(path)).status_code == 401


async def test_a_link_shows_the_report_and_nothing_else_until_it_is_revoked(http, engine):
    job = (await http.post("/jobs", json={"query": "why?"})).json()["job_id"]
    title = (await finished(http, job))["result"]["title"]
    made = await http.post(f"/jobs/{job}/shares", json={"expires_in_days": 7})
    assert made.status_code == 201
    share, url = made.json()["share"], made.json()["url"]
    _, secret = await add_key(engine, "root", ("admin",), None)
    admin = bearer(secret)
    await until(lambda: is_refused(http, f"/jobs/{job}/report"))

    shown = await http.get(url)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert title in shown.text
    assert job not in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in shown.headers["x-robots-tag"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]

    listed = (await http.get(f"/jobs/{job}/shares", headers=admin)).json()["shares"]
    assert listed == [share]
    token = url.rpartition("/")[2]
    assert token.encode().hex() not in str(await fetch(engine, "SELECT shares::text FROM shares"))

    assert (await http.delete(f"/shares/{share['share_id']}", headers=admin)).status_code == 204
    ended = await http.get(url)
    assert (ended.status_code, ended.json()["code"]) == (404, "share_not_found")
    assert (await http.get(url, headers=BROWSER)).headers["content-type"] == "text/html; charset=utf-8"


async def test_a_job_without_a_report_has_no_link(api, writer):
    job = await running_job(writer)
    answer = await api.post(f"/jobs/{job.id}/shares", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "report_not_ready")


async def test_a_link_ends_with_its_time_and_rests_with_its_tenant(engine):
    await add_tenant(engine, "acme")
    job, acme = uuid4(), Caller("acme")
    share, token = await shares.add_share(engine, acme, job, 1)
    assert await shares.find_shared(engine, token) == (job, Caller("acme", ("read",), None, "share"))

    for wrong in (token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), "é" * 43, ""):
        assert await shares.find_shared(engine, wrong) is None
    assert not await shares.revoke_share(engine, Caller("umbrella"), share.share_id)

    await suspend_tenant(engine, "acme")
    assert await shares.find_shared(engine, token) is None

    _, late = await shares.add_share(engine, Caller(), job, 1)
    await fetch(engine, "UPDATE shares SET expires_at = now() - interval '1 s' WHERE tenant = 'default'")
    assert await shares.find_shared(engine, late) is None


async def test_a_job_has_so_many_links_and_no_more(engine, monkeypatch):
    monkeypatch.setattr(shares, "MAX_SHARES", 1)
    job = uuid4()
    assert await shares.add_share(engine, Caller(), job, 1)
    assert await shares.add_share(engine, Caller(), job, 1) is None


async def test_the_first_key_is_not_made_over_http(api):
    first = await api.post("/keys", json={"name": "mine"})

    assert (first.status_code, first.json()["code"]) == (403, "forbidden")


async def test_an_admin_makes_and_revokes_the_keys_of_its_tenant(api, engine):
    await add_tenant(engine, "acme")
    root_id, root = await add_key(engine, "root", ("admin",), None)
    _, acme = await add_key(engine, "acme", ("admin",), None, "acme")

    made = (await api.post("/keys", json={"name": "laptop", "scopes": ["read"]}, headers=bearer(acme))).json()
    assert (made["key"]["tenant"], made["key"]["state"]) == ("acme", "valid")
    assert (await api.get("/jobs", headers=bearer(made["secret"]))).status_code == 200

    own = (await api.get("/keys", headers=bearer(acme))).json()["keys"]
    every = (await api.get("/keys", headers=bearer(root))).json()["keys"]
    assert {one["name"] for one in own} == {"laptop", "acme"}
    assert {one["name"] for one in every} == {"laptop", "acme", "root"}
    assert "secret" not in str(every)

    assert (await api.delete(f"/keys/{root_id}", headers=bearer(acme))).status_code == 404
    assert (await api.delete(f"/keys/{made['key']['key_id']}", headers=bearer(acme))).status_code == 204
