"""The access log says who asked for what, in one chain."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from app.api import access_notes as access_module
from app.api import keyring as keyring_module
from app.api.access_notes import AccessLog
from app.audit import notary
from app.audit.access_check import forget_access
from app.audit.verify import verify
from app.domain.access import Access
from app.metrics import ProcessMetrics
from app.store import access_log
from app.store.api_keys import add_key
from app.store.database import fetch, make_engine
from app.store.tenants import add_tenant
from tests.api.finished import finished
from tests.steps import until

NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"
REWRITTEN = (
    "UPDATE access_log SET status = 403, hash = access_hash(prev_hash, number, at, tenant, actor,"
    " method, route, job_id, 403, dropped) WHERE number = 10"
)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)
    monkeypatch.setattr(access_module, "WRITE_EVERY", 0.01)
    monkeypatch.setattr(access_module, "WRITE_AGAIN", 0.01)


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def asked(number, tenant="acme"):
    """Return a request of one day after the other."""
    return Access(START + timedelta(days=number), tenant, "key:0Ab3dE6h", "GET", "/jobs", None, 200)


@pytest.fixture
async def entries(engine):
    """Ten entries, one a day."""
    await access_log.append_entries(engine, [asked(number) for number in range(10)])
    return await access_log.read_after(engine, 0)


async def findings(url):
    return [(found.kind, found.seq) for found in (await verify(url)).findings]


async def said(http, key, **params):
    answer = await http.get("/access", headers=bearer(key), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["entries"]


async def test_each_request_says_who_asked_for_what_and_when(http, engine):
    job = (await http.post("/jobs", json={"query": "why?"})).json()["job_id"]
    await finished(http, job)
    share = (await http.post(f"/jobs/{job}/shares", json={})).json()["url"]
    assert await access_log.last_access(engine) is None  # as long as there are no keys, there is no who
    key_id, root = await add_key(engine, "root", ("admin",), None)

    async def refused():
        return (await http.get(f"/jobs/{job}")).status_code == 401

    await until(refused)
    made = await http.post("/jobs", json={"query": "why?"}, headers=bearer(root))
    other = made.json()["job_id"]
    await http.get(f"/jobs/{job}/events", headers=bearer(root))
    async with http.stream("GET", f"/jobs/{job}/stream", headers=bearer(root)) as stream:
        await stream.aread()
    await http.get(share)
    await http.get("/health/ready")

    async def all_written():
        return any(one["actor"] == "share" for one in await said(http, root))

    await until(all_written)
    found = await said(http, root)
    lines = {(one["actor"], one["method"], one["route"], one["job_id"], one["status"]) for one in found}
    by_key = f"key:{key_id}"
    assert {
        ("nobody", "GET", "/jobs/{job_id}", job, 401),
        (by_key, "POST", "/jobs", other, 201),
        (by_key, "GET", "/jobs/{job_id}/events", job, 200),
        (by_key, "GET", "/jobs/{job_id}/stream", job, 200),
        ("share", "GET", "/shared/{token}", job, 200),
    } <= lines
    assert not any("health" in line[2] or job in line[2] for line in lines)
    assert {one["tenant"] for one in found if one["actor"] == "nobody"} == {None}
    only = await said(http, root, job_id=other, key_id=key_id, limit=5)
    assert [one["route"] for one in only] == ["/jobs"]


async def test_an_admin_sees_only_the_tenants_own(api, engine):
    await add_tenant(engine, "acme")
    _, root = await add_key(engine, "root", ("admin",), None)
    key_id, acme = await add_key(engine, "boss", ("admin",), None, "acme")
    for key in (root, acme):
        await api.get("/jobs", headers=bearer(key))

    async def both_written():
        return len({one["tenant"] for one in await said(api, root)} & {"acme", "default"}) == 2

    await until(both_written)
    assert {one["actor"] for one in await said(api, acme)} == {f"key:{key_id}"}
    wrong = await api.get("/access", params={"cursor": "-1"}, headers=bearer(root))
    assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed_cursor")


async def test_the_last_page_offers_no_empty_one(api, entries):
    pages, cursor = [], None
    while not pages or cursor:
        answer = (
            await api.get("/access", params={"limit": 5, **({"cursor": cursor} if cursor else {})})
        ).json()
        pages, cursor = [*pages, answer["entries"]], answer["next_cursor"]

    assert [len(page) for page in pages] == [5, 5]


async def test_processes_that_write_at_once_make_one_chain(engine, database_url):
    await asyncio.gather(
        *(access_log.append_entries(engine, [asked(n, f"t{n}"), asked(n, None)]) for n in range(20))
    )
    pages, cursor = [], None
    while page := await access_log.list_access(engine, access_module.ANYBODY, cursor, 7):
        pages += page
        cursor = page[-1].number

    assert [entry.number for entry in pages] == [*range(40, 0, -1)]
    assert await findings(database_url) == []


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE access_log SET actor = 'key:other000' WHERE number = 4", 4),
        ("DELETE FROM access_log WHERE number = 7", 7),
        ("DELETE FROM access_log WHERE number > 8", 9),
        ("DELETE FROM access_log", 1),
        (REWRITTEN, 10),
    ],
)
@pytest.mark.usefixtures("entries")
async def test_what_the_owner_changes_is_found(statement, first, engine, database_url, tamper):
    await notary.make(engine, None)
    assert await notary.make(engine, None) == []
    assert await findings(database_url) == []

    await tamper(statement)

    assert await findings(database_url) == [("access", first)]


async def test_old_entries_leave_by_the_log_of_upkeep_alone(entries, engine, owner, database_url):
    await notary.make(engine, None)
    for forbidden in ("INSERT INTO access_log SELECT * FROM access_log", "DELETE FROM access_log"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(engine, forbidden)
    with pytest.raises(asyncpg.RestrictViolationError, match="retention run"):
        await fetch(owner, "DELETE FROM access_log WHERE number < 3")
    with pytest.raises(asyncpg.PostgresError):
        await fetch(owner, "UPDATE access_log SET status = 200")

    gone = await forget_access(owner, entries[4].at, datetime.now(UTC))
    assert gone == 4
    assert await forget_access(owner, entries[4].at, datetime.now(UTC)) == 0
    assert (await access_log.read_after(engine, 0))[0] == entries[4]
    assert await findings(database_url) == []
    assert await forget_access(owner, datetime.now(UTC), datetime.now(UTC)) == 5
    await access_log.append_entries(engine, [asked(11)])
    assert [entry.number for entry in await access_log.read_after(engine, 0)] == [10, 11]
    assert (await verify(database_url)).accesses == 2


async def test_what_finds_no_room_is_counted_and_said(engine, monkeypatch, caplog):
    monkeypatch.setattr(access_module, "MAX_WAITING", 5)
    monkeypatch.setattr(access_module, "MAX_REFUSED", 2)
    away, metrics = make_engine(NO_DATABASE), ProcessMetrics()
    log = AccessLog(away, metrics)
    for _ in range(4):
        log.note(replace(asked(0), tenant=None, actor="nobody"))
    for number in range(4):
        log.note(asked(number))
    await until(lambda: asyncio.sleep(0, "cannot be written" in caplog.text))
    assert b"dossier_access_log_dropped_total 3.0" in metrics.text()
    assert b"dossier_access_log_waiting 5.0" in metrics.text()
    assert "entries are dropped" in caplog.text

    monkeypatch.setattr(log, "_engine", engine)
    await log.aclose()
    found = await access_log.read_after(engine, 0)
    assert [entry.dropped for entry in found] == [3, 0, 0, 0, 0]
    assert [entry.actor for entry in found].count("nobody") == 2
    await away.dispose()
