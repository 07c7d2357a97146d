"""Promise 1: the log is the truth, the projection can be discarded."""

from app.domain.caller import ANYBODY
from app.domain.view import job_view
from app.store import log, reads
from app.store.database import fetch
from app.store.rebuild import rebuild
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
