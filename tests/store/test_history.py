"""A real Postgres's evidence about jobs is read and judged."""

import asyncio
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from app import handle
from app.domain import commands as c
from app.domain.history import check
from app.domain.history.job_evidence import History
from app.store import history as history_
from app.store.database import fetch
from app.store.history import histories
from tests.conftest import execute
from tests.domain.given_jobs import T0
from tests.steps import as_worker, claimed_job, completed_job, running_job, submitted_job
from tests.store.calls import call
from tests.store.kinds import every_kind_of_job
from tests.worker.crashes import crash_and_resume


async def gathered(engine, job_ids=None) -> list[History]:
    return [history async for history in histories(engine, job_ids)]


async def judged(engine, job_ids=None):
    return [violation for history in await gathered(engine, job_ids) for violation in check(history)]


async def test_every_kind_of_job_passes(writer):
    await every_kind_of_job(writer)

    found = await gathered(writer.engine)

    assert len(found) >= 7
    assert {history.rows[-1].status for history in found} >= {"pending", "cancelling", "completed", "failed"}
    assert [violation for history in found for violation in check(history)] == []


@pytest.mark.parametrize("appends", [1, 4, 7])
async def test_a_whole_run_that_crashed_and_resumed_passes(house, appends):
    rows = await crash_and_resume(house, appends, before_commit=False)

    [history] = await gathered(house.engine)

    assert history.rows == tuple(rows)
    assert check(replace(history, at_rest=True)) == []


async def test_all_jobs_come_once_in_order_however_many_are_read_at_a_time(writer, monkeypatch):
    ids = [(await submitted_job(writer)).id for _ in range(7)]
    asked = []

    async def spy(engine, sql, *params):
        asked.append(len(params[0]) if isinstance(params[0], list) else params[1])
        return await fetch(engine, sql, *params)

    monkeypatch.setattr(history_, "HISTORIES_AT_ONCE", 3)
    monkeypatch.setattr(history_, "fetch", spy)

    assert [history.job_id for history in await gathered(writer.engine)] == sorted(ids)
    assert max(asked) == 3
    asked.clear()
    assert [history.job_id for history in await gathered(writer.engine, ids[::-1])] == ids[::-1]
    assert asked == [3, 3, 1]  # one statement for all that is stored of them, so all is of one moment


async def test_a_job_of_which_nothing_is_stored_is_told_when_it_was_acknowledged(writer):
    lost = uuid4()

    [history] = await gathered(writer.engine, [lost])

    assert check(history) == []
    [violation] = check(replace(history, acknowledged=(T0,)))
    assert (violation.rule, violation.job_id) == ("acknowledged_is_logged", lost)


async def test_a_row_a_log_and_a_lease_that_stand_alone_are_found(writer, owner):
    no_log, no_row = await submitted_job(writer), await submitted_job(writer)
    other = UUID(int=7)
    await fetch(owner, "UPDATE jobs SET job_id = $1::uuid WHERE job_id = $2::uuid", other, no_log.id)
    await fetch(owner, "DELETE FROM jobs WHERE job_id = $1::uuid", no_row.id)
    await fetch(
        owner, "INSERT INTO leases VALUES ('00000000-0000-0000-0000-000000000009', 1, 'w', now(), NULL)"
    )

    found = {(violation.rule, violation.job_id) for violation in await judged(writer.engine)}

    assert found == {
        ("projected", other),
        ("projected", no_log.id),
        ("projected", no_row.id),
        ("one_lease", UUID(int=9)),
    }


@pytest.mark.parametrize(
    ("tampering", "rule", "seq"),
    [
        ("UPDATE events SET actor = 'nobody' WHERE seq = 2", "chained", 2),
        ("UPDATE events SET hash = sha256('x') WHERE seq = 1", "chained", 1),
        ("DELETE FROM events WHERE seq = 3", "projected", 2),
        ("UPDATE leases SET epoch = 7", "one_lease", 3),
        ("UPDATE jobs SET current_step = 'lies'", "projected", 3),
        ("UPDATE jobs SET tags = '{c}'", "projected", 3),
        ("UPDATE jobs SET usage = '{}'", "projected", 3),
    ],
)
async def test_what_was_changed_behind_the_logs_back_is_named(writer, database_url, tampering, rule, seq):
    job = await running_job(writer, tags=("a", "b"))
    await as_worker(writer, job, c.RecordEvents(job.epoch, (call(1),)))
    await execute(database_url, "ALTER TABLE events DISABLE TRIGGER events_append_only", tampering)

    [violation] = await judged(writer.engine)

    assert (violation.rule, violation.job_id, violation.seq) == (rule, job.id, seq)


async def test_workers_may_go_on_while_the_evidence_is_read(writer):
    """What moves is never taken for what is wrong.

    Log, row and lease are read at one moment.
    """
    writing = 3

    async def work():
        nonlocal writing
        for _ in range(40):
            await submitted_job(writer)
            job = await claimed_job(writer)
            await as_worker(writer, job, c.RecordEvents(job.epoch, (call(1),)))
            await as_worker(writer, job, c.CompleteJob(job.epoch, "answered"))
        writing -= 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(work())
        while writing:
            assert await judged(writer.engine) == []


async def test_a_zombies_event_that_the_fence_would_have_refused_is_named(writer, owner):
    """It goes past both fences, with a number and hash that fit.

    Otherwise the rules and the statement refuse it.
    """
    zombie = await running_job(writer)
    await handle.handle(writer, zombie, c.ExpireLease(zombie.epoch, "silent"), actor="rescue:x")
    second = await claimed_job(writer, "second")
    await as_worker(writer, second, c.RecordEvents(second.epoch, (call(1),)))
    await fetch(
        owner,
        """INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch,
                               occurred_at, prev_hash, hash)
           SELECT job_id, 6, type, 1, status, 0, data, 'worker:w', 1, occurred_at, hash,
                  event_hash(hash, 1, 'worker:w', 1,
                             event_line(job_id, 6, type, schema_version, status, 0, occurred_at, data::text))
           FROM events WHERE seq = 5""",
    )
    await fetch(owner, "UPDATE jobs SET seq = 6, head_hash = (SELECT hash FROM events WHERE seq = 6)")

    violations = await judged(writer.engine)

    assert ("fenced", 6) in {(violation.rule, violation.seq) for violation in violations}


async def test_a_finished_job_passes_at_rest_and_an_unfinished_one_does_not(writer):
    done, waiting = await completed_job(writer), await submitted_job(writer)

    found = [
        replace(history, at_rest=True) for history in await gathered(writer.engine, [done.id, waiting.id])
    ]

    assert check(found[0]) == []
    assert [violation.rule for violation in check(found[1])] == ["ends"]
