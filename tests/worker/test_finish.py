"""A job told to finish writes its report from what it has.

It does so wherever it was.
"""

import asyncio
import contextlib

import pytest

from app import handle
from app.agent.ports import ModelReply
from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.errors import JobAlreadyOver, ProviderError
from tests.scripted import REASONING, REPORT, SCRIPT, ScriptedModel, ScriptedSearch
from tests.steps import assert_chain, claimed_job, submitted_job, until, whole_log
from tests.worker.crashes import Crash, DyingWriter, as_rescue, run_once
from tests.worker.working import over, types, working


class Gate:
    """Let calls through until shut, then hang as a slow server does."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.open.wait()


class HangingModel(ScriptedModel):
    """Hangs in one turn unless it may only write."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self.turn, self.gate = turn, Gate()

    async def next_step(self, ask, texts, writing=None):
        if ask.step == self.turn and "web_search" in ask.menu + ("web_search",) * (ask.step == 1):
            await self.gate.wait()
        self.asks.append(ask)
        step = REPORT if set(ask.menu) <= {"write_report", "answer"} else SCRIPT[min(ask.step, 4) - 1]
        return ModelReply(tools.NextStep(REASONING, step))


class HangingSearch(ScriptedSearch):
    """Reads the first page, and hangs at the second."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    async def read(self, url):
        if url.endswith("b"):
            await self.gate.wait()
        return await super().read(url)


async def finish(house, job_id):
    return await handle.handle(
        house.writer, await handle.load(house.writer, job_id), c.RequestFinish(), actor="api"
    )


def events_of(rows, kind):
    return [row.recorded().event for row in rows if row.type == kind.type]


async def test_a_read_in_flight_is_cut_and_the_pages_that_came_are_reported(house):
    house.model, house.search = HangingModel(99), HangingSearch()
    job = await submitted_job(house.writer, query="boil?")
    async with working(house):
        await house.search.gate.reached.wait()
        await until(lambda: is_settled(house, job.id, "3/read/1"))
        await finish(house, job.id)
        done = await over(house, job.id)

    rows = await whole_log(house.engine, job.id)
    assert (done.status, done.stop_reason) == ("completed", "finish_requested")
    assert [event.number for event in events_of(rows, e.PageRead)] == [1]
    assert {claim.number for claim in done.research.report.claims} == {1}
    assert {event.key for event in events_of(rows, e.CallFailed)} == {"3/read/2"}


async def is_settled(house, job_id, key):
    call = (await handle.load(house.writer, job_id)).research.call(key)
    return call is not None and call.settled


async def test_a_model_in_flight_is_cut_and_then_only_writes(house):
    house.model = HangingModel(4)
    job = await submitted_job(house.writer, query="boil?")
    async with working(house):
        await house.model.gate.reached.wait()
        await finish(house, job.id)
        done = await over(house, job.id)

    assert (done.stop_reason, done.research.author) == ("finish_requested", "model")
    assert house.model.asks[-1].menu == ("write_report", "answer")
    assert len(done.research.report.claims) == 2


async def test_without_anything_read_it_ends_honestly_and_asks_no_model(house):
    house.model = HangingModel(1)
    job = await submitted_job(house.writer, query="boil?")
    async with working(house):
        await house.model.gate.reached.wait()
        await finish(house, job.id)
        done = await over(house, job.id)

    assert house.model.asks == []
    assert (done.status, done.stop_reason) == ("completed", "finish_requested")
    assert done.research.report.claims == ()
    from app.domain.job import came_of

    assert came_of(done) == "not_researched"
    assert "Nothing was searched for yet" in done.research.report.content


async def test_a_pending_job_finishes_with_its_first_attempt(house):
    house.model = ScriptedModel()
    job = await submitted_job(house.writer, query="boil?")
    await finish(house, job.id)
    async with working(house):
        done = await over(house, job.id)

    assert house.model.asks == []
    assert done.stop_reason == "finish_requested"
    assert done.research.author == "extractive"  # nothing failed


async def test_a_job_that_waits_for_its_model_is_due_at_once_and_written_without_it(house):
    class AwayModel(ScriptedModel):
        async def next_step(self, ask, texts, writing=None):
            if ask.step == 4:
                raise ProviderError("network", "Nobody answers.", retryable=True)
            return await super().next_step(ask, texts, writing)

    house.model = AwayModel()
    job = await submitted_job(house.writer, query="At what temperature does water boil?")
    async with working(house):
        await until(lambda: waits(house, job.id))
        await finish(house, job.id)
        done = await over(house, job.id)

    assert (done.stop_reason, done.research.author) == ("finish_requested", "stand_in")
    assert done.research.report.claims


async def waits(house, job_id):
    job = await handle.load(house.writer, job_id)
    return job.status == "pending" and job.retry_at is not None


async def test_a_job_that_asks_goes_on_with_its_assumptions_and_finishes(house):
    asking = tools.Clarify(("Which?",), ("boil",), ("Water.", "At sea level."))
    house.model = ScriptedModel((asking, *SCRIPT))
    job = await submitted_job(house.writer, query="boil?", clarify=True)
    async with working(house):
        await until(lambda: asks(house, job.id))
        await finish(house, job.id)
        done = await over(house, job.id)

    assert done.stop_reason == "finish_requested"
    assert "input_provided" in await types(house, job.id)


async def asks(house, job_id):
    return (await handle.load(house.writer, job_id)).status == "input_required"


async def test_it_is_asked_for_once_and_not_of_a_job_that_is_over(house):
    job = await submitted_job(house.writer, query="boil?")
    first, again = await finish(house, job.id), await finish(house, job.id)

    assert first.seq == again.seq
    async with working(house):
        await over(house, job.id)
    with pytest.raises(JobAlreadyOver):
        await finish(house, job.id)


async def test_the_route_answers_with_the_job_and_409_once_it_is_over(house, http):
    job = await submitted_job(house.writer, query="boil?")

    for _ in range(2):
        answer = await http.post(f"/jobs/{job.id}/finish")
        assert (answer.status_code, answer.json()["job_id"]) == (200, str(job.id))
    async with working(house):
        await over(house, job.id)
    refused = await http.post(f"/jobs/{job.id}/finish")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_already_over")
    view = (await http.get(f"/jobs/{job.id}")).json()
    assert view["result"]["stop_reason"] == "finish_requested"


class FinishedWriter(DyingWriter):
    """Ask for the report just before append number `at`.

    The worker has decided without knowing.
    """

    def __init__(self, writer, job_id, at):
        super().__init__(writer, 10**9, before_commit=False)
        self.job_id, self.at = job_id, at

    async def append(self, change):
        if self.appends == self.at:
            job = await handle.load(self._writer, self.job_id)
            if not job.is_over:
                await handle.handle(self._writer, job, c.RequestFinish(), actor="api")
        return await super().append(change)


async def test_a_finish_before_any_append_ends_the_job_and_pays_no_call_twice(house):
    for at in range(40):
        house.model, house.search = ScriptedModel(), ScriptedSearch()
        await submitted_job(house.writer, query="boil?")
        job = await claimed_job(house.writer)
        writer = FinishedWriter(house.writer, job.id, at)
        await run_once(house, job, writer)
        rows = await assert_ended(house, job)
        if writer.appends <= at:
            return
        assert rows[-1].recorded().event.stop_reason == "finish_requested", at
    raise AssertionError("the job does not end")


async def test_a_crash_at_any_append_of_a_job_that_is_to_finish_ends_with_its_report(house):
    for left in range(1, 40):
        house.model, house.search = ScriptedModel(), ScriptedSearch()
        await submitted_job(house.writer, query="boil?")
        job = await claimed_job(house.writer)
        with contextlib.suppress(Crash, BaseExceptionGroup):
            await run_once(house, job, DyingWriter(house.writer, left, before_commit=False))
        if (await handle.load(house.writer, job.id)).is_over:
            return
        await finish(house, job.id)
        await as_rescue(house, job)
        again = await claimed_job(house.writer)
        with contextlib.suppress(Crash, BaseExceptionGroup):  # and once more, in the middle of finishing
            await run_once(house, again, DyingWriter(house.writer, 1, before_commit=False))
        if not (await handle.load(house.writer, job.id)).is_over:
            await as_rescue(house, again)
            await run_once(house, await claimed_job(house.writer), house.writer)
        rows = await assert_ended(house, job)
        assert rows[-1].recorded().event.stop_reason == "finish_requested", left
    raise AssertionError("the job does not end")


async def assert_ended(house, job):
    rows = await whole_log(house.engine, job.id)
    completed = [event.key for event in events_of(rows, e.CallCompleted)]
    assert rows[-1].type == "job_completed"
    assert len(completed) == len(set(completed))
    assert_chain(rows)
    return rows
