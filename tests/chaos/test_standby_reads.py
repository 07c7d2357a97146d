"""A standby serves reads, and nobody reads older data than promised."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace

from app.store.database import fetch, make_engine
from app.store.standby_reads import HAS_REACHED, HORIZON, StandbyReads
from tests.chaos.standby import Pair, replicated
from tests.cli.shell import shell
from tests.conftest import FAST, TestHouse, serving
from tests.steps import until


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Pair]:
    async with replicated(synchronous=False) as pair:
        yield pair


@contextlib.asynccontextmanager
async def reading_house(pair: Pair):
    """Start a server that reads from the standby, and its client."""
    house = TestHouse(replace(FAST, read_url=pair.standby.url), pair.url)
    async with serving(house) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        yield house, http


async def submit(http):
    return (await http.post("/jobs", json={"query": "Who reads?"})).raise_for_status().json()["job_id"]


async def seen(http, job_id):
    return (await http.get(f"/jobs/{job_id}")).status_code


async def test_reads_go_to_the_standby_and_show_what_was_just_written(pair):
    async with reading_house(pair) as (house, http):
        for _ in range(5):
            job_id = await submit(http)
            assert await seen(http, job_id) == 200
            assert job_id in (await http.get("/jobs")).text
        stream = (await http.get(f"/jobs/{job_id}/stream")).text
        assert "event: job_complete" in stream
        assert (await http.get(f"/jobs/{job_id}/report")).status_code == 200
        counted = (await http.get("/metrics")).text
    assert float(counted.split('dossier_reads_total{server="standby"} ')[1].split()[0]) > 10
    assert isinstance(house.reading, StandbyReads)


async def test_a_standby_that_is_behind_hides_nothing(pair, caplog):
    async with reading_house(pair) as (house, http):
        await seen(http, await submit(http))
        pair.link.pull()
        try:
            for _ in range(3):
                assert await seen(http, await submit(http)) == 200
                assert "event: job_complete" in (await http.get(f"/jobs/{await submit(http)}/stream")).text
        finally:
            pair.link.plug()
        assert "The standby is behind or away: reads go to the primary." in caplog.text
        house.reading.take_counts()
        await until(lambda: is_read_there(house, http))
    assert "Reads go to the standby again." in caplog.text


async def is_read_there(house, http):
    await http.get("/jobs")
    return house.reading.take_counts()["standby"]


async def test_a_standby_of_another_timeline_or_one_that_was_promoted_is_not_read(pair):
    primary, standby = make_engine(pair.url), make_engine(f"{pair.standby.url}?target_session_attrs=any")
    lsn, timeline = (await fetch(primary, HORIZON))[0]
    await pair.level()
    assert (await fetch(standby, HAS_REACHED, lsn, timeline))[0][0]
    assert not (await fetch(standby, HAS_REACHED, lsn, timeline + 1))[0][0]
    assert not (await fetch(primary, HAS_REACHED, lsn, timeline))[0][0]
    await primary.dispose()
    await standby.dispose()


async def test_doctor_and_sql_ask_the_standby(pair, tmp_path):
    settings = {"DATABASE_URL": pair.url, "DATABASE_URL_READ": pair.standby.url}
    told = await asyncio.to_thread(shell, tmp_path, "dossier doctor --json", **settings)
    results = {line["check"]: line for line in json.loads(told.stdout)}
    assert results["standby"]["grade"] == "ok"
    said = await asyncio.to_thread(shell, tmp_path, 'dossier sql -c "SELECT pg_is_in_recovery()"', **settings)
    assert said.stdout.split()[-1] in {"t", "true", "True"}, said
