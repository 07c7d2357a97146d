"""Each key may do what its role allows, and ends in time."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from msgspec.structs import replace

from app.api import keyring as keyring_module
from app.domain.api_key import key_text, read_key
from app.store.api_keys import add_key, read_keys, revoke_key
from app.store.database import fetch
from tests.conftest import serving
from tests.steps import completed_job, running_job, until, whole_log


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.2)


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
async def keys(engine):
    """A key of each kind."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    made = {
        "read": await add_key(engine, "reader", ("read",), None),
        "submit": await add_key(engine, "writer", ("submit",), None),
        "documents": await add_key(engine, "librarian", ("documents",), None),
        "admin": await add_key(engine, "root", ("admin",), None),
        "expired": await add_key(engine, "old", ("admin",), past),
        "revoked": await add_key(engine, "lost", ("admin",), None),
    }
    await revoke_key(engine, made["revoked"][0])
    return {name: text for name, (_, text) in made.items()}


async def test_without_any_key_everybody_is_let_in(api):
    assert (await api.get("/jobs")).status_code == 200


async def test_a_refusal_says_what_to_send(api, keys):
    nobody = await api.get("/jobs")
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == 'Bearer realm="dossier"'
    assert nobody.json()["code"] == "unauthorised"

    reader = await api.post("/jobs", json={"query": "why?"}, headers=bearer(keys["read"]))
    assert (reader.status_code, reader.json()["code"]) == (403, "forbidden")

    openai = await api.get("/v1/models")
    assert openai.json()["error"]["type"] == "authentication_error"


async def test_events_name_the_key_that_wrote_them(api, engine):
    key_id, text = await add_key(engine, "writer", ("submit", "read"), None)
    made = await api.post("/jobs", json={"query": "why?"}, headers=bearer(text))
    log = await whole_log(engine, made.json()["job_id"])
    await api.delete(f"/jobs/{log[0].job_id}", headers=bearer(text))

    assert {row.actor for row in await whole_log(engine, log[0].job_id)} == {f"key:{key_id}"}


async def test_a_revoked_key_ends_its_open_streams_too(house, engine, writer):
    key_id, text = await add_key(engine, "reader", ("read",), None)
    job = await running_job(writer)
    async with (
        serving(house, workers=0) as url,
        httpx.AsyncClient(base_url=url, headers=bearer(text)) as http,
    ):
        async with http.stream("GET", f"/jobs/{job.id}/stream") as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith("event: hello")
            await revoke_key(engine, key_id)
            async with asyncio.timeout(60):
                rest = [line async for line in lines]
        assert any("key_ended" in line for line in rest)
        assert (await http.get("/jobs")).status_code == 401


async def test_a_browser_keeps_its_key_in_a_cookie_that_no_script_reads(api, keys):
    refused = await api.post("/session", json={"key": "dsk_no"})
    assert refused.status_code == 401

    opened = await api.post("/session", json={"key": keys["read"]})
    cookie = opened.headers["set-cookie"]
    assert opened.status_code == 204
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()
    assert (await api.get("/jobs")).status_code == 200

    await api.delete("/session")
    assert (await api.get("/jobs")).status_code == 401


async def test_only_the_hash_of_a_secret_is_stored(engine):
    _, text = await add_key(engine, "one", ("read",), None)
    [row] = await fetch(engine, "SELECT api_keys::text FROM api_keys")
    assert text[13:] not in row[0]
    [key] = await read_keys(engine)
    assert read_key(text).digest == key.secret_sha256


def test_a_key_with_a_slip_is_refused_before_the_database_is_asked():
    text = key_text("abcdefgh", "x" * 43)
    assert read_key(text)
    for slip in (
        text[:-1],
        text[:20] + ("y" if text[20] != "y" else "z") + text[21:],
        text + "0",
        "",
        "dsk_",
    ):
        assert read_key(slip) is None


async def test_the_last_use_is_noted_once_in_a_while(api, engine, monkeypatch):
    monkeypatch.setattr(keyring_module, "NOTE_EVERY", 0.0)
    _, text = await add_key(engine, "reader", ("read",), None)
    await api.get("/jobs", headers=bearer(text))

    async def is_noted():
        return (await read_keys(engine))[0].last_used_at is not None

    await until(is_noted)


async def test_a_key_is_valid_until_it_expires_or_is_revoked(engine):
    await add_key(engine, "one", ("read",), None)
    [key] = await read_keys(engine)
    now = datetime.now(UTC)
    assert key.is_valid(now)
    assert not replace(key, expires_at=now).is_valid(now)
    assert not replace(key, revoked_at=now).is_valid(now)


async def test_a_job_of_before_is_still_there_for_a_key(api, writer, engine):
    job = await completed_job(writer)
    _, text = await add_key(engine, "reader", ("read",), None)
    assert (await api.get(f"/jobs/{job.id}", headers=bearer(text))).status_code == 200
