"""Databases of several owners share a cluster and its roles.

Roles belong to all of them, so one finds what another made.
"""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url

from app.domain.caller import ANYBODY
from app.errors import BadSetting
from app.store import job_lists
from app.store.address import driver_url
from app.store.database import APP_ROLE, fetch, make_engine
from app.store.migrate import migrate
from tests.conftest import execute, with_database


@pytest.fixture
async def owned(postgres_url):
    """Make an ordinary login with its own database, returning the URL."""
    made = []

    async def make(options="CREATEDB CREATEROLE") -> str:
        name = f"owner_{uuid4().hex[:8]}"
        made.append(name)
        await execute(
            postgres_url, f"CREATE ROLE {name} LOGIN PASSWORD '{name}' {options}",
            f"CREATE DATABASE {name} OWNER {name}",
        )  # fmt: skip
        url = make_url(with_database(postgres_url, name)).set(username=name, password=name)
        return url.render_as_string(hide_password=False)

    yield make
    for name in made:
        await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}")


def name_of(url: str) -> str:
    return make_url(url).database


async def migrated(url: str) -> None:
    """Migrate to the newest level, so that the application can work."""
    await asyncio.to_thread(migrate, url)
    engine = make_engine(url, role=APP_ROLE)
    assert (await job_lists.page(engine, ANYBODY, job_lists.JobFilter(), 1)).jobs == []
    await engine.dispose()


async def may_grant(url: str) -> bool:
    """Say whether whoever makes roles may also grant others' roles.

    Up to PostgreSQL 15 that is so.
    """
    connection = await asyncpg.connect(driver_url(url))
    version = connection.get_server_version().major
    await connection.close()
    return version < 16


@pytest.mark.usefixtures("template")  # somebody else has made the roles
async def test_an_owner_whom_the_roles_were_not_granted_to_is_told_what_to_do(owned, postgres_url):
    url = await owned()
    if await may_grant(postgres_url):
        await migrated(url)
        return

    with pytest.raises(BadSetting, match="may not take it on") as refused:
        await asyncio.to_thread(migrate, url)

    said = str(refused.value)
    grant = said[said.index("GRANT ") : said.index("; then migrate again")]
    assert grant == f"GRANT dossier_app, dossier_report TO {name_of(url)}"
    await execute(postgres_url, grant)
    await migrated(url)


@pytest.mark.usefixtures("template")
@pytest.mark.parametrize("options", ["CREATEDB CREATEROLE", "CREATEDB", ""])
async def test_an_owner_who_is_a_member_already_needs_no_right_to_make_or_grant_roles(
    owned, postgres_url, options
):
    url = await owned(options)
    await execute(postgres_url, f"GRANT dossier_app, dossier_report TO {name_of(url)}")

    await migrated(url)


async def test_no_function_that_acts_as_its_owner_looks_in_pg_temp_first(owner):
    found = await fetch(
        owner,
        """SELECT p.proname, array_to_string(p.proconfig, '; ') AS settings FROM pg_proc p
           WHERE p.prosecdef AND p.pronamespace NOT IN ('pg_catalog'::regnamespace,
                                                        'information_schema'::regnamespace)""",
    )
    assert found
    for name, settings in found:
        assert "search_path=" in settings, name
        assert settings.partition("search_path=")[2].split(";")[0].endswith("pg_temp"), (name, settings)


async def test_a_temporary_table_takes_the_place_of_none_of_ours(database_url):
    engine = make_engine(database_url, pool_size=1)
    count = "SELECT count(*)::integer FROM pg_inherits WHERE inhparent = 'public.events'::regclass"
    [[before]] = await fetch(engine, count)
    await fetch(engine, "CREATE TEMPORARY TABLE events (job_id uuid)")
    await fetch(engine, "SELECT make_event_partition(now() + interval '40 months')")
    [[after]] = await fetch(engine, count)
    await engine.dispose()

    assert after == before + 1
