"""The queue gives each job once, by priority and age, starving none."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from app import handle
from app.domain import commands as c
from app.domain.change import change
from app.domain.decide import decide
from app.domain.job import Job
from app.store import log, queue
from app.store.database import connect, fetch
from app.worker.rescue import rescue
from dossier.request import ResearchRequest
from tests.steps import (
    LEASE,
    as_worker,
    claimed_job,
    returned_job,
    running_job,
    submitted_job,
    until,
    whole_log,
)

SOON = timedelta(milliseconds=50)


async def test_each_of_many_jobs_is_claimed_once_by_many_workers(writer):
    ids = {(await submitted_job(writer)).id for _ in range(120)}

    async def work(name):
        taken = []
        while leases := await queue.claim(writer.engine, name, 7, LEASE):
            taken += [lease.job_id for lease in leases]
        return taken

    taken = await asyncio.gather(*(work(f"w{n}") for n in range(8)))

    flat = [job_id for one in taken for job_id in one]
    assert len(flat) == 120
    assert set(flat) == ids


async def submit_at(writer, moment: datetime, priority: int) -> Job:
    """Submit as if the clock said `moment`."""
    from uuid_utils.compat import uuid7

    request = ResearchRequest("why?", priority=priority)
    empty = Job(uuid7())
    command = c.SubmitJob(request, "default", 3)
    first = change(empty, decide(command, empty), moment, "api", None)
    await writer.submit(first)
    return first.job


async def test_a_claim_returns_the_log_of_jobs_never_claimed_in_the_order_of_the_queue(writer):
    back = await returned_job(writer)
    last, first, wanted = [await submitted_job(writer, priority=points) for points in (-5, 5, 0)]
    await handle.handle(writer, wanted, c.RequestFinish(), actor="api")

    leases = {lease.job_id: lease for lease in await queue.claim(writer.engine, "w", 10, LEASE)}

    assert list(leases) == [first.id, back.id, wanted.id, last.id]
    for job in (first, last):
        assert list(leases[job.id].log) == await whole_log(writer.engine, job.id)
    assert not leases[wanted.id].log, "somebody wrote to it before the claim"
    assert not leases[back.id].log


async def test_the_higher_priority_goes_first_and_then_the_older(writer):
    now = datetime.now(UTC)
    low = await submit_at(writer, now - timedelta(minutes=3), -10)
    old = await submit_at(writer, now - timedelta(minutes=2), 0)
    new = await submit_at(writer, now - timedelta(minutes=1), 0)
    high = await submit_at(writer, now, 10)

    order = [(await claimed_job(writer)).id for _ in range(4)]

    assert order == [high.id, old.id, new.id, low.id]


async def test_a_low_priority_job_is_not_starved_by_a_stream_of_high_ones(writer):
    now = datetime.now(UTC)
    low = await submit_at(writer, now - timedelta(hours=3), -100)
    for minute in range(30):
        await submit_at(writer, now - timedelta(minutes=minute), 100)

    assert (await claimed_job(writer)).id == low.id


async def test_a_job_that_waits_for_its_retry_is_not_claimed_before(writer):
    job = await running_job(writer)
    soon = datetime.now(UTC) + timedelta(seconds=0.6)
    await as_worker(writer, job, c.FailAttempt(job.epoch, "network", "x", is_retryable=True, retry_at=soon))

    assert await queue.claim(writer.engine, "w", 5, LEASE) == []
    assert not (await queue.peek(writer.engine)).due
    again = await until(lambda: queue.claim(writer.engine, "w", 5, LEASE))
    assert (again[0].job_id, again[0].epoch) == (job.id, job.epoch + 1)


async def test_a_lease_that_is_not_beaten_expires_and_the_job_runs_again(writer):
    lost = await running_job(writer, lease=SOON)
    await until(lambda: queue.lost(writer.engine, 10))

    assert await rescue(writer, "other") == 1
    again = await claimed_job(writer, "other")

    assert (again.id, again.epoch, again.attempt) == (lost.id, 2, 2)
    assert [row.type for row in await whole_log(writer.engine, lost.id)] == [
        "job_submitted", "attempt_started", "lease_expired", "attempt_started",
    ]  # fmt: skip


async def test_a_running_job_whose_lease_row_is_gone_is_rescued_too(writer):
    await running_job(writer)
    await fetch(writer.engine, "DELETE FROM leases")

    assert await rescue(writer, "other") == 1


async def test_many_rescuers_at_once_expire_a_lease_once(writer):
    lost = await running_job(writer, lease=SOON)
    await until(lambda: queue.lost(writer.engine, 10))

    await asyncio.gather(*(rescue(writer, f"r{n}") for n in range(8)))

    types = [row.type for row in await whole_log(writer.engine, lost.id)]
    assert types.count("lease_expired") == 1


async def test_a_beaten_lease_lives_but_not_past_its_deadline(writer, database_url):
    await submitted_job(writer)
    [lease] = await queue.claim(writer.engine, "w", 1, SOON, deadline=timedelta(seconds=3))
    connection = await connect(database_url)

    assert await queue.beat(connection, {lease.job_id: lease.epoch}, LEASE) == {lease.job_id}
    assert await queue.lost(writer.engine, 10) == []
    [late] = await until(lambda: queue.lost(writer.engine, 10))
    assert late.late
    await connection.close()


async def test_a_zombie_cannot_beat_the_lease_of_the_new_owner(writer, database_url):
    zombie = await running_job(writer)
    await handle.handle(writer, zombie, c.ExpireLease(zombie.epoch, "silent"), actor="rescue:x")
    await claimed_job(writer, "second")
    connection: asyncpg.Connection = await connect(database_url)

    assert await queue.beat(connection, {zombie.id: zombie.epoch}, LEASE) == set()
    await connection.close()


async def test_a_finished_job_has_no_lease(writer):
    job = await running_job(writer)
    await as_worker(writer, job, c.CompleteJob(job.epoch, "answered"))

    assert await fetch(writer.engine, "SELECT * FROM leases") == []


def with_values(sql: str, *values: str) -> str:
    for number, value in enumerate(values, 1):
        sql = sql.replace(f"${number}::", f"{value}::")
    return sql


async def test_the_claim_uses_its_index_and_sorts_nothing(writer, owner):
    await fetch(
        owner,
        """INSERT INTO jobs (job_id, tenant, request, query, tags, priority, rank, max_attempts, status, seq,
               head_hash, epoch, attempt, progress, current_step, steps_completed, total_steps, usage,
               created_at, completed_at, updated_at)
           SELECT gen_random_uuid(), 'default', '{}', 'q', '{}', 0, n, 3,
                  CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'completed' END, 1, '', 0, 0, 0, '', 0, 0, '{}',
                  now(), CASE WHEN n % 10 = 0 THEN NULL ELSE now() END, now()
           FROM generate_series(1, 20000) AS n""",
    )
    plan = await fetch(owner, "EXPLAIN " + with_values(queue.CLAIM, "50", "'w'", "'1s'", "'1h'"))
    text = "\n".join(row[0] for row in plan)

    assert "jobs_ready_idx" in text
    assert "jobs_retry_idx" in text
    assert "Sort" not in text
    assert "Seq Scan on jobs" not in text


@pytest.mark.untouched  # earlier tests of a database are counted too
async def test_progress_and_beats_are_heap_only_updates(writer, owner, database_url):
    job = await running_job(writer)
    from tests.store.test_log import call

    for n in range(20):
        job = await as_worker(writer, job, c.RecordEvents(job.epoch, (call(n),)))
    connection = await connect(database_url)
    for _ in range(20):
        await queue.beat(connection, {job.id: job.epoch}, LEASE)
    await connection.close()
    await writer.engine.dispose()  # a backend reports its statistics when it ends

    async def counted():
        found = await fetch(
            owner,
            """SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
               WHERE relname IN ('jobs', 'leases')""",
        )
        counts = {name: (updates, hot) for name, updates, hot in found}
        return counts if counts["jobs"][0] >= 21 and counts["leases"][0] >= 20 else None

    counts = await until(counted)
    assert counts["leases"][0] == counts["leases"][1]
    assert counts["jobs"][0] - counts["jobs"][1] == 1  # the claim itself, which changes the status


async def test_a_job_folds_to_the_same_whoever_reads_it(writer):
    job = await running_job(writer)

    assert await log.catch_up(writer.engine, Job(job.id)) == job


async def test_a_rescue_whose_statement_fails_is_logged_with_its_job_and_epoch(writer, owner, caplog):
    job = await running_job(writer)
    await fetch(owner, "UPDATE leases SET expires_at = now()")
    await fetch(
        owner, "ALTER TABLE events ADD CONSTRAINT no_rescue CHECK (type <> 'lease_expired') NOT VALID"
    )

    with caplog.at_level(logging.INFO):
        assert await rescue(writer, "w") == 0
    await fetch(owner, "ALTER TABLE events DROP CONSTRAINT no_rescue")

    said = [record.getMessage() for record in caplog.records if record.name == "app.worker.rescue"]
    assert len(said) == 1
    assert said[0].startswith(f"Job {job.id}, epoch {job.epoch}: not rescued: ")
    assert "no_rescue" in said[0]
    assert await rescue(writer, "w") == 1  # it was not set aside
