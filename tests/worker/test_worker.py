"""The worker works, stops, rescues, hands back and gives up in time."""

import asyncio
import time
from datetime import timedelta

import pytest

from app import handle
from app.agent.limits import FINAL_TOOLS, PRESETS
from app.domain import commands as c
from app.domain import tools
from app.errors import ProviderError
from app.store import queue
from app.store.database import fetch
from app.store.wake import Hint
from app.worker import patient_writer
from app.worker.worker import Pace
from tests.scripted import PAGES, PLAN, REPORT, SCRIPT, ScriptedModel
from tests.steps import assert_chain, claimed_job, returned_job, row_of, rows, submitted_job, until, whole_log
from tests.worker.working import LEASE, over, types, working


async def complete(attempt):
    await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))


async def test_a_question_becomes_a_report_with_sources_that_were_read(house):
    job = await submitted_job(house.writer)

    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.stop_reason, job.progress) == ("completed", "answered", 100)
    assert [(source.number, source.url) for source in job.research.sources] == [
        (1, "https://example.com/a"),
        (2, "https://example.com/b"),
    ]
    assert [claim.number for claim in job.research.report.claims] == [1, 2]
    assert_chain(await whole_log(house.engine, job.id))
    assert (await rows(house.engine))[job.id] == row_of(job)


async def test_several_workers_work_each_of_many_jobs_once(house):
    ids = [(await submitted_job(house.writer)).id for _ in range(60)]

    async with working(house, complete, concurrency=7), working(house, complete, concurrency=7):
        for job_id in ids:
            assert (await over(house, job_id)).attempt == 1

    for job_id in ids:
        assert await types(house, job_id) == ["job_submitted", "attempt_started", "job_completed"]


async def test_the_intent_of_every_call_is_in_the_log_before_its_result(house):
    job = await submitted_job(house.writer)
    async with working(house):
        await over(house, job.id)

    requested = set()
    for row in await whole_log(house.engine, job.id):
        event = row.recorded().event
        if row.type == "call_requested":
            requested.add(event.key)
        if row.type == "call_completed":
            assert event.key in requested
    assert requested == {
        "1/model", "2/model", "2/search/1", "2/search/2", "3/model", "3/read/1", "3/read/2", "4/model",
    }  # fmt: skip


class HangsAtThird(ScriptedModel):
    """Does not answer the third time that it is asked."""

    async def next_step(self, ask, texts, writing=None):
        if len(self.asks) == 2:
            self.asks.append(ask)
            await asyncio.sleep(600)
        return await super().next_step(ask, texts, writing)


async def test_a_job_resumes_after_a_crash_without_making_a_finished_call_again(house):
    job = await submitted_job(house.writer)
    house.model = HangsAtThird()
    async with working(house) as worker:
        await until(lambda: asyncio.sleep(0, len(house.model.asks) == 3))  # both searches are in the log
        _kill(worker)
    asked = len(house.model.asks)

    async with working(house):
        job = await over(house, job.id)

    assert job.status == "completed"
    assert job.attempt == 2
    assert len(house.search.searches) == 2
    assert len(house.search.reads) == 2
    assert len(house.model.asks) - asked == 2  # the one in flight again, and the last


def _kill(worker):
    """What SIGKILL does: nothing is written any more, no lease is beaten."""
    worker._beats._stop.set()
    for attempt, task in list(worker._attempts.values()):
        worker._stops[attempt.job_id] = "lost"
        task.cancel()


async def test_a_job_that_kills_every_worker_fails_after_its_attempts(house):
    job = await submitted_job(house.writer)
    for _ in range(3):
        await until(lambda: queue.claim(house.engine, "dies", 1, timedelta(milliseconds=1)))
        async with working(house, concurrency=1) as rescuer:
            rescuer._pace = Pace(concurrency=0, lease=LEASE)  # rescues, claims nothing
            await until(lambda: _not_leased(house, job.id))

    job = await handle.load(house.writer, job.id)
    assert (job.status, job.failure.error_type) == ("failed", "worker_lost")
    assert (await types(house, job.id)).count("attempt_started") == 3


async def _not_leased(house, job_id):
    return not (await handle.load(house.writer, job_id)).is_leased


async def test_a_crash_in_the_code_fails_the_attempt_and_tells_no_secret(house):
    job = await submitted_job(house.writer)

    async def crash(_attempt):
        raise RuntimeError("the password is hunter2")

    async with working(house, crash):
        await until(lambda: _failed_once(house, job.id))

    log = b"".join(row.line() for row in await whole_log(house.engine, job.id))
    assert b"RuntimeError" in log
    assert b"hunter2" not in log


async def _failed_once(house, job_id):
    return "attempt_failed" in await types(house, job_id)


async def test_an_auth_error_of_the_model_fails_the_job_at_once(house):
    house.model.errors = [ProviderError("auth", "The key was refused.", retryable=False)]
    job = await submitted_job(house.writer)

    async with working(house):
        job = await over(house, job.id)

    assert (job.status, job.failure.error_type) == ("failed", "auth")
    assert job.attempt == 1


async def test_a_running_job_stops_soon_after_its_cancel_and_makes_no_further_call(house):
    house.model.pause = 30
    job = await submitted_job(house.writer)
    async with working(house):
        await until(lambda: _requested(house, job.id))
        await handle.handle(house.writer, job, c.RequestCancel(), actor="api")
        job = await over(house, job.id)

    assert job.status == "cancelled"
    seen = await types(house, job.id)
    assert "call_requested" not in seen[seen.index("cancel_requested") :]
    assert seen[-1] == "job_cancelled"


