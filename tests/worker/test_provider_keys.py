"""A tenant's own keys make its calls, and are nowhere shown."""

import contextlib
import logging

import pytest
from msgspec.structs import replace

from app import handle, logs, toolmaking
from app.configuration import embedder_of, reranker_of
from app.domain.caller import Caller
from app.domain.master_key import MasterKeys, OpenedKey, new_master_key
from app.errors import MasterKeyUnusable, ProviderError
from app.providers.engines.choice import web_searches
from app.providers.http import make_client
from app.providers.reader.fetching import Fetcher
from app.providers.reader.page_reader import PageReader
from app.providers.tenant_keys import GuardedTransport, client_for, named
from app.settings import Settings
from app.store import provider_keys as store
from app.store.database import fetch
from app.store.tenants import add_tenant
from app.wiring import Container
from dossier.provider_key_types import NewProviderKey
from dossier.request import ResearchRequest
from tests.conftest import FAST
from tests.mocks.openai import PROFILES, OpenAIMock
from tests.mocks.playing import failing
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock
from tests.worker.working import over, working

MASTER = new_master_key()
ACME = Caller("acme", actor="key:0Ab3dE6h")
MODEL_CANARY, SEARCH_CANARY = "cnry-model-5b0c4e1f9a77", "cnry-search-e2f8d1c06b43"
CANARIES = (MODEL_CANARY, SEARCH_CANARY)
EVERY_TABLE = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""


class Servers:
    """Models and searches of the process and of the tenant."""

    def __init__(self):
        self.usual, self.own = OpenAIMock(None), OpenAIMock(None)
        self.usual_search, self.own_search = TavilyMock(None), TavilyMock(None)


@pytest.fixture
async def servers():
    made = Servers()
    async with contextlib.AsyncExitStack() as stack:
        for name in ("usual", "own", "usual_search", "own_search"):
            setattr(made, f"{name}_url", await stack.enter_async_context(served(getattr(made, name))))
        yield made


def settings_of(servers, **changed) -> Settings:
    given = {
        "openai_api_key": "sk-of-the-process-1",
        "openai_base_url": f"{servers.usual_url}/v1",
        "tavily_api_key": "tvly-of-the-process-1",
        "tavily_base_url": servers.usual_search_url,
        "master_key": MASTER,
        "allow_private_hosts": "127.0.0.1",
    }
    return replace(FAST, **(given | changed))


@contextlib.asynccontextmanager
async def housing(settings, url):
    house = Container(settings, url)
    try:
        yield house
    finally:
        await house.toolmaker.aclose()
        await house.http.aclose()
        await house.engine.dispose()


@pytest.fixture
async def house(servers, database_url, monkeypatch):
    monkeypatch.setattr(toolmaking, "TENANT_KEYS_FRESH", 0.0)
    async with housing(settings_of(servers), database_url) as house:
        yield house


async def with_keys(engine, servers, masters=None):
    await add_tenant(engine, "acme")
    masters = masters or MasterKeys([MASTER])
    for provider, key, url in (
        ("openai", MODEL_CANARY, f"{servers.own_url}/v1"),
        ("tavily", SEARCH_CANARY, servers.own_search_url),
    ):
        await store.set_provider_key(engine, ACME, masters, NewProviderKey(provider, key, url))


async def researched(house, tenant):
    request = ResearchRequest("At how many degrees does water boil?", effort="quick")
    job, _ = await handle.submit(house.writer, request, tenant=tenant, terms=handle.Terms(max_attempts=1))
    async with working(house):
        return await over(house, job.id)


def keys_sent(mock) -> set[str]:
    return {header["authorization"].removeprefix("Bearer ") for header in mock.headers}


async def in_the_database(owner, words) -> list[str]:
    """The tables in which one of the words is."""
    found = []
    for (table,) in await fetch(owner, EVERY_TABLE):
        for row in await fetch(owner, f"SELECT * FROM {table}"):
            text = repr(tuple(row))
            found += [table for word in words if word in text]
    return found


