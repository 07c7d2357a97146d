"""Promises 2, 3 and 4 on Postgres: gap-free, append-only, one owner."""

import asyncio
import random
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain.change import change
from app.domain.job import Job
from app.errors import IdempotencyConflict, JobNotFound, LeaseLost
from app.store import database, log
from app.store.database import driver_url, fetch, make_engine
from dossier.request import ResearchRequest
from tests.domain.given_jobs import LATER, T0
from tests.steps import (
    as_worker,
    assert_chain,
    claimed_job,
    completed_job,
    row_of,
    rows,
    running_job,
    submitted_job,
    until,
    whole_log,
)
from tests.store.calls import call


async def test_the_log_of_a_job_is_gap_free_and_chained(writer):
    job = await completed_job(writer)

    found = await whole_log(writer.engine, job.id)

    assert [row.type for row in found] == ["job_submitted", "attempt_started", "job_completed"]
    assert_chain(found)


async def test_the_event_that_the_claim_writes_in_sql_has_the_bytes_that_python_would_write(writer):
    job = await running_job(writer, worker="host-1.worker:7")
    submitted, started = await whole_log(writer.engine, job.id)

    empty = Job(job.id)
    before = change(empty, (submitted.recorded().event,), submitted.occurred_at, "api", None).job
    again = change(before, (e.AttemptStarted(1, "host-1.worker:7"),), started.occurred_at, started.actor, 1)

    assert again.rows[0].data == started.data
    assert again.rows[0].hash == started.hash


async def test_the_row_after_a_claim_is_the_row_that_follows_from_the_fold(writer):
    job = await running_job(writer, tags=("a", "b"), priority=7)

    assert (await rows(writer.engine))[job.id] == row_of(job)


async def test_writers_that_race_leave_a_gap_free_log(writer):
    job = await running_job(writer)

    async def record(n):
        await asyncio.sleep(random.random() / 100)
        await as_worker(writer, job, c.RecordEvents(job.epoch, (call(n), call(n + 100))))

    async with asyncio.TaskGroup() as racing:
        for n in range(8):
            racing.create_task(record(n))

    found = await whole_log(writer.engine, job.id)
    assert len(found) == 2 + 16
    assert_chain(found)


# As in a table of many jobs, where rows are found in the order of the changes.
BY_INDEX = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
}


async def test_batches_over_the_same_jobs_in_opposite_orders_do_not_deadlock(
    writer, owner, database_url, monkeypatch
):
    monkeypatch.setattr(database, "SERVER_SETTINGS", {**database.SERVER_SETTINGS, **BY_INDEX})
    jobs = await asyncio.gather(*(submitted_job(writer) for _ in range(3)))
    changes = [change(job, (e.CancelRequested(""),), T0, "api", None) for job in jobs]
    waits = """SELECT count(*) FROM pg_stat_activity
               WHERE wait_event_type = 'Lock' AND datname = current_database()"""
    blocker = await asyncpg.connect(driver_url(database_url))
    async with blocker.transaction():
        await blocker.execute("SELECT FROM jobs WHERE job_id = $1 FOR UPDATE", jobs[1].id)
        orders = (changes, changes[::-1])
        engine = make_engine(database_url)
        written = [asyncio.create_task(log.append(engine, order)) for order in orders]
        await until(lambda: two_wait(owner, waits))
    await blocker.close()

    assert sorted([len(one) for one in await asyncio.gather(*written)]) == [0, 3]
    await engine.dispose()


async def two_wait(owner, waits):
    return await fetch(owner, waits) == [(2,)]


async def test_an_append_at_an_old_version_writes_nothing(writer):
    job = await running_job(writer)
    stale = change(job, (call(1),), T0, "w", job.epoch)
    await as_worker(writer, job, c.RecordEvents(job.epoch, (call(2),)))

    assert await log.append(writer.engine, [stale]) == set()
    assert len(await whole_log(writer.engine, job.id)) == 3


async def test_a_worker_that_lost_its_lease_cannot_write_however_late_it_wakes(writer):
    zombie = await running_job(writer)
    await handle.handle(writer, zombie, c.ExpireLease(zombie.epoch, "silent"), actor="rescue:x")
    owner = await claimed_job(writer, "second")

    for command in (
        c.RecordEvents(zombie.epoch, (call(1),)),
        c.CompleteJob(zombie.epoch, "answered"),
        c.FailAttempt(zombie.epoch, "internal", "x", is_retryable=True, retry_at=LATER),
        c.ReleaseAttempt(zombie.epoch),
    ):
        with pytest.raises(LeaseLost):
            await as_worker(writer, zombie, command)
    assert owner.epoch == zombie.epoch + 1
    assert (await whole_log(writer.engine, owner.id))[-1].type == "attempt_started"


async def test_the_fence_is_in_the_statement_itself_not_only_in_the_rules(writer):
    zombie = await running_job(writer)
    await handle.handle(writer, zombie, c.ExpireLease(zombie.epoch, "silent"), actor="rescue:x")
    owner = await claimed_job(writer, "second")

    # The right version, but a zombie's epoch: what a bug in the rules would let through.
    for event in (e.JobCompleted("answered"), call(1)):
        forged = change(owner, (event,), T0, "zombie", zombie.epoch)
        assert await log.append(writer.engine, [forged]) == set()
    assert (await whole_log(writer.engine, owner.id))[-1].type == "attempt_started"


