"""A reclaimed job's new lease holds, whatever was said of the old."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import commands as c
from app.store import queue
from app.worker.attempt import Attempt
from app.worker.beats import Beats
from app.worker.worker import Pace, Worker
from tests.steps import LEASE, claimed_job, submitted_job, until


@pytest.fixture
def gone():
    """What was declared lost: job and epoch."""
    return {}


@pytest.fixture
def beats(database_url, gone):
    """Not started: the tests beat themselves."""
    return Beats(database_url, LEASE, gone.update)


def lease(job) -> queue.Lease:
    return queue.Lease(job.id, job.epoch, datetime.now(UTC))


async def given_up_and_claimed_again(writer, job):
    await Attempt(writer, job, "w").carry_out(c.ReleaseAttempt(job.epoch))
    return await claimed_job(writer)


async def test_a_job_that_is_claimed_again_during_a_beat_is_not_lost_by_it(
    writer, beats, gone, monkeypatch, database_url
):
    await submitted_job(writer)
    first = await claimed_job(writer)
    beats.hold([lease(first)], time.monotonic())
    beat, again = queue.beat, []

    async def beat_slowly(*asked):
        """Answer a beat about the first lease once it has the second."""
        if not again:
            again.append(await given_up_and_claimed_again(writer, first))
            kept = await beat(*asked)
            beats.hold([lease(again[0])], time.monotonic())
            return kept
        return await beat(*asked)

    monkeypatch.setattr(queue, "beat", beat_slowly)
    connection = await beats._beat(None)
    assert gone == {}
    assert beats._held[first.id][0] == again[0].epoch == first.epoch + 1

    before = beats._held[first.id][1]
    await beats._beat(connection)
    assert gone == {}
    assert beats._held[first.id][1] > before
    await connection.close()


async def test_a_beat_that_kept_the_old_lease_does_not_count_for_the_new_one(beats, gone, writer):
    await submitted_job(writer)
    job = await claimed_job(writer)
    beats.hold([queue.Lease(job.id, 2, datetime.now(UTC))], since := time.monotonic())

    beats._note({job.id: 1}, {job.id}, since + 5)

    assert beats._held == {job.id: (2, since)}
    assert gone == {}


async def test_dropping_an_attempt_leaves_the_next_one_of_the_same_job_held(beats, writer):
    await submitted_job(writer)
    first = await claimed_job(writer)
    second = await given_up_and_claimed_again(writer, first)
    beats.hold([lease(second)], time.monotonic())

    beats.drop(first.id, first.epoch)
    assert first.id in beats._held

    beats.drop(second.id, second.epoch)
    assert beats._held == {}


async def test_a_lease_that_is_really_lost_is_told_with_its_epoch(beats, gone, writer, monkeypatch):
    await submitted_job(writer)
    job = await claimed_job(writer)
    beats.hold([queue.Lease(job.id, job.epoch + 7, datetime.now(UTC))], time.monotonic())

    await (await beats._beat(None)).close()

    assert gone == {job.id: job.epoch + 7}
    assert beats._held == {}


async def test_the_end_of_an_attempt_does_not_take_the_next_one_of_its_job_from_the_worker(house):
    """The first attempt's task still works when the second begins."""
    begun, leave, runs = asyncio.Event(), asyncio.Event(), []

    async def work(attempt):
        runs.append(attempt)
        if len(runs) == 1:
            await attempt.carry_out(c.ReleaseAttempt(attempt.epoch))
            begun.set()
            await leave.wait()
        else:
            await asyncio.sleep(60)

    worker = Worker(
        house.writer, house.wake, house.url, work, Pace(concurrency=2, lease=timedelta(seconds=3))
    )
    running = asyncio.create_task(worker.run())
    job = await submitted_job(house.writer)
    await begun.wait()

    async def second():
        return len(runs) == 2

    await until(second)
    # What is said of the first epoch now stops nothing.
    worker._lose({job.id: runs[0].epoch})
    leave.set()

    async def first_ended():
        return not [task for task in asyncio.all_tasks() if task.get_name() == f"job {job.id}"][1:]

    await until(first_ended)
    assert worker._attempts[job.id][0] is runs[1]
    assert worker._beats._held[job.id][0] == runs[1].epoch == runs[0].epoch + 1
    assert worker._stops == {}
    worker.hurry()
    await running
    assert worker._attempts == {}
