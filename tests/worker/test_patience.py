"""A worker outlives a short outage of Postgres without paying twice.

What was paid is not lost either.
"""

import asyncio
import gc
from datetime import timedelta

import pytest

from app import toolmaking
from app.domain import commands as c
from app.domain import events as e
from app.errors import DatabaseUnavailable, LeaseLost
from app.store import blobs, log
from app.store.database import fetch
from app.worker import patient_writer
from app.worker.attempt import Attempt
from tests.conftest import execute
from tests.steps import assert_chain, returned_job, running_job, submitted_job, until, whole_log
from tests.worker.crashes import as_rescue
from tests.worker.working import over, types, working

PATIENT = timedelta(seconds=15)  # a lease that a slow machine does not lose


class Trouble:
    """Fail a statement's first tries, before or after it is carried out."""

    def __init__(self, carry_out, *, reaches, times=1):
        self._carry_out = carry_out
        self._reaches = reaches
        self._times = times
        self.tries: dict[str, int] = {}

    async def __call__(self, engine, asked, *rest):
        tried = self.tries[repr(asked)] = self.tries.get(repr(asked), 0) + 1
        if tried > self._times:
            return await self._carry_out(engine, asked, *rest)
        if self._reaches:
            await self._carry_out(engine, asked, *rest)
        raise DatabaseUnavailable("The server closed the connection.")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(patient_writer, "PAUSE", (0.001, 0.01))


@pytest.mark.parametrize("reaches", [True, False], ids=["only the answer is lost", "nothing arrives"])
async def test_a_run_whose_every_write_and_read_fails_once_pays_each_call_once_in_one_attempt(house, reaches):
    places = (log, "append"), (log, "load_each"), (blobs, "put"), (blobs, "get"), (toolmaking, "sealed_keys")
    troubles = {place: Trouble(getattr(*place), reaches=reaches) for place in places}
    job = await returned_job(house.writer)
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), trouble in troubles.items():
            patch.setattr(module, name, trouble)
        async with working(house, lease=PATIENT):
            ended = await over(house, job.id)

    rows = await whole_log(house.engine, job.id)
    assert (ended.status, ended.stop_reason, ended.attempt) == ("completed", "answered", 1)
    assert (len(house.model.asks), len(house.search.searches), len(house.search.reads)) == (4, 2, 2)
    assert not any(getattr(row.recorded().event, "repeat", 0) for row in rows)
    assert all(trouble.tries and min(trouble.tries.values()) > 1 for trouble in troubles.values())
    assert_chain(rows)


async def test_a_write_whose_answer_was_lost_stands_in_the_log_once_also_where_others_wrote_since(
    house, monkeypatch
):
    job = await running_job(house.writer)
    attempt, append = Attempt(house.writer, job, "w"), log.append

    async def then_the_lease_is_lost(engine, changes):
        monkeypatch.setattr(log, "append", append)
        await append(engine, changes)
        await as_rescue(house, job)
        raise DatabaseUnavailable("The server closed the connection.")

    monkeypatch.setattr(log, "append", then_the_lease_is_lost)
    await attempt.record(e.CallRequested("1/model", "model", "m", "f" * 64, "turn 1"))

    assert await types(house, job.id) == [
        "job_submitted",
        "attempt_started",
        "call_requested",
        "lease_expired",
    ]


async def test_a_write_that_never_arrived_is_refused_once_the_lease_is_lost(house, monkeypatch):
    job = await running_job(house.writer)
    attempt, append = Attempt(house.writer, job, "w"), log.append

    async def the_lease_is_lost_instead(engine, changes):
        monkeypatch.setattr(log, "append", append)
        await as_rescue(house, job)
        raise DatabaseUnavailable("The server closed the connection.")

    monkeypatch.setattr(log, "append", the_lease_is_lost_instead)
    with pytest.raises(LeaseLost):
        await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))

    assert await types(house, job.id) == ["job_submitted", "attempt_started", "lease_expired"]


async def test_a_database_that_stays_away_ends_the_attempt_and_another_one_follows(
    house, monkeypatch, caplog
):
    failures, append = iter(range(patient_writer.WRITE_TRIES)), log.append

    async def fail_so_often(engine, changes):
        if next(failures, None) is not None:
            raise DatabaseUnavailable("The server closed the connection.")
        return await append(engine, changes)

    monkeypatch.setattr(log, "append", fail_so_often)
    job = await submitted_job(house.writer)
    async with working(house, lease=PATIENT):
        ended = await over(house, job.id)

    assert (ended.status, ended.attempt) == ("completed", 2)
    assert "the database is away; its lease will expire" in caplog.text


async def test_whoever_lost_the_lease_waits_no_longer(house, monkeypatch):
    job = await running_job(house.writer)
    attempt = Attempt(house.writer, job, "w")
    trouble = Trouble(log.append, reaches=False, times=10)
    monkeypatch.setattr(log, "append", trouble)
    attempt.writer.give_up()

    with pytest.raises(DatabaseUnavailable):
        await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))

    assert list(trouble.tries.values()) == [1]


async def test_a_worker_that_hears_of_its_loss_soon_sends_nothing_any_more(house, monkeypatch, caplog):
    monkeypatch.setattr(patient_writer, "WRITE_TRIES", 10**6)
    trouble = Trouble(log.append, reaches=False, times=10**6)
    monkeypatch.setattr(log, "append", trouble)
    job = await submitted_job(house.writer)

    async with working(house) as one:  # with a short lease, whose beats hear of its loss soon
        await until(lambda: tried(trouble, 3))
        await fetch(house.engine, "DELETE FROM leases WHERE job_id = $1", job.id)
        await until(lambda: is_idle(one))
        await asyncio.sleep(
            10 * max(patient_writer.PAUSE)
        )  # the pause that it was in, and what came after that
        before = dict(trouble.tries)
        await asyncio.sleep(10 * max(patient_writer.PAUSE))

        assert trouble.tries == before
    gc.collect()
    assert "never retrieved" not in caplog.text


async def tried(trouble, times):
    return sum(trouble.tries.values()) >= times


async def is_idle(worker):
    return not worker._attempts


async def test_a_restart_of_all_sessions_in_the_middle_of_a_run_costs_no_attempt(house, database_url):
    """The sessions are real, and are cut again and again."""
    house.model.pause = 0.05
    jobs = [await submitted_job(house.writer) for _ in range(6)]

    async with working(house, concurrency=6, lease=PATIENT):
        for _ in range(10):
            await execute(database_url, CUT)
        ended = [await over(house, job.id) for job in jobs]

    assert [(job.status, job.attempt) for job in ended] == [("completed", 1)] * 6


CUT = """
    SELECT pg_terminate_backend(pid), pg_sleep(0.02) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
