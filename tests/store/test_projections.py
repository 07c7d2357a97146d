"""Promise 1: the log is the truth, the projection can be discarded."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from app.domain import commands as c
from app.domain import events as e
from app.domain.caller import ANYBODY
from app.domain.job import evolve
from app.domain.upcast import load
from app.domain.view import job_view
from app.store import log, reads
from app.store.database import fetch
from app.store.projections import JOB_COLUMNS
from app.store.rebuild import rebuild
from tests.domain.play import Play
from tests.steps import completed_job, row_of, rows
from tests.store.kinds import every_kind_of_job


async def test_rebuilding_from_the_log_gives_back_every_row(writer, owner):
    await every_kind_of_job(writer)
    before = await rows(owner)

    await fetch(owner, "TRUNCATE jobs")
    count = await rebuild(owner)

    assert count == len(before) >= 7
    assert await rows(owner) == before


async def test_rebuilding_mends_a_row_that_was_changed_and_removes_one_that_never_was(writer, owner):
    job = await completed_job(writer)
    before = await rows(owner)
    await fetch(owner, "UPDATE jobs SET progress = 3, current_step = 'lies' WHERE job_id = $1::uuid", job.id)
    await fetch(
        owner,
        """INSERT INTO jobs SELECT (jsonb_populate_record(
               j, '{"job_id":"00000000-0000-7000-8000-00000000dead"}')).* FROM jobs j""",
    )

    await rebuild(owner)

    assert await rows(owner) == before


async def test_a_row_whose_status_does_not_fit_is_refused(writer, owner):
    await completed_job(writer)
    other = """INSERT INTO jobs SELECT (jsonb_populate_record(
        j, '{"job_id":"00000000-0000-7000-8000-00000000dead","status":"done"}')).* FROM jobs j"""

    for change in ("status = 'done'", "status = 'running'", "completed_at = NULL", "progress = 101"):
        with pytest.raises(asyncpg.CheckViolationError):
            await fetch(owner, f"UPDATE jobs SET {change}")
    with pytest.raises(asyncpg.CheckViolationError, match="cannot be done with completed_at 2"):
        await fetch(owner, other)


async def test_every_row_is_what_follows_from_the_fold_of_its_events(writer):
    await every_kind_of_job(writer)
    stored = await rows(writer.engine)

    folded = await log.load(writer.engine, list(stored))

    assert stored == {job_id: row_of(job) for job_id, job in folded.items()}


async def test_what_callers_see_is_the_same_from_the_row_and_from_the_log(writer):
    await every_kind_of_job(writer)
    stored = await rows(writer.engine)

    views = await reads.views(writer.engine, ANYBODY, list(stored))
    folded = await log.load(writer.engine, list(stored))

    assert views == {job_id: job_view(job) for job_id, job in folded.items()}


EXAMPLES = Path(__file__).parents[1] / "domain" / "stored_events"


def example(type_):
    return load(type_, 1, (EXAMPLES / f"{type_}.v1.json").read_text())


@pytest.fixture(scope="module")
def second_attempt():
    """A job that failed once, with turns, sources and threads."""
    play = Play()
    play.claim()
    play.as_worker(c.FailAttempt(play.job.epoch, "network", "x", True, play.now))
    play.claim()
    for _ in range(3):
        play.announce()
        play.reply()
        play.record(example("source_found"), example("thread_opened"))
    play.announce()
    return play.job


@pytest.mark.parametrize("type_", sorted(log.LEARNING))
def test_what_the_agent_learns_moves_the_columns_of_that_and_no_others(second_attempt, type_):
    """`log.LEARN` writes no others."""
    before, at = second_attempt, second_attempt.updated_at + timedelta(seconds=1)
    after = evolve(before, e.Recorded(before.id, before.seq + 1, at, "worker:w", 2, example(type_)))

    moved = {one.name for one in JOB_COLUMNS if one.sent(before) != one.sent(after)}
    assert {"seq", "updated_at"} <= moved <= {one.name for one in JOB_COLUMNS if one.is_learnt}
    assert before.failure
