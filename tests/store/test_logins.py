"""The logins may do their work, and nothing more."""

import asyncio
import base64
import json
from uuid import uuid4

import asyncpg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from app import handle
from app.cli.root import dossier
from app.domain.caller import ANYBODY
from app.errors import BadSetting
from app.store import analyst_session, blobs
from app.store.database import driver_url, fetch, fetch_fenced, make_engine
from app.store.logins import MEMBERSHIPS, make_logins, scram_verifier
from app.store.wake import Wake
from app.store.writer import Writer
from tests.conftest import execute
from tests.steps import completed_job

NOBODY_MAY = (
    "UPDATE public.events SET seq = 9",
    "DELETE FROM public.events",
    "TRUNCATE public.events",
    "ALTER TABLE public.jobs ADD COLUMN mine text",
    "DROP TABLE public.jobs",
    "ALTER TABLE public.events DISABLE TRIGGER ALL",
    "CREATE TABLE public.mine (x integer)",
    "CREATE ROLE mine",
    "SELECT pg_read_file('/etc/hostname')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT rolpassword FROM pg_authid",
    "UPDATE public.blobs SET body = ''",
)
SQL_USERS_MAY_NOT = (
    "SELECT FROM public.events",
    "SELECT FROM public.api_keys",
    "SELECT FROM public.provider_keys",
    "SELECT FROM public.data_keys",
    "SET ROLE dossier_app",
    "SET ROLE dossier_tenant",
)


@pytest.fixture
async def prefix(database_url):
    """Of logins that no other test has."""
    prefix = f"l{uuid4().hex[:8]}"
    yield prefix
    for kind in MEMBERSHIPS:
        await execute(database_url, f"DROP ROLE IF EXISTS {prefix}_{kind}")


@pytest.fixture
async def urls(owner, database_url, prefix):
    made = await make_logins(owner, {}, prefix)
    parts = make_url(driver_url(database_url))
    return {
        one.kind: parts.set(username=one.name, password=one.password).render_as_string(hide_password=False)
        for one in made
    }


async def refused(url, statements) -> list[str]:
    """The statements that a login may run although it should not."""
    connection = await asyncpg.connect(url)
    await connection.execute("SET default_transaction_read_only = off")
    let_through = []
    for statement in statements:
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            continue
        let_through.append(statement)
    await connection.close()
    return let_through


async def test_each_login_is_refused_what_is_not_its_work(urls):
    for url in urls.values():
        assert await refused(url, NOBODY_MAY) == []
    assert await refused(urls["analyst"], SQL_USERS_MAY_NOT) == []


@pytest.mark.parametrize("kind", ["api", "worker"])
async def test_a_forged_body_is_refused(urls, kind):
    body, others = b"as it was read", blobs.digest(b"as it was forged")
    connection = await asyncpg.connect(urls[kind])
    await connection.execute("SET ROLE dossier_app")
    for name, size in ((others, len(body)), (blobs.digest(body).upper(), len(body)), (blobs.digest(body), 1)):
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(blobs.PUT_BLOB, [name], [size], [body])
    await connection.execute(blobs.PUT_BLOB, [blobs.digest(body)], [len(body)], [body])
    await connection.execute(blobs.PUT_BLOB, [blobs.digest(body)], [len(body)], [b"later"])
    assert await connection.fetchval("SELECT body FROM blobs") == body
    await connection.close()


@pytest.mark.parametrize("kind", ["api", "worker"])
async def test_api_and_workers_do_their_work(urls, kind):
    engine = make_engine(urls[kind], pool_size=2)
    job = await completed_job(Writer(engine, Wake(engine, None)))

    assert (await handle.load(Writer(engine, Wake(engine, None)), job.id)).status == "completed"
    assert (await fetch_fenced(engine, ANYBODY, "SELECT count(*) FROM jobs"))[0][0] == 1
    await engine.dispose()


async def test_sql_users_read_the_views(urls):
    await analyst_session.require_analyst(urls["analyst"], 5)
    async with analyst_session.asking(urls["analyst"], 5, "SELECT count(*) FROM jobs") as answer:
        assert [tuple(row) async for row in answer.rows] == [(0,)]


async def test_made_twice_nothing_changes_and_a_given_password_is_set(owner, prefix):
    first = await make_logins(owner, {}, prefix)
    read = f"SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE '{prefix}%' ORDER BY 1"
    before = {row[0]: row[1] for row in await fetch(owner, read)}

    again = await make_logins(owner, {"worker": "another word"}, prefix)

    after = {row[0]: row[1] for row in await fetch(owner, read)}
    assert all(one.password for one in first)
    assert [one.password for one in again] == [None, "another word", None]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"{prefix}_worker"}
    assert all(kept.startswith("SCRAM-SHA-256$4096:") for kept in after.values())


async def test_a_login_that_may_do_more_is_refused(owner, prefix):
    await make_logins(owner, {}, prefix)
    await fetch(owner, f"GRANT dossier_app TO {prefix}_analyst")

    with pytest.raises(BadSetting, match="is also dossier_app"):
        await make_logins(owner, {}, prefix)


async def test_the_verifier_is_what_postgres_itself_makes_of_a_password(owner, prefix):
    await make_logins(owner, {}, prefix)
    await fetch(owner, "SET password_encryption = 'scram-sha-256'")
    await fetch(owner, f"ALTER ROLE {prefix}_api PASSWORD 'correct horse 7!'")
    [(kept,)] = await fetch(owner, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{prefix}_api'")
    salt = kept.partition(":")[2].partition("$")[0]

    assert scram_verifier("correct horse 7!", base64.b64decode(salt)) == kept
    for bad in ("", "schlüssel", "a\x00b", "x" * 201):
        with pytest.raises(BadSetting, match="printable"):
            scram_verifier(bad)


async def test_the_command_reads_passwords_and_prints_each_address_once(database_url, prefix, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DOSSIER_ENV_FILE", "none")

    async def run(*words, given=""):
        words = ["logins", "--prefix", prefix, *words]
        return await asyncio.to_thread(CliRunner().invoke, dossier, words, input=given)

    made = await run("--json", "--passwords", given="api word-1\nworker word-2\n")
    shown = {one["kind"]: one for one in json.loads(made.stdout)}
    assert (shown["api"]["password"], shown["worker"]["password"]) == ("word-1", "word-2")
    assert len(shown["analyst"]["password"]) > 20
    again = await run()
    assert shown["analyst"]["password"] not in again.output
    assert f"{prefix}_api (dossier_app): postgresql://{prefix}_api@" in again.stdout
    assert "must be one of" in (await run("--passwords", given="apy word\n")).output