async def test_what_is_learnt_leaves_the_row_that_follows_alone_and_with_others(writer):
    """The error of a lost worker stays while the next one learns."""
    lost = await running_job(writer)
    await handle.handle(writer, lost, c.ExpireLease(lost.epoch, "silent"), actor="rescue:x")
    jobs = [await claimed_job(writer, "second"), await running_job(writer)]
    changes = [change(job, (call(1), call(2)), T0, "worker:w", job.epoch) for job in jobs]

    assert await log.append(writer.engine, changes[:1]) == {jobs[0].id}
    alone = change(changes[0].job, (call(3),), T0, "worker:w", jobs[0].epoch)
    assert await log.append(writer.engine, [alone]) == {jobs[0].id}
    following = change(alone.job, (call(4),), T0, "worker:w", jobs[0].epoch)
    assert len(await log.append(writer.engine, [following, changes[1]])) == 2

    stored = await rows(writer.engine)
    assert stored == {one.job.id: row_of(one.job) for one in (following, changes[1])}
    assert following.job.failure
    found = await whole_log(writer.engine, lost.id)
    assert [row.seq for row in found] == list(range(1, 9))
    assert tuple(found[4:]) == (*changes[0].rows, *alone.rows, *following.rows)
    assert_chain(found)


async def test_nothing_can_be_written_after_the_terminal_event(writer):
    job = await completed_job(writer)

    with pytest.raises(LeaseLost):
        await as_worker(writer, job, c.RecordEvents(job.epoch, (call(1),)))
    forged = change(job, (call(1),), T0, "w", job.epoch)
    assert await log.append(writer.engine, [forged]) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'x'",
        "DELETE FROM events",
        "TRUNCATE events",
        "UPDATE events_default SET actor = 'x'",
        "TRUNCATE events_default",
    ],
)
async def test_the_application_cannot_change_the_log(writer, statement):
    await completed_job(writer)

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await fetch(writer.engine, statement)


async def test_not_even_the_owner_can_change_the_log_by_a_slip(writer, owner):
    job = await completed_job(writer)
    partition = (await fetch(owner, "SELECT tableoid::regclass::text FROM events LIMIT 1"))[0][0]

    for table in ("events", partition):
        for statement in (f"UPDATE {table} SET actor = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await fetch(owner, statement)
    assert_chain(await whole_log(writer.engine, job.id))


async def test_an_event_lands_in_the_partition_of_its_month(writer):
    job = await submitted_job(writer)

    [(table, month)] = await fetch(
        writer.engine,
        "SELECT tableoid::regclass::text, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY_MM') FROM events",
    )
    assert table == f"events_{month}"
    assert job.seq == 1


async def test_the_same_key_and_request_give_the_same_job(writer):
    request = ResearchRequest("why?")

    first, new = await handle.submit(writer, request, tenant="a", key="k")
    again, new_again = await handle.submit(writer, request, tenant="a", key="k")
    other, _ = await handle.submit(writer, request, tenant="b", key="k")

    assert (new, new_again, again.id) == (True, False, first.id)
    assert other.id != first.id


async def test_submissions_that_race_for_a_key_make_one_job(writer):
    request = ResearchRequest("why?")
    made = await asyncio.gather(*(handle.submit(writer, request, tenant="a", key="k") for _ in range(20)))

    assert len({job.id for job, _ in made}) == 1
    assert sum(new for _, new in made) == 1


async def test_a_key_with_another_request_is_a_conflict_and_changes_nothing(writer):
    await handle.submit(writer, ResearchRequest("why?"), tenant="a", key="k")

    with pytest.raises(IdempotencyConflict):
        await handle.submit(writer, ResearchRequest("how?"), tenant="a", key="k")
    assert len(await rows(writer.engine)) == 1


async def test_one_bad_change_does_not_fail_those_that_are_written_with_it(writer):
    good, bad = await running_job(writer), await running_job(writer)
    impossible = replace(change(bad, (call(1),), T0, "w", bad.epoch), job=replace(bad, seq=3, progress=101))

    written, refused = await asyncio.gather(
        writer.append(change(good, (call(1),), T0, "w", good.epoch)),
        writer.append(impossible),
        return_exceptions=True,
    )

    assert written is True
    assert isinstance(refused, asyncpg.IntegrityConstraintViolationError)
    assert len(await whole_log(writer.engine, good.id)) == 3
    assert len(await whole_log(writer.engine, bad.id)) == 2


async def test_a_nul_from_outside_does_not_reach_the_log(writer):
    job = await running_job(writer)
    failed = e.CallFailed("1/model", "internal", "bad \x00 byte, and the text \\u0000", retryable=False)

    job = await as_worker(writer, job, c.RecordEvents(job.epoch, (call(1), failed)))

    [[message]] = await fetch(
        writer.engine, "SELECT data->>'error_message' FROM events WHERE type = 'call_failed'"
    )
    assert message == "bad \ufffd byte, and the text \\u0000"
    assert await log.catch_up(writer.engine, Job(job.id)) == job


async def test_an_unknown_job_is_not_found(writer):
    with pytest.raises(JobNotFound):
        await handle.load(writer, uuid4())
