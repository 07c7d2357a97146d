"""`dossier doctor` names what keeps Dossier from working, and what to do."""

import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from app.cli import check_results, doctor
from app.domain.caller import Caller
from app.domain.master_key import MasterKeys, new_master_key
from app.store import condition, provider_keys
from app.store.workers import pause_all
from dossier.provider_key_types import NewProviderKey
from tests.cli.shell import shell
from tests.databases import with_database


@pytest.fixture
async def healthy(owner):
    return await condition.read_condition(owner)


def grades(found):
    return {one.check: one.grade for one in found}


@pytest.mark.parametrize(
    ("change", "check", "grade"),
    [
        ({"version": 140_000}, "database version", "problem"),
        ({"is_standby": True}, "database version", "problem"),
        ({"encoding": "LATIN1"}, "locale", "problem"),
        ({"may_work": False}, "roles", "problem"),
        ({"is_superuser": True}, "roles", "warning"),
        ({"fsync": "off"}, "durability", "warning"),
        ({"connections": 90, "most_connections": 100}, "connections", "warning"),
    ],
    ids=str,
)
async def test_what_is_wrong_with_a_database_is_named(healthy, change, check, grade):
    good = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "is_superuser": False}
    sound = replace(healthy, **good, connections=1, most_connections=100)
    at = sound.now

    found = check_results.judge_database(replace(sound, **change), at, is_own=False)

    assert set(grades(check_results.judge_database(sound, at, is_own=False)).values()) == {"ok"}
    assert {name: one for name, one in grades(found).items() if one != "ok"} == {check: grade}
    assert all(one.what_to_do for one in found if one.grade != "ok")


async def test_a_clock_that_is_off_is_named(healthy):
    [clock] = [
        one
        for one in check_results.judge_database(healthy, healthy.now + timedelta(minutes=3), is_own=True)
        if one.check == "clock"
    ]
    assert (clock.grade, "180 s ahead" in clock.said) == ("warning", True)
    assert abs(datetime.now(UTC) - healthy.now) < timedelta(minutes=1)


async def test_a_master_key_that_opens_nothing_is_named(engine, monkeypatch):
    masters = new_master_key(), new_master_key()
    monkeypatch.setenv("DOSSIER_MASTER_KEY", masters[0])
    assert (await doctor.of_provider_keys(engine)).said == "No tenant has its own."
    wanted = NewProviderKey("tavily", "tvly-0123456789")
    await provider_keys.set_provider_key(engine, Caller(), MasterKeys(masters[:1]), wanted)
    assert (await doctor.of_provider_keys(engine)).grade == "ok"

    for other, said in ((masters[1], "another one"), ("", "not set")):
        monkeypatch.setenv("DOSSIER_MASTER_KEY", other)
        found = await doctor.of_provider_keys(engine)
        assert (found.grade, said in found.said, bool(found.what_to_do)) == ("problem", True, True)


def run(tmp_path, **environment):
    found = shell(tmp_path, "dossier doctor --json", **environment)
    return found.returncode, {one["check"]: one for one in json.loads(found.stdout)}


async def test_a_sound_database_without_model_and_documents(tmp_path, database_url, engine):
    await pause_all(engine)
    code, found = await asyncio.to_thread(run, tmp_path, DATABASE_URL=database_url)

    assert code == 0, [one for one in found.values() if one["grade"] == "problem"]
    assert found["migration"]["grade"] == found["role in force"]["grade"] == "ok"
    for name in ("queue", "workers", "models", "search"):
        assert found[name]["grade"] == "warning"
        assert found[name]["what_to_do"]


async def test_an_unmigrated_database_is_a_problem(tmp_path, databases, postgres_url):
    name = f"empty_{datetime.now(UTC):%H%M%S%f}"
    await _execute(postgres_url, f"CREATE DATABASE {name}")
    try:
        empty = with_database(postgres_url, name)
        code, found = await asyncio.to_thread(run, tmp_path, DATABASE_URL=empty)
    finally:
        await _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")

    assert (code, found["migration"]["grade"]) == (1, "problem")
    assert "dossier migrate" in found["migration"]["what_to_do"]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_hold_every_text_is_refused(tmp_path, postgres_url, encoding):
    name = f"narrow_{datetime.now(UTC):%H%M%S%f}"
    await _execute(
        postgres_url, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    )
    try:
        narrow = with_database(postgres_url, name)
        code, found = await asyncio.to_thread(run, tmp_path, DATABASE_URL=narrow)
        refused = await asyncio.to_thread(shell, tmp_path, "dossier migrate", DATABASE_URL=narrow)
    finally:
        await _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")

    assert (code, found["locale"]["grade"]) == (1, "problem")
    assert refused.returncode == 8
    assert f"encoded in {encoding}" in refused.stderr
    assert "ENCODING 'UTF8'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_setting_and_a_database_that_is_away_are_findings(tmp_path):
    code, found = run(tmp_path, DOSSIER_LEASE_SECONDS="soon")
    assert (code, found["settings"]["grade"]) == (1, "problem")
    assert "DOSSIER_LEASE_SECONDS" in found["settings"]["said"]

    code, found = run(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing", DOSSIER_LEESE="1")
    assert (code, found["database"]["grade"], found["settings"]["grade"]) == (1, "problem", "warning")


def test_a_metrics_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _, found = run(
            tmp_path,
            DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing",
            DOSSIER_METRICS_PORT=port,
        )
    assert found["metrics port"]["grade"] == "warning"


async def _execute(url, sql):
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()
