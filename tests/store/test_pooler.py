"""Whole jobs through Debian's PgBouncer with its default settings, in both modes."""

import asyncio
import json

import asyncpg
import httpx
import pytest

from app.domain import commands as c
from app.errors import DatabaseUnavailable
from app.settings import Settings
from app.store.address import driver_url
from app.store.database import APP_ROLE, connect, fetch, make_engine
from app.store.wake import Wake
from app.store.writer import Writer
from tests.cli.shell import shell
from tests.conftest import TestHouse, serving
from tests.pooler import find_bouncer, pooling
from tests.steps import submitted_job, until
from tests.worker.working import over, working

MODES = ("session", "transaction")
PATIENT = Settings(lease_seconds=5.0, drain_seconds=0.1)


@pytest.fixture(scope="session")
def bouncer(tmp_path_factory):
    found = find_bouncer(tmp_path_factory.mktemp("bouncer"))
    if found is None:
        pytest.skip("PgBouncer is neither installed nor to be had by apt-get.")
    return found


@pytest.fixture(params=MODES)
async def through(request, bouncer, database_url, tmp_path):
    """The URL of the test's database through PgBouncer."""
    async with pooling(bouncer, database_url, tmp_path, request.param) as url:
        yield url


async def test_jobs_run_through_a_pooler(through):
    house = TestHouse(PATIENT, through)
    async with house.running(2):
        jobs = [await submitted_job(house.writer) for _ in range(4)]
        ended = [await over(house, job.id) for job in jobs]

    assert {job.status for job in ended} == {"completed"}


async def test_the_role_and_the_settings_hold_for_every_statement(through):
    """Others use the pooled sessions too, and change the role of theirs."""
    engine = make_engine(through, pool_size=4)
    other = await asyncpg.connect(driver_url(through), statement_cache_size=0)
    asked = "SELECT current_user::text, current_setting('statement_timeout'), pg_backend_pid()"
    for _ in range(5):
        found = await asyncio.gather(*(fetch(engine, asked) for _ in range(8)))
        await other.execute("RESET ROLE; RESET statement_timeout")
        assert {(row[0], row[1]) for [row] in found} == {(APP_ROLE, "30s")}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(engine, "DELETE FROM events")
    assert [row[0] for row in await fetch(engine, "SELECT 1")] == [1]  # the refusal left nothing behind
    await other.close()
    await engine.dispose()


async def test_nothing_leaks_into_the_pooled_sessions(through):
    engine = make_engine(through)
    await asyncio.gather(*(fetch(engine, "SELECT pg_sleep(0.05)") for _ in range(8)))
    await engine.dispose()
    await asyncio.sleep(0.2)

    other = await asyncpg.connect(driver_url(through), statement_cache_size=0)
    assert await other.fetchval("SELECT current_user::text") != APP_ROLE
    assert await other.fetchval("SELECT current_setting('statement_timeout')") == "0"
    await other.close()


async def test_a_pooler_that_drops_settings_in_silence_costs_no_role(bouncer, database_url, tmp_path):
    dropped = (
        "ignore_startup_parameters = role,statement_timeout,lock_timeout,jit,enable_sort,plan_cache_mode"
    )
    async with pooling(bouncer, database_url, tmp_path, "session", dropped) as url:
        engine = make_engine(url)
        assert [row[0] for row in await fetch(engine, "SELECT current_user::text")] == [APP_ROLE]
        await engine.dispose()


async def test_beats_go_through_a_pooler(through):
    house, release = TestHouse(PATIENT, through), asyncio.Event()

    async def work(attempt):
        await release.wait()
        await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))

    async with working(house, work):
        job = await submitted_job(house.writer)
        await asyncio.sleep(3)  # three leases of `working`
        release.set()
        ended = await over(house, job.id)
    await house.engine.dispose()

    assert (ended.status, ended.epoch) == ("completed", 1)


async def test_the_listener_goes_past_the_pooler(bouncer, database_url, tmp_path):
    async with pooling(bouncer, database_url, tmp_path, "transaction") as url:
        house = TestHouse(Settings(listen_url=database_url), url)
        heard = []
        house.wake.subscribe(heard.append)
        running = asyncio.create_task(house.wake.run())
        await until(lambda: _filled(heard))
        heard.clear()

        elsewhere = Writer(house.engine, Wake(house.engine, url))
        sending = asyncio.create_task(elsewhere._wake._send())
        job = await submitted_job(elsewhere)
        await until(lambda: _named(heard, job.id))
        for task in (running, sending):
            task.cancel()
        await asyncio.gather(running, sending, return_exceptions=True)
        await house.engine.dispose()


async def _filled(heard):
    return bool(heard)


async def _named(heard, job_id):
    return any(job_id in hint.job_ids for hint in heard)


async def test_doctor_says_that_a_pooler_stands_between(through, tmp_path):
    found = await asyncio.to_thread(shell, tmp_path, "dossier doctor --json", DATABASE_URL=through)
    results = {one["check"]: one for one in json.loads(found.stdout)}

    assert results["role in force"]["grade"] == "ok"
    assert results["pooler"]["grade"] == "warning"
    assert "DOSSIER_LISTEN_URL" in results["pooler"]["what_to_do"]


async def test_the_http_api_serves_through_a_pooler(through):
    house = TestHouse(PATIENT, through)
    async with serving(house) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
        job = (await http.post("/jobs", json={"query": "why?"})).json()
        async with http.stream("GET", job["stream_url"]) as stream:
            text = (await stream.aread()).decode()

    assert "job_completed" in text


async def test_a_direct_connection_keeps_its_settings_and_its_prepared_statements(database_url):
    connection = await connect(database_url)
    assert not connection.is_pooled
    assert await connection.fetchval("SELECT current_user::text") == APP_ROLE
    assert connection._stmt_cache_enabled
    await connection.close()


CERTIFICATES = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ours
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -days 2 -subj /CN=theirs
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf 'subjectAltName=DNS:localhost' > names
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out server.crt
chmod 644 *
"""


async def test_tls_is_verified_as_the_url_says(bouncer, database_url, tmp_path):
    made = await asyncio.create_subprocess_exec("bash", "-ec", CERTIFICATES, cwd=tmp_path, stderr=-3)
    if await made.wait():
        pytest.skip("openssl makes no certificates here.")
    tls = "\n".join(
        (
            "client_tls_sslmode = require",
            f"client_tls_key_file = {tmp_path / 'server.key'}",
            f"client_tls_cert_file = {tmp_path / 'server.crt'}",
        )
    )
    async with pooling(bouncer, database_url, tmp_path, "session", tls) as url:
        named = url.replace("127.0.0.1", "localhost")
        ours, theirs = (f"sslrootcert={tmp_path / name}" for name in ("ca.crt", "other.crt"))
        tried = {
            "unencrypted": f"{named}?sslmode=disable",
            "trusting": f"{url}?sslmode=require",
            "verified": f"{named}?sslmode=verify-full&{ours}",
            "another authority": f"{named}?sslmode=verify-full&{theirs}",
            "another name": f"{url}?sslmode=verify-full&{ours}",
        }
        answers = {name: await _answers(one) for name, one in tried.items()}

    assert answers == {
        "unencrypted": False,
        "trusting": True,
        "verified": True,
        "another authority": False,
        "another name": False,
    }


async def _answers(url):
    engine = make_engine(url)
    try:
        return [row[0] for row in await fetch(engine, "SELECT 1")] == [1]
    except (DatabaseUnavailable, asyncpg.PostgresError):
        return False
    finally:
        await engine.dispose()
