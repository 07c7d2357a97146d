"""Promise 6: paid once.

A worker crashes at every event boundary of a whole run, and the run is the same.
"""

import pytest
from msgspec.structs import replace

from app.domain import commands as c
from app.errors import ProviderError
from app.store import queue
from tests.agent.test_output_schema import ENTRIES, SCHEMA
from tests.scripted import REPORT, SCRIPT, ScriptedModel
from tests.steps import LEASE, as_worker, assert_chain, claimed_job, submitted_job, whole_log
from tests.worker.crashes import DyingWriter, as_rescue, crash_and_resume, run_once


async def run_whole(house):
    """Play a run without a crash, returning report and appends."""
    await submitted_job(house.writer, query="boil?")
    writer = DyingWriter(house.writer, 10**9, before_commit=False)
    job = await claimed_job(house.writer)
    await run_once(house, job, writer)
    return await whole_log(house.engine, job.id), writer.appends


def report_of(rows):
    return next(row.data for row in rows if row.type == "report_written")


def calls(rows):
    """Events about calls, by key."""
    requested, completed, repeats = {}, {}, 0
    for row in rows:
        event = row.recorded().event
        if row.type == "call_requested":
            requested[event.key] = requested.get(event.key, 0) + 1
            repeats += event.repeat > 0
        if row.type == "call_completed":
            completed[event.key] = completed.get(event.key, 0) + 1
    return requested, completed, repeats


@pytest.mark.parametrize("before_commit", [False, True], ids=["after_commit", "before_commit"])
async def test_a_crash_at_any_event_boundary_gives_the_same_report_and_pays_no_call_twice(
    house, before_commit
):
    whole, appends = await run_whole(house)
    assert appends >= 8

    for left in range(1 if not before_commit else 0, appends - (not before_commit)):
        rows = await crash_and_resume(house, left, before_commit=before_commit)
        requested, completed, repeats = calls(rows)
        made = len(house.model.asks) + len(house.search.searches) + len(house.search.reads)

        assert report_of(rows) == report_of(whole), left
        assert set(completed.values()) == {1}, left
        assert completed.keys() == calls(whole)[1].keys(), left
        assert made - len(completed) <= repeats, left  # a second call only where one was in flight
        assert sum(requested.values()) - len(requested) <= 2, left
        assert rows[-1].type == "job_completed"
        assert_chain(rows)


async def test_a_crash_at_any_append_of_a_job_with_an_output_gives_the_same_output(house):
    written = replace(REPORT, output=ENTRIES)
    house.model = ScriptedModel((*SCRIPT[:-1], written))
    await submitted_job(house.writer, query="boil?", output_schema=SCHEMA)
    writer, job = DyingWriter(house.writer, 10**9, before_commit=False), await claimed_job(house.writer)
    await run_once(house, job, writer)
    whole = report_of(await whole_log(house.engine, job.id))
    assert '"boils_at":100' in whole

    for left in range(1, writer.appends - 1):
        rows = await crash_and_resume(
            house, left, before_commit=False, script=(*SCRIPT[:-1], written), output_schema=SCHEMA
        )
        assert report_of(rows) == whole, left


async def test_a_call_that_was_announced_with_another_input_stops_the_job(house):
    await submitted_job(house.writer)
    job = await claimed_job(house.writer)
    from app.domain.events import CallRequested

    other = CallRequested("1/model", "model", "scripted", "f" * 64, "turn 1")
    await as_worker(house.writer, job, c.RecordEvents(job.epoch, (other,)))
    await as_rescue(house, job)
    [lease] = await queue.claim(house.engine, "w", 1, LEASE)
    from app.store import log

    job = (await log.load(house.engine, [lease.job_id]))[lease.job_id]

    with pytest.raises(ProviderError, match="another input") as raised:
        await run_once(house, job, house.writer)
    assert not raised.value.retryable
    assert house.model.asks == []
