"""A token opens one stream until it or its key ends."""

import asyncio
from datetime import datetime
from urllib.parse import parse_qs, urlparse

import httpx
import pytest

from app import handle
from app.api import keyring as keyring_module
from app.api.cors import ALLOW_ORIGIN
from app.store import stream_tokens
from app.store.api_keys import add_key, revoke_key
from app.store.database import fetch
from app.store.tenants import add_tenant, suspend_tenant
from dossier.request import ResearchRequest
from tests.conftest import serving
from tests.steps import claimed_job, completed_job, running_job

PAGE = "https://app.example.com"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
async def key(engine):
    return await add_key(engine, "reader", ("read",), None)


async def token_url(api, job, key):
    made = await api.post(f"/jobs/{job.id}/stream-token", headers=bearer(key))
    assert made.status_code == 201, made.text
    return made.json()["stream_url"]


async def last_reason(lines):
    async with asyncio.timeout(60):
        rest = [line async for line in lines]
    return next(line for line in reversed(rest) if line.startswith("data:"))


async def follow_to_the_end(api, url, begun):
    """Open a stream, let `begun` end it, and return its last frame."""
    async with api.stream("GET", url, headers={"Origin": PAGE}) as stream:
        lines = stream.aiter_lines()
        assert (stream.status_code, stream.headers["access-control-allow-origin"]) == (200, "*")
        assert (await anext(lines)).startswith("event: hello")
        await begun()
        return await last_reason(lines)


async def test_a_token_opens_the_stream_of_its_job_and_nothing_else(api, engine, writer, key):
    job, other = await completed_job(writer), await completed_job(writer)
    url = await token_url(api, job, key[1])
    [token] = parse_qs(urlparse(url).query)["token"]

    shown = await api.get(url)
    assert (shown.status_code, "event: end" in shown.text) == (200, True)
    done = await api.get(url, headers={"Last-Event-ID": str(job.seq)})
    assert (done.status_code, done.headers["access-control-allow-origin"]) == (204, "*")
    for path in (f"/jobs/{other.id}/stream", "/jobs/nonsense/stream"):
        assert (await api.get(path, params={"token": token})).status_code == 401
    assert (await api.get(f"/jobs/{job.id}/stream", params={"token": "dst_nothing"})).status_code == 401
    assert (await api.get(f"/jobs/{job.id}", headers=bearer(token))).status_code == 401
    for path in (f"/jobs/{job.id}", f"/jobs/{job.id}/events", "/events"):
        assert (await api.get(path, params={"token": token})).status_code == 401
    assert token not in str(await fetch(engine, "SELECT stream_tokens::text FROM stream_tokens"))


class Later(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + stream_tokens.TOKEN_LIFE


async def test_an_open_stream_ends_with_its_token_by_a_frame(api, owner, writer, key, monkeypatch):
    job = await running_job(writer)
    url = await token_url(api, job, key[1])

    async def let_time_pass():
        monkeypatch.setattr(keyring_module, "datetime", Later)

    assert "token_expired" in await follow_to_the_end(api, url, let_time_pass)
    await fetch(owner, "UPDATE stream_tokens SET expires_at = now()")
    again = await api.get(url)
    assert (again.status_code, "token_expired" in again.text) == (200, True)
    assert again.headers["access-control-allow-origin"] == "*"


async def test_a_token_ends_with_its_key_and_with_its_tenant(api, engine, writer, key):
    await add_tenant(engine, "acme")
    _, acme = await add_key(engine, "reader", ("read",), None, "acme")
    job = await running_job(writer)
    url = await token_url(api, job, key[1])
    assert "key_ended" in await follow_to_the_end(api, url, lambda: revoke_key(engine, key[0]))
    assert (await api.get(url)).status_code == 401

    assert (await api.post(f"/jobs/{job.id}/stream-token", headers=bearer(acme))).status_code == 404
    await handle.submit(writer, ResearchRequest("why?"), tenant="acme")
    own = await claimed_job(writer)
    url = await token_url(api, own, acme)
    assert "key_ended" in await follow_to_the_end(api, url, lambda: suspend_tenant(engine, "acme"))
    assert (await api.get(url)).status_code == 401


async def test_the_first_key_ends_what_was_open_to_all(api, engine, writer):
    job = await running_job(writer)
    url = (await api.post(f"/jobs/{job.id}/stream-token")).json()["stream_url"]

    async def make_key():
        await add_key(engine, "first", ("admin",), None)

    assert "key_ended" in await follow_to_the_end(api, url, make_key)
    assert (await api.get(url)).status_code == 401


async def test_a_job_has_only_so_many_tokens(api, writer, key, monkeypatch):
    job = await running_job(writer)
    monkeypatch.setattr(stream_tokens, "MAX_STREAM_TOKENS", 1)
    await token_url(api, job, key[1])
    refused = await api.post(f"/jobs/{job.id}/stream-token", headers=bearer(key[1]))
    assert (refused.status_code, refused.json()["code"]) == (429, "busy")


async def test_a_listed_origin_is_named_once(house, writer, key):
    job = await completed_job(writer)
    async with (
        serving(house, workers=0, allowed_origins=[PAGE]) as url,
        httpx.AsyncClient(base_url=url) as api,
    ):
        shown = await api.get(await token_url(api, job, key[1]), headers={"Origin": PAGE})
    assert shown.headers.get_list(ALLOW_ORIGIN.decode()) == [PAGE]
