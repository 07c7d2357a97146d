"""A threaded job survives a worker's death at every append.

Another worker goes on, and nothing is paid twice.
"""

import asyncio

import pytest

from app.domain import events as e
from tests.steps import assert_chain, claimed_job, whole_log
from tests.threads.threaded import Threaded, events
from tests.worker.crashes import Crash, DyingWriter, as_rescue


async def crashed(threaded, left, effort, *, before_commit):
    """The log of a job whose first worker died after `left` appends."""
    await threaded.submitted(effort=effort)
    job = await claimed_job(threaded.house.writer)
    with pytest.raises((Crash, BaseExceptionGroup)):
        await threaded.run(job, DyingWriter(threaded.house.writer, left, before_commit=before_commit))
    await asyncio.sleep(0.05)
    await as_rescue(threaded.house, job)
    job = await threaded.run()
    return job, await whole_log(threaded.house.engine, job.id)


def paid(rows):
    """Count completions of each call, and announced repeats."""
    completed = [event.key for event in events(rows, e.CallCompleted)]
    repeats = sum(event.repeat > 0 for event in events(rows, e.CallRequested))
    return completed, repeats


def planned(calls):
    """Leave out the threads that a critique opened.

    Which they are depends on the order of the evidence, and so on the loop.
    """
    return {key for key in calls if "/t" not in key or "/t1." in key}


def facts(job):
    """Return the sentences of a report.

    Its introduction repeats those of the pages that were read first, and which are depends on the loop.
    """
    return sorted(set(job.research.report.content.splitlines()))


# A log is the same before an append as after the one before it. What differs is that a call may have been
# made that is not in the log, so there the job is the smaller one.
CASES = {"after_commit": (False, "deep"), "before_commit": (True, "standard")}


@pytest.mark.parametrize(("before_commit", "effort"), CASES.values(), ids=CASES)
async def test_a_crash_at_any_append_loses_no_fact_and_pays_no_completed_call_twice(
    house, before_commit, effort
):
    whole, rows, appends = await Threaded(house, names=1, long=2_000).whole(effort=effort)
    assert appends > 20

    for left in range(1 - before_commit, appends - 1):
        threaded = Threaded(house, names=1, long=2_000)
        job, again = await crashed(threaded, left, effort, before_commit=before_commit)
        completed, repeats = paid(again)
        made = len(threaded.model.asked) + len(threaded.world.searches) + len(threaded.world.reads)
        free = {"1/open", "1/report"}

        assert job.status == "completed", left
        assert facts(job) == facts(whole), left
        assert len(completed) == len(set(completed)), left
        assert planned(completed) ^ planned(paid(rows)[0]) == set(), left
        assert made - len(set(completed) - free) <= repeats, left
        assert_chain(again)
