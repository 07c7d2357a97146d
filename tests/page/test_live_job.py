"""A running job folds failures and repeats, and counts right.

Its lists are lists.
"""

from itertools import pairwise

import pytest

from app.domain import events as e
from app.domain import tools
from app.store import log as store
from tests.conftest import FAST, TestHouse, serving
from tests.folds.logs import PLAN, STARTED, SUBMITTED, called, told, turn
from tests.page import long_content
from tests.page.conftest import ask, watching
from tests.page.played import QUESTION

ADAPTED = ("A goal", ("The first is dropped.", "The last too."), "it is known", ("a", "b"))
TRIED = ("rain in 1930", "rain in 1931", "rain in 1932")
FAILED = tuple(
    event
    for n, query in enumerate(TRIED, 1)
    for event in (
        e.CallRequested(f"2/search/{n}", "search", "tavily", "00", query),
        *(e.CallFailed(f"2/search/{n}", "network", "HTTP 500", retryable=True) for _ in range(3)),
    )
)
FOUND = (*called("3/search/1"), e.SourceFound(1, "https://example.com/a", "A", "", "3/search/1"))
TROUBLED = told(
    "page: failed tries",
    SUBMITTED,
    STARTED,
    *turn(1, PLAN),
    e.PlanDrafted("A goal", ("first", "a", "last"), ("s",)),
    *turn(2, tools.WebSearch(TRIED)),
    *FAILED,
    *turn(3, tools.WebSearch(("rain",))),
    *FOUND,
    *turn(4, tools.AdaptPlan(*ADAPTED)),
    e.PlanAdapted("A goal", ("a", "b"), ADAPTED[1], "it is known"),
)


@pytest.fixture
async def server(database_url, engine):
    await store.submit(engine, [TROUBLED.change, long_content.troubled(400).change])
    async with serving(TestHouse(FAST, database_url), workers=0) as url:
        yield url


async def test_failed_tries_are_one_line_and_no_search(browser, server):
    async with watching(browser, server) as watched:
        await watched.go(f"/browse/jobs/{TROUBLED.jobs[-1].id}")

        line = await watched.sees(".call.bad", "failed 9 times: HTTP 500")
        assert await line.locator(".tried").text_content() == ", ".join(TRIED)
        assert await watched.find("#turn-2 .call.bad").count() == 1
        await watched.sees("#budget div", "Searches1 of 9")
        await watched.sees("#budget div", "Failed tries9")


async def test_long_figures_of_a_call_leave_room_for_what_it_was(browser, server):
    async with watching(browser, server, viewport={"width": 1024, "height": 800}) as watched:
        await watched.go(f"/browse/jobs/{TROUBLED.jobs[-1].id}")
        await watched.sees("#turn-3 .call")
        figures = watched.find("#turn-3 .call .cost").first
        await figures.evaluate(
            "(cost) => { cost.textContent = 'a-model-of-a-long-name · 2.7K tokens · '.repeat(9); }"
        )

        assert await watched.find("#turn-3 .call .about").first.evaluate("(about) => about.clientWidth") > 100


async def test_what_repeats_is_counted_and_not_listed(browser, server):
    async with watching(browser, server) as watched:
        await watched.go(f"/browse/jobs/{long_content.troubled(400).jobs[-1].id}")

        waits = await watched.sees(".entry.wait", "The provider is away; the job waits, 6 times")
        assert await waits.locator("p").text_content() == "tavily: HTTP 503: away"
        texts = await watched.find(".entries .note h3").all_text_contents()
        assert all(one != other for one, other in pairwise(texts))


async def test_the_report_is_asked_for_at_once(browser, server):
    async with watching(browser, server) as watched:
        await watched.go(f"/browse/jobs/{long_content.troubled(400).jobs[-1].id}")
        await watched.page.get_by_role("button", name="Finish now").click()

        await watched.sees(".entry.note h3", "Somebody asked for the report now")
        await watched.holds(
            "() => [...document.querySelectorAll('#acts button')].some((one) => one.disabled)"
        )


async def test_a_list_is_a_list(browser, server):
    async with watching(browser, server) as watched:
        await watched.go(f"/browse/jobs/{TROUBLED.jobs[-1].id}")
        await watched.sees("#turn-4")

        assert await watched.find(".changes > ul >> nth=0 >> li").all_text_contents() == list(ADAPTED[1])
        left = list(TROUBLED.jobs[-1].research.turns[0].reasoning.remaining_steps)
        assert await watched.find("#turn-1 .state-line li").all_text_contents() == left


async def test_the_steps_of_the_plan_are_ticked_by_the_count_of_the_agent(watched, http):
    job = await ask(http, QUESTION)
    events = (await http.get(f"/jobs/{job}/events?limit=1000")).json()["events"]
    third = [event["seq"] for event in events if event["type"] == "step_reasoned"][2]
    await watched.go(f"/browse/jobs/{job}?at={third}")

    await watched.sees(".plan .done", "Find the boiling point at sea level")
    assert await watched.find(".plan .done").count() == 1
    await watched.page.get_by_role("button", name="Back to now").click()
    await watched.holds("() => document.querySelectorAll('.plan li:not(.done)').length === 0")


async def test_a_follow_up_is_titled_with_its_own_question(watched, http):
    origin = await ask(http, QUESTION)
    body = {"changes": {"instruction": "And how long does pasta take?", "effort": "quick"}}
    follow = (await http.post(f"/jobs/{origin}/fork", json=body)).json()["job_id"]
    await watched.go(f"/browse/jobs/{follow}")

    await watched.sees("h1", "And how long does pasta take?")
    assert QUESTION not in await watched.find("#question").text_content()
    line = await watched.sees("#follows", f"Follows: {QUESTION}, with another effort")
    assert await line.locator("a").get_attribute("href") == f"/browse/jobs/{origin}"
    assert "pasta" in await watched.page.title()


async def test_the_plan_is_edited_as_a_list(watched, http):
    job = await ask(http, QUESTION, "input_required", plan_review=True)
    await watched.go(f"/browse/jobs/{job}")
    page = watched.page

    await page.get_by_label("Step 2").fill("Find it in kelvins")
    await page.get_by_role("button", name="Remove this step").first.click()
    await page.get_by_role("button", name="Add a step").click()
    await page.keyboard.type("Say who measured it")
    await page.get_by_role("button", name="Go on with this plan").click()

    await watched.sees(".entry h3", "Somebody reviewed the plan")
    events = (await http.get(f"/jobs/{job}/events?limit=1000")).json()["events"]
    [reviewed] = [event for event in events if event["type"] == "plan_reviewed"]
    assert reviewed["data"]["steps"] == [
        "Find it in kelvins", "Explain the difference", "Say who measured it",
    ]  # fmt: skip


async def test_a_plan_without_a_step_is_refused_in_its_place(watched, http):
    job = await ask(http, QUESTION, "input_required", plan_review=True)
    await watched.go(f"/browse/jobs/{job}")
    for _ in range(3):
        await watched.page.get_by_role("button", name="Remove this step").first.click()

    await watched.page.get_by_role("button", name="Go on with this plan").click()

    await watched.sees("#asks .wrong", "Write at least one step.")
    await http.delete(f"/jobs/{job}")
