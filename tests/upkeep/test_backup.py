"""`dossier backup` and `restore` keep all of one moment, and prove it."""

import asyncio
import json
from importlib import import_module
from uuid import uuid4

import asyncpg
import pytest

from app.store import blobs, dump
from app.store.database import fetch, make_engine
from tests.cli.shell import shell
from tests.databases import with_database
from tests.steps import completed_job, rows, submitted_job

CHECKED = import_module("migrations.versions.0043_checked_bodies").CHECKED


@pytest.fixture
async def empty(postgres_url):
    """The URL of a new database."""
    name = f"restored_{uuid4().hex[:8]}"
    await _execute(postgres_url, f"CREATE DATABASE {name}")
    yield with_database(postgres_url, name)
    await _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(url, sql):
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def run(folder, script, url, **environment):
    return await asyncio.to_thread(shell, folder, script, DATABASE_URL=url, **environment)


async def test_a_backup_is_restored_whole_and_verified(writer, database_url, empty, tmp_path):
    for number in range(3):
        await completed_job(writer, query=f"question {number}")
    waiting = await submitted_job(writer)
    (tmp_path / "models.toml").write_text("")

    settings = {"DOSSIER_MODELS": str(tmp_path / "models.toml")}
    made = await run(tmp_path, "dossier backup --json saved", database_url, **settings)
    await completed_job(writer)  # after the moment of the backup
    restored = await run(tmp_path, "dossier restore saved", empty)
    again = await run(tmp_path, "dossier restore saved", empty)
    second = await run(tmp_path, "dossier backup saved", database_url)

    assert (made.returncode, restored.returncode) == (0, 0), made.stderr + restored.stderr
    listed = json.loads(made.stdout)
    assert listed["files"].keys() == {"dossier.dump", "models.toml"}
    assert "Restored and verified" in restored.stdout
    engine = make_engine(empty)
    assert waiting.id in (found := await rows(engine))
    assert len(found) == listed["state"]["jobs"] == 4
    assert (await fetch(engine, "SELECT current_user::text"))[0][0] == "dossier_app"
    await engine.dispose()
    assert (again.returncode, "not empty" in again.stderr) == (8, True)
    assert (second.returncode, "not empty" in second.stderr) == (1, True)


async def test_a_damaged_body_does_not_keep_a_backup_from_being_restored(
    engine, database_url, empty, tmp_path
):
    await blobs.put(engine, [b"a page", b"another"])
    drop = "ALTER TABLE blobs DROP CONSTRAINT blobs_body_check"
    damage = f"UPDATE blobs SET body = 'a lage' WHERE sha256 = '{blobs.digest(b'a page')}'"
    for statement in (drop, damage, CHECKED):
        await _execute(database_url, statement)
    await dump.dump_database(database_url, tmp_path / "dump")

    await dump.load_dump(empty, tmp_path / "dump")

    engine = make_engine(empty)
    assert await blobs.damaged(engine) == (2, {blobs.digest(b"a page")})
    with pytest.raises(asyncpg.CheckViolationError):
        await fetch(engine, blobs.PUT_BLOB, ["0"], [1], [b"x"])
    await engine.dispose()


async def test_a_backup_that_was_changed_is_refused(writer, database_url, empty, tmp_path):
    await completed_job(writer)
    made = await run(tmp_path, "dossier backup saved", database_url)
    assert made.returncode == 0, made.stderr
    with (tmp_path / "saved/dossier.dump").open("ab") as file:
        file.write(b"x")

    changed = await run(tmp_path, "dossier restore saved", empty)
    (tmp_path / "saved/backup.json").unlink()
    cut = await run(tmp_path, "dossier restore saved", empty)

    assert (changed.returncode, "not as it was saved" in changed.stderr) == (1, True)
    assert (cut.returncode, "not a whole backup" in cut.stderr) == (1, True)
