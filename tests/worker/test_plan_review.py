"""A job with `plan_review` waits for its caller's plan, then follows it."""

import contextlib

import pytest

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.errors import NoInputRequested
from dossier.request import Changes
from tests.scripted import PLAN, ScriptedModel, ScriptedSearch
from tests.steps import assert_chain, claimed_job, submitted_job, until, whole_log
from tests.worker.crashes import Crash, DyingWriter, as_rescue, run_once
from tests.worker.working import over, types, working

STEPS = ("Boil it first", "Then compare")


async def waiting(house, **fields):
    """A job that waits with its plan."""
    house.model = ScriptedModel()
    job = await submitted_job(house.writer, query="boil?", plan_review=True, **fields)
    async with working(house):
        return await until(lambda: asks(house, job.id))


async def asks(house, job_id):
    job = await handle.load(house.writer, job_id)
    return job if job.status == "input_required" else None


async def reviewed(house, job, **said):
    await handle.handle(house.writer, job, c.ProvideInput(**said), actor="api")
    async with working(house):
        return await over(house, job.id)


async def test_it_waits_with_the_plan_and_an_edited_one_reaches_the_model(house):
    job = await waiting(house)
    assert job.input_request.plan == PLAN.planned_steps

    done = await reviewed(house, job, plan=STEPS, answers=("Be careful.",))

    assert (done.status, done.stop_reason, done.research.plan) == ("completed", "answered", STEPS)
    review = house.model.asks[-1].review
    assert (review.after, review.steps, review.remarks) == (1, STEPS, ("Be careful.",))
    assert house.model.asks[-1].answers == ()


async def test_a_plan_that_is_approved_changes_nothing_of_the_prompts(house):
    done = await reviewed(house, await waiting(house))

    assert done.research.plan == PLAN.planned_steps
    assert "plan_reviewed" not in await types(house, done.id)
    assert not house.model.asks[-1].review


async def test_a_plan_that_nobody_reviews_is_followed_as_it_is(house):
    job = await waiting(house)
    await handle.handle(house.writer, job, c.AssumeInput(), actor="rescue:x")
    async with working(house):
        done = await over(house, job.id)

    assert (done.stop_reason, done.research.plan) == ("answered", PLAN.planned_steps)


async def test_a_plan_is_refused_where_questions_are_asked(house):
    asked = e.InputRequested(("Which?",), ("boil",), ("Water.",), 600)
    job = await submitted_job(house.writer, query="boil?")
    held = await claimed_job(house.writer)
    command = c.RecordEvents(held.epoch, (asked,))
    job = await handle.handle(house.writer, held, command, actor="worker:w", epoch=held.epoch)

    with pytest.raises(NoInputRequested):
        await handle.handle(house.writer, job, c.ProvideInput(plan=STEPS), actor="api")


async def test_a_fork_keeps_the_edited_plan(house):
    done = await reviewed(house, await waiting(house), plan=STEPS)

    fork, _ = await handle.fork(
        house.writer, done.id, None, Changes(instruction="And salt water?"), tenant="default"
    )

    assert fork.research.plan == STEPS
    assert fork.research.review.steps == STEPS


async def test_a_fork_of_a_job_that_waits_with_its_plan_plans_again(house):
    job = await waiting(house)

    fork, _ = await handle.fork(house.writer, job.id, None, Changes(), tenant="default")

    assert (fork.status, fork.research.plan) == ("pending", ())


async def test_the_routes_show_the_plan_and_take_an_edited_one(house, http):
    job = await waiting(house)
    url = f"/jobs/{job.id}"
    view = (await http.get(url)).json()
    assert (view["status"], view["input_request"]["plan"]) == ("input_required", list(PLAN.planned_steps))
    for wrong in ({}, {"plan": []}, {"plan": [" "]}, {"plan": ["x"] * 11}):
        assert (await http.post(f"{url}/input", json=wrong)).status_code == 400

    answer = await http.post(f"{url}/input", json={"plan": list(STEPS)})

    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert (await http.post(f"{url}/input", json={"approve": True})).json()["code"] == "no_input_requested"


async def test_a_crash_at_any_append_gives_the_plan_once_and_the_same_report(house):
    reports = set()
    for left in range(1, 60):
        house.model, house.search = ScriptedModel(), ScriptedSearch()
        await submitted_job(house.writer, query="boil?", plan_review=True)
        job, appends, is_crashed = await claimed_job(house.writer), 0, False
        while not job.is_over:
            writer = DyingWriter(house.writer, 10**9 if is_crashed else left - appends, before_commit=False)
            with contextlib.suppress(Crash, BaseExceptionGroup):
                await run_once(house, job, writer)
            appends += writer.appends
            is_crashed = is_crashed or appends >= left
            job = await handle.load(house.writer, job.id)
            if job.is_leased:
                await as_rescue(house, job)
            if job.status == "input_required":
                await handle.handle(house.writer, job, c.ProvideInput(plan=STEPS), actor="api")
            if not job.is_over:
                job = await claimed_job(house.writer)
        rows = await whole_log(house.engine, job.id)
        found = [row.type for row in rows]
        reports.add(next(row.data for row in rows if row.type == "report_written"))
        assert (found.count("input_requested"), found.count("plan_reviewed")) == (1, 1), left
        assert_chain(rows)
        if not is_crashed:
            break
    assert len(reports) == 1