async def test_a_tenants_keys_make_its_calls_and_the_process_s_those_of_others(house, servers, engine):
    await with_keys(engine, servers)

    theirs, others = await researched(house, "acme"), await researched(house, "default")

    assert (
        (theirs.status, theirs.stop_reason)
        == (others.status, others.stop_reason)
        == ("completed", "answered")
    )
    assert keys_sent(servers.own) == {MODEL_CANARY}
    assert keys_sent(servers.own_search) == {SEARCH_CANARY}
    assert keys_sent(servers.usual) == {"sk-of-the-process-1"}
    assert keys_sent(servers.usual_search) == {"tvly-of-the-process-1"}


async def test_what_is_kept_of_pages_is_bounded_for_all_tenants_together(house):
    shared = house.toolmaker.tools(lambda *_: None)
    own = [house.toolmaker.tenant_tools(tenant, {}) for tenant in ("acme", "other")]

    assert {id(tools.recent_pages) for tools in own} == {id(shared.recent_pages)}
    assert {id(tools.room) for tools in own} == {id(shared.room)}


async def test_a_key_that_is_removed_makes_no_further_call(house, servers, engine):
    await with_keys(engine, servers)
    await researched(house, "acme")
    before = len(servers.own.requests)

    assert await store.remove_provider_key(engine, ACME, "openai")
    assert not await store.remove_provider_key(engine, ACME, "openai")
    await researched(house, "acme")

    assert len(servers.own.requests) == before > 0
    assert keys_sent(servers.usual) == {"sk-of-the-process-1"}


@pytest.mark.parametrize("profile", ["success", "key_in_error"])
async def test_keys_are_in_no_table_and_no_log(house, servers, owner, caplog, profile):
    """Backups, bundles and `dossier sql` show what tables hold."""
    engine = house.engine
    refusal = {"error": {"message": f"Cannot route {MODEL_CANARY}.", "type": "invalid_request_error"}}
    servers.own.profiles = PROFILES | {"key_in_error": failing(400, refusal)}
    caplog.set_level(logging.DEBUG)
    servers.own.play(profile)
    await with_keys(engine, servers)

    await researched(house, "acme")

    assert servers.own.requests
    assert await in_the_database(owner, CANARIES) == []
    assert not [record for record in caplog.records if any(word in record.getMessage() for word in CANARIES)]


def test_a_key_that_is_opened_is_hidden_from_the_log():
    logs.hide(["cnry-later-0123456789"])
    record = logging.makeLogRecord({"msg": "sent cnry-later-0123456789", "levelname": "INFO"})

    assert "cnry" not in logs.LineFormatter().format(record)
    assert "cnry" not in logs.JsonFormatter().format(record)


@pytest.mark.parametrize(
    ("master", "said"), [("", "not set"), (new_master_key(), "another one")], ids=["none", "another"]
)
async def test_a_wrong_master_key_fails_the_job_and_says_why(servers, engine, database_url, master, said):
    await with_keys(engine, servers)
    async with housing(settings_of(servers, master_key=master), database_url) as house:
        job = await researched(house, "acme")

    assert job.status == "failed"
    assert "acme" in job.failure.error_message
    assert f"DOSSIER_MASTER_KEY is {said}" in job.failure.error_message
    assert servers.usual.requests == [], "the process's own key is no way out"


async def test_a_rotation_seals_anew_and_the_old_master_key_opens_nothing(servers, engine):
    await with_keys(engine, servers)
    new = new_master_key()
    before = await store.sealed_keys(engine, ACME)

    assert await store.rotate_data_keys(engine, MasterKeys([new, MASTER])) == 1

    after = await store.sealed_keys(engine, ACME)
    assert {one.sealed for one in before}.isdisjoint(one.sealed for one in after)
    opened = store.opened("acme", MasterKeys([new]), after)
    assert [key.key for key in opened.values()] == list(CANARIES)
    with pytest.raises(MasterKeyUnusable, match="another one"):
        store.opened("acme", MasterKeys([MASTER]), after)
    with pytest.raises(MasterKeyUnusable, match="another one"):
        await store.count_openable(engine, MasterKeys([MASTER]))


