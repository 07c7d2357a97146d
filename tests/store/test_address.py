"""Several hosts in a URL, in every usual spelling."""

import asyncio

import pytest

from app.errors import DatabaseUnavailable
from app.store import database, pool
from app.store.address import BadAddress, driver_url, hosts, parsed, session
from app.store.analyst_session import psql_environment
from app.store.database import fetch, make_engine
from app.store.migrate import migrate
from tests.chaos.cable import Cable, to_postgres

TWO = [("h1", 1), ("h2", 2)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u@h1:1,h2:2/db", TWO),
        ("postgres://u@h1:1,h2:2/db?sslmode=require", TWO),
        ("postgresql+asyncpg://u:a%40b@h1:1,h2:2/db", TWO),
        ("postgresql://h1:1,h2:2", TWO),
        ("postgresql://u@/db?host=h1,h2&port=1,2", TWO),
        ("postgresql://u@/db?host=h1:1,h2:2", TWO),
        ("postgresql://u@/db?host=h1:1&host=h2:2", TWO),
        ("postgresql://u@h1,h2/db", [("h1", 5432), ("h2", 5432)]),
        ("postgresql://u@h1,h2:2/db", [("h1", 5432), ("h2", 2)]),
        ("postgresql://u@/db?host=h1,h2&port=7", [("h1", 7), ("h2", 7)]),
        ("postgresql://u@[::1]:1,[fe80::2]/db", [("::1", 1), ("fe80::2", 5432)]),
        ("postgresql://u@/db?host=/run/a,/run/b&port=1,2", [("/run/a", 1), ("/run/b", 2)]),
        ("postgresql://u@h1:1/db", []),
        ("postgresql:///db?host=/run/a", []),
    ],
)
def test_every_spelling_names_its_hosts_and_keeps_them(url, expected):
    assert hosts(url) == expected
    assert hosts(driver_url(url)) == expected
    assert hosts(parsed(url).render_as_string(hide_password=False)) == expected


def test_what_else_the_url_says_stays():
    url = "postgresql://u:a%40b%2Cc@h1:1,h2:2/db?sslmode=require&target_session_attrs=any"
    parts = parsed(driver_url(url))

    assert (parts.username, parts.password, parts.database) == ("u", "a@b,c", "db")
    assert parts.query["sslmode"] == "require"
    assert session(url) == "any"
    assert session("postgresql://u@h1/db") == "read-write"
    assert psql_environment(url, 1)["PGHOST"] == "h1,h2"
    assert psql_environment(url, 1)["PGPORT"] == "1,2"


@pytest.mark.parametrize(
    "url",
    ["postgresql://h1:x,h2/db", "postgresql://h1:x/db", "postgresql:///db?host=a,b,c&port=1,2", "h1,h2"],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(BadAddress):
        driver_url(url)


MANAGED = {
    "Neon": "postgresql://u:p@ep-a-1.eu.aws.neon.tech/db?sslmode=require&channel_binding=require",
    "Neon's endpoint": "postgresql://u:p@ep-a-1.eu.aws.neon.tech/db?sslmode=require&options=endpoint%3Dep-a-1",
    "Supabase": "postgres://postgres.ref:p@aws-0-eu.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1",
    "RDS": "postgresql://u:p@db.x.eu-west-1.rds.amazonaws.com:5432/db?sslmode=verify-full&connect_timeout=10",
    "Cloud SQL": "postgresql://u:p@/db?host=/cloudsql/project:region:instance",
    "Azure": "postgresql://u%40server:p@server.postgres.database.azure.com:5432/db?sslmode=require&keepalives=1",
}


@pytest.mark.parametrize("name", MANAGED)
def test_the_urls_of_managed_engines_keep_only_what_the_driver_and_postgres_know(name):
    kept = parsed(driver_url(MANAGED[name]))

    assert kept.query.keys() <= {"sslmode", "options", "host"}
    assert kept.query.get("sslmode") == parsed(MANAGED[name]).query.get("sslmode")
    assert (kept.username, kept.password, kept.database) == (
        parsed(MANAGED[name]).username,
        "p",
        parsed(MANAGED[name]).database,
    )


async def test_options_of_libpq_do_not_keep_a_session_from_starting(database_url):
    given = "channel_binding=prefer&connect_timeout=3&keepalives=1&pgbouncer=true&application_name=mine"
    engine = make_engine(f"{database_url}&{given}&options=-c%20work_mem%3D5MB")
    assert (await fetch(engine, "SHOW work_mem"))[0][0] == "5MB"
    await engine.dispose()


def behind(url: str, first: int, second: int) -> str:
    """The URL with two ports of this machine as its hosts."""
    parts = parsed(url)
    login = ":".join(filter(None, (parts.username, parts.password)))
    return f"postgresql://{login}@127.0.0.1:{first},127.0.0.1:{second}/{parts.database}?sslmode=disable"


async def test_a_first_host_that_is_gone_without_a_word_does_not_use_up_the_time(database_url, monkeypatch):
    monkeypatch.setattr(database, "CONNECT_TIMEOUT", 2.0)
    monkeypatch.setattr(pool, "POOL_TIMEOUT", 20.0)
    async with Cable(to_postgres(database_url)) as gone, Cable(to_postgres(database_url)) as alive:
        gone.pull()
        engine = make_engine(behind(database_url, gone.port, alive.port))
        assert (await fetch(engine, "SELECT 1"))[0][0] == 1
        await engine.dispose()


async def test_where_no_host_answers_the_database_is_away(database_url, monkeypatch):
    monkeypatch.setattr(database, "CONNECT_TIMEOUT", 0.4)
    async with Cable(to_postgres(database_url)) as one, Cable(to_postgres(database_url)) as other:
        one.pull()
        other.pull()
        engine = make_engine(behind(database_url, one.port, other.port))
        with pytest.raises(DatabaseUnavailable):
            await fetch(engine, "SELECT 1")
        await engine.dispose()


async def test_migrations_find_their_way_through_several_hosts(database_url):
    async with Cable(to_postgres(database_url)) as one, Cable(to_postgres(database_url)) as other:
        await asyncio.to_thread(migrate, behind(database_url, one.port, other.port))


async def test_a_connection_that_turns_out_to_be_read_only_is_not_kept(database_url):
    engine = make_engine(database_url, pool_size=1)
    await fetch(engine, "SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailable):
        await fetch(engine, "SELECT nextval('event_position')")

    assert (await fetch(engine, "SHOW default_transaction_read_only"))[0][0] == "off"
    await engine.dispose()
