"""A job whose log does not fold fails alone, stopping no worker."""

import asyncio
import logging

from app.domain import commands as c
from app.store import queue
from app.store.database import fetch
from app.worker.rescue import assume, rescue
from tests.conftest import serving
from tests.domain.play import ASKING
from tests.steps import as_worker, running_job, submitted_job, until


async def test_one_bad_log_among_those_of_one_claim_fails_alone(house, writer, tamper, database_url, caplog):
    jobs = [await submitted_job(writer) for _ in range(5)]
    bad = jobs[0].id
    await tamper(f"UPDATE events SET data = '[]' WHERE job_id = '{bad}'")

    with caplog.at_level(logging.ERROR):
        async with serving(house, workers=5):

            async def others_done():
                rows = await fetch(house.engine, "SELECT count(*) FROM jobs WHERE status = 'completed'")
                return rows[0][0] == 4

            await until(others_done, 60)
            await asyncio.sleep(2.5)  # two looks of the rescue, and a lease

    told = [record for record in caplog.records if str(bad) in record.getMessage()]
    [row] = await fetch(house.engine, "SELECT status, epoch FROM jobs WHERE job_id = $1::uuid", bad)
    assert len(told) == 1
    assert (row[0], row[1]) == ("running", 1)  # claimed once, and no more


async def test_a_lost_job_with_a_bad_log_is_set_aside_and_others_are_rescued(writer, tamper, caplog):
    bad, good = await running_job(writer), await running_job(writer)
    await tamper(
        f"UPDATE events SET data = '[]' WHERE job_id = '{bad.id}'", "UPDATE leases SET expires_at = now()"
    )

    assert await rescue(writer, "w") == 1
    assert await rescue(writer, "w") == 0

    assert not (await queue.peek(writer.engine)).lost
    assert [record.args[0] for record in caplog.records if record.levelno >= logging.ERROR] == [bad.id]
    assert await fetch(writer.engine, "SELECT worker FROM leases WHERE job_id = $1::uuid", bad.id) == [
        ("nobody",)
    ]
    # Once it is mended and the hour is over, it goes on like any other.
    data = (
        f"""UPDATE events SET data = '{{"attempt":1,"worker":"w"}}' WHERE job_id = '{bad.id}' AND seq = 2"""
    )
    first = f"""UPDATE events SET data = (SELECT data FROM events WHERE job_id = '{good.id}' AND seq = 1)
                WHERE job_id = '{bad.id}' AND seq = 1"""
    await tamper(first, data, "UPDATE leases SET expires_at = now()")
    assert await rescue(writer, "w") == 1


async def test_a_question_of_a_bad_log_does_not_keep_others_from_their_assumptions(writer, tamper, caplog):
    asking = []
    for _ in range(2):
        job = await running_job(writer)
        asking.append(await as_worker(writer, job, c.RecordEvents(job.epoch, (ASKING,))))
    await tamper(
        f"UPDATE events SET data = '[]' WHERE job_id = '{asking[0].id}'",
        "UPDATE jobs SET retry_at = now() - interval '1 s' WHERE status = 'input_required'",
    )
    # The time of the question is in its event; the row only says when to look.
    await assume(writer, "w")
    await assume(writer, "w")

    told = [record for record in caplog.records if str(asking[0].id) in record.getMessage()]
    assert len(told) == 1
