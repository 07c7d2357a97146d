"""A worker outlives what Postgres refuses, and distrusts its own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from app import handle
from app.domain import commands as c
from app.errors import ProviderError
from app.store import queue
from app.worker import attempt as attempt_module
from tests.chaos.postgres import ALLOW, REFUSE
from tests.conftest import execute
from tests.steps import submitted_job, until, whole_log
from tests.worker.working import over, working

AHEAD = timedelta(hours=2)


@pytest.mark.parametrize("code", ["53100", "58030", "25006", "23514"])
async def test_a_worker_whose_commits_were_refused_claims_and_rescues_once_they_are_not(
    house, database_url, caplog, code
):
    lost, waiting = [await submitted_job(house.writer) for _ in range(2)]
    await queue.claim(house.engine, "dies", 1, timedelta(milliseconds=1))
    await execute(database_url, REFUSE.format(share=1.1, code=code))

    async with working(house, concurrency=2):
        await until(lambda: refused(caplog, 3), seconds=90)  # each a second after the other: both were tried
        await execute(database_url, ALLOW)

        assert (await over(house, lost.id)).status == "completed"
        assert (await over(house, waiting.id)).status == "completed"


async def refused(caplog, times):
    return sum("Could not claim jobs" in message for message in caplog.messages) >= times


async def test_a_look_at_the_queue_that_fails_for_any_reason_is_tried_again(house, monkeypatch, caplog):
    peek, failures = queue.peek, [ValueError("not what was asked for")]

    async def fail_once(*asked):
        if failures:
            raise failures.pop()
        return await peek(*asked)

    monkeypatch.setattr(queue, "peek", fail_once)
    job = await submitted_job(house.writer)

    async with working(house):  # which claims nothing before its first look
        assert (await over(house, job.id)).status == "completed"
    assert "Queue maintenance failed; it is tried again." in caplog.text


async def test_a_worker_whose_clock_is_ahead_dates_its_events_and_retries_by_the_clock_of_postgres(
    house, monkeypatch
):
    monkeypatch.setattr("app.handle.datetime", Ahead)
    monkeypatch.setattr(attempt_module, "datetime", Ahead)
    job = await submitted_job_now(house)

    async def fail(attempt):
        raise ProviderError("network", "down", retryable=True)

    async with working(house, fail):
        await until(lambda: has(house, job, "attempt_failed"))

    [failed] = [row for row in await whole_log(house.engine, job.id) if row.type == "attempt_failed"]
    assert failed.occurred_at < datetime.now(UTC) + AHEAD / 2
    assert failed.recorded().event.retry_at < datetime.now(UTC) + AHEAD / 2


async def test_a_worker_that_hears_of_its_claim_too_late_does_not_work_under_the_epoch_of_another(
    house, monkeypatch
):
    job, claim, begun = await submitted_job(house.writer), queue.claim, []

    async def late(engine, worker, *others):
        leases = await claim(engine, worker, *others)
        if leases and not begun:  # on the way of the answer the lease expires, and another claims the job
            begun.append(worker)
            await lose(house, job.id, leases[0].epoch)
            await claim(house.engine, "another", 1, timedelta(hours=1))
        return leases

    monkeypatch.setattr(queue, "claim", late)
    async with working(house):
        await until(lambda: has(house, job, "lease_expired"))
        second = await submitted_job(house.writer)
        await over(house, second.id)  # so it has had its time

    actors = [row.actor for row in await whole_log(house.engine, job.id)]
    assert actors == ["api", f"worker:{begun[0]}", "rescue:test", "worker:another"]


async def lose(house, job_id, epoch):
    job = await handle.load(house.writer, job_id)
    await handle.handle(house.writer, job, c.ExpireLease(epoch, "silent"), actor="rescue:test")


async def submitted_job_now(house):
    """By a server whose clock is right."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.handle.datetime", datetime)
        return await submitted_job(house.writer)


async def has(house, job, type_):
    return type_ in [row.type for row in await whole_log(house.engine, job.id)]


class Ahead(datetime):
    """A wall clock that is wrong."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + AHEAD


async def test_a_job_that_a_clock_ran_away_with_has_still_all_its_time(house, monkeypatch):
    monkeypatch.setattr("app.handle.datetime", Ahead)
    monkeypatch.setattr(attempt_module, "datetime", Ahead)
    job = await submitted_job_now(house)

    async with working(house):
        assert (await over(house, job.id)).stop_reason == "answered"
