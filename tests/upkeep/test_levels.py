"""A version runs on the next one's schema, because migrations only add."""

import asyncio

import pytest

from app.store import migrate
from app.store.database import fetch
from tests.cli.shell import shell


@pytest.fixture
async def later(owner):
    """The database after a migration that this version does not know."""
    await fetch(owner, "CREATE TABLE of_the_future (id integer)")
    await fetch(owner, "UPDATE alembic_version SET version_num = '9999'")
    yield "9999"
    await fetch(owner, "UPDATE alembic_version SET version_num = $1", migrate.expected())
    await fetch(owner, "DROP TABLE of_the_future")


async def test_a_running_process_stays_ready_on_the_next_schema(api, later):
    answer = await api.get("/health/ready")

    assert (answer.status_code, answer.json()["migration"]) == (200, later)


async def test_a_process_is_not_ready_on_an_earlier_schema(api, owner):
    await fetch(owner, "UPDATE alembic_version SET version_num = '0001'")
    answer = await api.get("/health/ready")
    await fetch(owner, "UPDATE alembic_version SET version_num = $1", migrate.expected())

    assert (answer.status_code, answer.json()["status"]) == (503, "migration_needed")


@pytest.mark.usefixtures("later")
async def test_a_rolled_back_version_starts_and_its_migrate_is_a_sentence(database_url, tmp_path):
    found = await asyncio.to_thread(shell, tmp_path, "dossier migrate", DATABASE_URL=database_url)
    keys = await asyncio.to_thread(shell, tmp_path, "dossier key list --json", DATABASE_URL=database_url)

    assert (found.returncode, keys.returncode) == (0, 0)
    assert "a newer version needs" in found.stdout
    assert "Traceback" not in found.stderr + keys.stderr


async def test_a_migration_that_does_not_fit_the_tables_is_a_sentence_and_changes_nothing(
    owner, database_url, tmp_path
):
    await fetch(owner, "UPDATE alembic_version SET version_num = '0050'")  # what 0051 makes is there already
    found = await asyncio.to_thread(shell, tmp_path, "dossier migrate", DATABASE_URL=database_url)
    level = await migrate.level(owner)
    await fetch(owner, "UPDATE alembic_version SET version_num = $1", migrate.expected())

    assert (found.returncode, found.stdout, level) == (1, "", "0050")
    assert found.stderr.startswith("Nothing was migrated: function ")
    assert "other than the migrations before left them" in found.stderr
    assert "Traceback" not in found.stderr


async def test_a_database_whose_strings_are_not_standard_works(house, owner, database_url):
    """Every connection sets standard_conforming_strings, which old clusters carry off."""
    from tests.steps import completed_job

    name = (await fetch(owner, "SELECT current_database()"))[0][0]
    await fetch(owner, f"ALTER DATABASE {name} SET standard_conforming_strings = off")
    try:
        job = await completed_job(house.writer, query="a \\ back\\slash")
        assert (await fetch(house.engine, "SHOW standard_conforming_strings"))[0][0] == "on"
        await asyncio.to_thread(migrate.migrate, database_url)
        assert job.status == "completed"
    finally:
        await fetch(owner, f"ALTER DATABASE {name} RESET standard_conforming_strings")