async def test_a_cancel_before_the_first_step_of_a_job_stops_it_too(house, monkeypatch):
    # A task that is cancelled before it runs never runs, and so could not let its job go.
    job = await submitted_job(house.writer)
    async with working(house) as worker:
        read, start = worker._read, worker._start

        async def cancel_and_read(*asked):
            held = await handle.load(house.writer, job.id)
            await handle.handle(house.writer, held, c.RequestCancel(), actor="api")
            return await read(*asked)

        def start_and_tell(*begun):
            start(*begun)
            house.wake.ring(Hint(frozenset({job.id}), cancelled=frozenset({job.id})))

        monkeypatch.setattr(worker, "_read", cancel_and_read)
        monkeypatch.setattr(worker, "_start", start_and_tell)
        assert (await over(house, job.id)).status == "cancelled"

    assert await types(house, job.id) == [
        *("job_submitted", "attempt_started", "cancel_requested", "job_cancelled"),
    ]


async def test_a_cancel_is_noticed_by_the_poll_when_every_hint_is_lost(house, monkeypatch):
    house.model.pause = 30
    job = await submitted_job(house.writer)
    async with working(house):
        await until(lambda: _requested(house, job.id))
        monkeypatch.setattr(house.wake, "_tell", lambda _hint: None)
        await handle.handle(house.writer, job, c.RequestCancel(), actor="api")
        assert (await over(house, job.id)).status == "cancelled"


async def _requested(house, job_id):
    return "call_requested" in await types(house, job_id)


async def test_a_worker_that_stops_hands_its_job_back_and_it_costs_no_attempt(house):
    house.model.pause = 30
    job = await submitted_job(house.writer)
    async with working(house, window=0.1):
        await until(lambda: _requested(house, job.id))

    job = await handle.load(house.writer, job.id)
    assert (job.status, job.attempt) == ("pending", 0)
    house.model.pause = 0
    async with working(house):
        job = await over(house, job.id)
    assert (job.status, job.attempt) == ("completed", 1)


async def test_a_lease_is_beaten_although_the_loop_is_blocked(house):
    job = await submitted_job(house.writer)

    async def block(attempt):
        time.sleep(2.5 * LEASE.total_seconds())  # noqa: ASYNC251 - blocking is the point
        await complete(attempt)

    async with working(house, block):
        job = await over(house, job.id)

    assert (job.status, job.attempt) == ("completed", 1)


async def test_a_worker_that_cannot_beat_stops_its_job_by_itself(house, monkeypatch):
    stopped = asyncio.Event()
    await submitted_job(house.writer)

    async def work(_attempt):
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            stopped.set()
            raise

    async with working(house, work):
        await until(lambda: _running(house))
        monkeypatch.setattr(queue, "beat", _cut)
        await asyncio.wait_for(stopped.wait(), 60)


async def _running(house):
    return await fetch(house.engine, "SELECT 1 FROM leases")


async def _cut(*_args):
    raise ConnectionResetError("the network of this worker is gone")


async def test_a_report_is_written_when_the_turns_run_out(house):
    turns = PRESETS["quick"].turns
    searches = [tools.WebSearch((f"q{n}",)) for n in range(turns - 3)]
    house.model.script = (PLAN, searches[0], tools.ReadPages(tuple(PAGES)), *searches[1:], REPORT)
    job = await submitted_job(house.writer, effort="quick")

    async with working(house):
        job = await over(house, job.id)

    assert [ask.menu for ask in house.model.asks].index(FINAL_TOOLS) == turns - 1
    assert (job.stop_reason, job.research.model_turns) == ("max_iterations", turns)


async def test_a_page_that_no_search_returned_is_not_read(house):
    invented = tools.ReadPages(("https://attacker.example/steal", "https://example.com/a"))
    house.model.script = (SCRIPT[0], SCRIPT[1], invented, REPORT)
    job = await submitted_job(house.writer)

    async with working(house):
        await over(house, job.id)

    assert house.search.reads == ["https://example.com/a"]


async def test_a_zombie_that_wakes_late_changes_nothing(house):
    job = await submitted_job(house.writer)
    zombie = await claimed_job(house.writer, lease=timedelta(milliseconds=1))
    async with working(house):
        job = await over(house, job.id)

    from app.errors import Refused

    with pytest.raises(Refused):
        await handle.handle(
            house.writer, zombie, c.CompleteJob(zombie.epoch, "answered"), actor="z", epoch=zombie.epoch
        )
    assert (await handle.load(house.writer, job.id)).seq == job.seq


async def test_a_job_that_was_claimed_but_could_not_be_loaded_is_not_held_for_ever(house, monkeypatch):
    from app.errors import DatabaseUnavailable
    from app.store import log

    load, failed = log.load_each, []

    async def fail_until_the_lease_is_over(engine, job_ids):
        if len(failed) < patient_writer.WRITE_TRIES:
            failed.append(job_ids)
            raise DatabaseUnavailable("cut between the claim and the read")
        return await load(engine, job_ids)

    monkeypatch.setattr(log, "load_each", fail_until_the_lease_is_over)
    monkeypatch.setattr(patient_writer, "PAUSE", (0.001, 0.01))
    job = await returned_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert len(failed) == patient_writer.WRITE_TRIES
    assert (job.status, job.attempt) == ("completed", 2)
