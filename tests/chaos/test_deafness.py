"""Promise 9 without LISTEN and NOTIFY: a lost hint costs only time."""

import pytest

from app.store import wake
from app.stream import hub
from tests.chaos import logs
from tests.chaos.between import Between
from tests.chaos.mayhem import deafen, listeners
from tests.chaos.readers import following
from tests.conftest import FAST, TestHouse, serving
from tests.steps import until

SOON, NEVER = 0.2, 3600.0  # seconds between two polls


@pytest.fixture
async def between(database_url):
    async with Between(database_url) as between:
        yield between


@pytest.fixture
async def elsewhere(database_url):
    """Another process, which writes the log and tells of it."""
    house = TestHouse(FAST, database_url)
    async with house.running(0):
        yield house


async def followed(reading_url: str, elsewhere, meanwhile=None) -> None:
    """Follow a job at a server that reads from `reading_url`.

    The job is written by somebody else.
    """
    job = await logs.live_job(elsewhere.writer)
    here = TestHouse(FAST, reading_url)
    async with serving(here, workers=0) as url, following(int(url.rpartition(":")[2]), job.id) as reader:
        if meanwhile:
            await meanwhile()
        job = await logs.append(elsewhere.writer, job)
        await until(lambda: caught_up(reader, job))
        await logs.end(elsewhere.writer, job)
    assert reader.connections == 1
    reader.check(await logs.log_of(elsewhere.engine, job.id))


async def caught_up(reader, job) -> bool:
    return reader.cursor == job.seq


async def test_events_arrive_by_the_poll_when_no_notification_is_ever_delivered(
    between, elsewhere, monkeypatch
):
    monkeypatch.setattr(hub, "STREAM_POLL", SOON)
    between.deaf = True

    await followed(between.url, elsewhere)

    assert between.swallowed


async def test_events_arrive_by_the_poll_when_listen_is_refused(between, elsewhere, monkeypatch):
    monkeypatch.setattr(hub, "STREAM_POLL", SOON)
    between.refused = b"LISTEN"

    await followed(between.url, elsewhere)

    assert between.refusals


@pytest.mark.parametrize("words", [b"LISTEN", b"FROM events", b"FROM jobs WHERE job_id = ANY"])
async def test_a_connection_that_postgres_ends_at_the_worst_moment_costs_time_and_nothing_else(
    between, elsewhere, words, monkeypatch
):
    monkeypatch.setattr(hub, "STREAM_POLL", SOON)
    between.ends_after = words  # the statement is understood, and before it is run the connection is over

    await followed(between.url, elsewhere, meanwhile=lambda: until(between.has_ended))

    assert between.ended == 1


async def test_what_was_told_while_nobody_listened_is_read_when_somebody_listens_again(
    house, elsewhere, owner, monkeypatch
):
    monkeypatch.setattr(hub, "STREAM_POLL", NEVER)
    monkeypatch.setattr(wake, "PING", 0.1)  # how soon a lost connection is noticed
    job = await logs.live_job(elsewhere.writer)

    async def both_listen():
        return await listeners(owner) == 2

    async with serving(house, workers=0) as url, following(int(url.rpartition(":")[2]), job.id) as reader:
        await until(both_listen)
        await deafen(owner)
        job = await logs.append(elsewhere.writer, job, 5)
        await until(lambda: caught_up(reader, job))
        await logs.end(elsewhere.writer, job)

    assert reader.connections == 1
    reader.check(await logs.log_of(owner, job.id))
