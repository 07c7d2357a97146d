"""At /mcp a host may do what each request's key allows."""

import contextlib

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from app.api import keyring as keyring_module
from app.domain.caller import Caller
from app.mcp_server.mount import McpMount
from app.store import documents
from app.store.api_keys import add_key
from app.store.tenants import add_tenant
from tests.conftest import serving
from tests.mcp_server.test_mcp import told

ACME, UMBRELLA = Caller("acme"), Caller("umbrella")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)


@pytest.fixture
async def keys(engine):
    found = {}
    for caller in (ACME, UMBRELLA):
        await add_tenant(engine, caller.tenant)
        _, text = await add_key(engine, "one", ("read", "submit", "documents"), None, caller.tenant)
        found[caller] = {"Authorization": f"Bearer {text}"}
        await documents.put(
            engine, caller, "note:secret", caller.tenant, f"The secret of {caller.tenant} is tea."
        )
    return found


@pytest.fixture
async def address(house):
    plain = house.app
    house.app = lambda workers: plain(workers, {"/mcp": McpMount()})
    async with serving(house) as url:
        yield url


@contextlib.asynccontextmanager
async def session(address, headers):
    """Yield a host, and request headers that the test may change."""
    async with (
        httpx.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{address}/mcp", http_client=http) as (read, write, *_),
        ClientSession(read, write) as host,
    ):
        await host.initialize()
        yield host, http.headers


async def titles(host):
    return {one["title"] for one in (await told(host, "search", query="What is the secret?"))["results"]}


async def test_two_hosts_at_once_find_their_own_documents_and_jobs(address, keys):
    ours, theirs = keys[ACME], keys[UMBRELLA]
    async with session(address, ours) as (acme, _), session(address, theirs) as (umbrella, _):
        found = [await titles(host) for host in (acme, umbrella, acme)]
        started = await told(acme, "start_research", question="What is the secret of acme?", effort="quick")
        own = await told(acme, "get_research", job_id=started["job_id"], wait_seconds=0)
        other = await umbrella.call_tool("get_research", {"job_id": started["job_id"], "wait_seconds": 0})

    assert found == [{"acme"}, {"umbrella"}, {"acme"}]
    assert own["job_id"] == started["job_id"]
    assert other.is_error


async def test_the_key_of_each_request_counts_not_that_of_the_first(address, keys):
    ours, theirs = keys[ACME], keys[UMBRELLA]
    async with session(address, ours) as (host, headers):
        before = await titles(host)
        headers.update(theirs)
        after = await titles(host)

    assert (before, after) == ({"acme"}, {"umbrella"})