async def test_a_key_that_is_set_during_a_rotation_is_kept(servers, engine, monkeypatch):
    await with_keys(engine, servers)
    masters, read, late = MasterKeys([MASTER]), store.sealed_keys, ["sk-late-0123456789"]

    async def overtaken(engine, caller):
        found = await read(engine, caller)
        if late:
            await store.set_provider_key(engine, ACME, masters, NewProviderKey("brave", late.pop()))
        return found

    monkeypatch.setattr(store, "sealed_keys", overtaken)
    await store.rotate_data_keys(engine, masters)

    assert store.opened("acme", masters, await read(engine, ACME))["brave"].key == "sk-late-0123456789"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE provider_keys SET base_url = 'https://evil.example/v1' WHERE provider = 'openai'",
        "UPDATE provider_keys SET provider = 'groq' WHERE provider = 'openai'",
        "UPDATE provider_keys SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)",
        "UPDATE data_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)",
        "UPDATE provider_keys a SET sealed = b.sealed FROM provider_keys b WHERE a.provider <> b.provider",
    ],
)
async def test_what_somebody_changed_in_the_database_does_not_open(servers, engine, owner, change):
    await with_keys(engine, servers)
    await fetch(owner, change)

    with pytest.raises(MasterKeyUnusable, match="was changed in the database"):
        store.opened("acme", MasterKeys([MASTER]), await store.sealed_keys(engine, ACME))


async def test_another_tenants_data_key_opens_nothing(servers, engine, owner):
    await with_keys(engine, servers)
    await fetch(
        owner,
        "INSERT INTO data_keys (tenant, wrapped, master_id) "
        "SELECT 'other', wrapped, master_id FROM data_keys",
    )
    await fetch(owner, "UPDATE provider_keys SET tenant = 'other'")

    with pytest.raises(MasterKeyUnusable):
        store.opened("other", MasterKeys([MASTER]), await store.sealed_keys(engine, Caller("other")))


async def test_a_tenants_address_does_not_lead_into_this_network(servers):
    async with make_client() as shared:
        guarded = GuardedTransport()
        async with client_for(shared, guarded, [f"https://127.0.0.1:{servers.own_url[-4:]}"]) as client:
            with pytest.raises(ProviderError, match="is not called"):
                await client.post("https://127.0.0.1/v1/chat/completions")
            with pytest.raises(ProviderError, match="without https"):
                await client.post(f"{servers.own_url}/v1/chat/completions")
    assert servers.own.requests == []


def test_nothing_shows_a_key():
    key = NewProviderKey("openai", MODEL_CANARY)
    masters = MasterKeys([MASTER])
    data_key, _ = masters.current.new_data_key("acme")

    for shown in (key, masters, masters.current, data_key, store.OpenedKey(MODEL_CANARY, "")):
        assert MODEL_CANARY not in repr(shown)
        assert MASTER not in repr(shown)


async def test_a_refused_key_is_named_by_whose_it_is():
    settings = replace(
        FAST,
        search="tavily,brave,http",
        tavily_api_key="a",
        brave_api_key="b",
        search_url="https://h/",
        embedding_url="https://h/",
        embedding_model="m",
        rerank_url="https://h/",
    )
    own = {name: OpenedKey("k", "") for name in ("tavily", "http", "embedding", "rerank")}
    async with make_client() as client:
        engines = web_searches(settings, client, PageReader(Fetcher()), own)
        asked = (*engines, embedder_of(settings, client, own), reranker_of(settings, client, own))
        names = [one.key_name for one in asked]
    assert names == [
        *(named("tavily"), "BRAVE_API_KEY", named("http")),
        *(named("embedding"), named("rerank")),
    ]
