"""People ask, watch, lose the server, read, check and cancel.

They do so with the page in a real browser.
"""

import json

import pytest

from app.domain import commands as c
from app.domain import events as e
from app.store.wake import Wake
from app.store.writer import Writer
from tests.conftest import serving
from tests.page import seed
from tests.page.conftest import ask, watching
from tests.page.played import HOSTILE, PAGES, QUESTION, STORY
from tests.steps import as_worker, running_job

# Only the lines near those in sight are elements: scroll over all of them.
LOGGED = """async (from) => {
    const box = document.getElementById('events'), seen = new Set();
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    box.scrollTop = from * box.scrollHeight;
    for (let top = -1; top !== box.scrollTop; ) {
        top = box.scrollTop;
        await frame();
        for (const line of box.querySelectorAll('.ev')) seen.add(Number(line.dataset.seq));
        box.scrollTop += 700;
    }
    return [...seen];
}"""


async def logged(watched, share: float = 0) -> list[int]:
    """Return the numbers of the events on the page, in order.

    Those of the first share of them may be missing.
    """
    await watched.page.evaluate("() => { document.getElementById('log').open = true; }")
    last = "Number(document.getElementById('at').max)"
    await watched.holds(f"Number(document.querySelector('.ev')?.ariaSetSize) === {last}")
    return await watched.page.evaluate(LOGGED, share)


async def test_a_question_is_asked_watched_over_a_killed_server_read_and_checked(browser, program):
    async with watching(browser, program.url) as watched:
        page = watched.page
        await watched.go("/")
        await page.get_by_label("Question", exact=True).fill(QUESTION)
        await page.get_by_role("radio", name="Quick").check()
        await page.get_by_role("radio", name="Standard").check()
        await page.get_by_role("button", name="Start the research").click()

        await watched.sees("#connection", "Live")
        await watched.sees(".entry h3", "Searching for")
        await page.reload()  # in the middle
        await watched.sees("#connection", "Live")
        # What is drawn must still be the same elements when the server is back, and never have been hidden.
        await page.evaluate(
            """() => {
                document.querySelector('.entry').mine = true;
                window.flashes = 0;
                const run = document.getElementById('run');
                const note = () => { window.flashes += run.classList.contains('waiting') || run.hidden; };
                new MutationObserver(note).observe(run, { attributes: true });
            }"""
        )
        watched.outage = True
        await program.kill()
        lost = await (await watched.sees("#connection", "Reconnecting")).text_content()
        cursor = int(lost.rpartition(" ")[2])
        await program.start()

        await watched.sees("#connection", "Complete")
        watched.outage = False
        await watched.sees("#facts .state", "Completed")
        assert await page.evaluate("() => document.querySelector('.entry').mine && window.flashes === 0")
        seqs = await logged(watched)
        assert 0 < cursor < len(seqs)
        assert seqs == list(range(1, len(seqs) + 1))
        assert await watched.find(".entry h3", has_text="A worker").count() >= 1

        await page.reload()  # at the end
        await watched.sees("#connection", f"Complete, {len(seqs)} events")
        await page.get_by_role("link", name="Read the report").click()
        await watched.sees("h1", "Water boils at about 71 °C")
        await page.reload()  # at the report
        cite = await watched.sees(".cite", "2")
        await cite.click()
        mark = await watched.sees("dialog mark.here")
        assert await mark.text_content() in PAGES["https://peaks.example.com/everest/cooking"][1]
        assert await watched.find("dialog .why p").first.text_content() in await mark.text_content()
        await page.keyboard.press("Escape")
        assert await page.evaluate("() => document.activeElement.className") == "cite"


async def test_another_run_is_cancelled_and_tried_again(watched, http):
    job = await ask(http, "Answer slowly", "running", tags=["slow"])
    await watched.go(f"/browse/jobs/{job}")
    await watched.sees("#connection", "Live")

    await watched.page.get_by_role("button", name="Cancel").click()
    await watched.page.get_by_role("button", name="Keep it running").click()
    assert (await http.get(f"/jobs/{job}")).json()["status"] == "running"
    await watched.page.get_by_role("button", name="Cancel").click()
    await watched.page.get_by_role("button", name="Cancel the job").click()

    await watched.sees("#facts .state", "Cancelled")
    await watched.page.reload()
    await watched.sees("#facts .state", "Cancelled")
    await watched.page.get_by_role("button", name="Try again").click()
    await watched.sees("#facts .state", "Running")
    again = watched.page.url.rpartition("/")[2]
    assert again != job
    assert (await http.get(f"/jobs/{again}")).json()["tags"] == ["slow"]
    await http.delete(f"/jobs/{again}")


async def test_what_the_api_refuses_is_said_at_its_field(watched):
    await watched.go("/")
    page = watched.page
    await page.get_by_role("button", name="Start the research").click()
    await watched.sees("#query[aria-invalid=true]")
    assert await page.get_by_label("Question", exact=True).evaluate(
        "(field) => field === document.activeElement"
    )
    assert await watched.find(".wrong").all_text_contents() == ["Use at least 1 character."]

    await page.get_by_label("Question", exact=True).fill("How high?")
    await page.get_by_text("Sources, limits and more").click()
    await page.get_by_label("Cost, US dollars").fill("-1")
    await page.get_by_role("button", name="Start the research").click()

    await watched.sees("#max_cost_usd[aria-invalid=true]")
    told = await page.get_by_label("Cost, US dollars").get_attribute("aria-describedby")
    assert await watched.find(f'[id="{told}"]').text_content() == "Use a number above 0 and at most 10,000."
    watched.complaints.clear()  # the browser logs each 400


async def test_the_agent_is_answered_in_place(watched, http):
    job = await ask(http, "How high does it boil?", "input_required", clarify=True)
    await watched.go(f"/browse/jobs/{job}")

    await watched.page.get_by_label("Which summit is meant?").fill("The highest")
    await watched.page.get_by_role("button", name="Answer").click()

    await watched.sees("#facts .state", "Completed")
    await watched.sees(".entry h3", "Answered")
    assert not await watched.find("#asks").is_visible()


async def test_the_list_is_live_filtered_by_the_address_and_paged_by_cursor(watched, http, database_url):
    await ask(http, QUESTION, tags=["physics"])
    await ask(http, "This is refused", "failed")
    await seed.many_jobs(database_url, 10_000)
    await watched.go("/browse/jobs")
    await watched.holds("() => document.querySelectorAll('#rows .row').length === 30")
    assert await watched.find(".row .state").first.text_content() == "Failed"

    await watched.page.get_by_role("link", name="Next page").click()
    await watched.sees("#newest")
    assert "cursor=" in watched.page.url
    older = await watched.find(".row a").first.get_attribute("href")
    await watched.page.reload()
    await watched.sees("#newest")
    assert await watched.find(".row a").first.get_attribute("href") == older
    await watched.page.go_back()

    await watched.page.get_by_label("Status").select_option("completed")
    await watched.page.get_by_label("Tags").fill("physics")
    await watched.page.get_by_role("button", name="Show").click()
    await watched.holds(
        "() => [...document.querySelectorAll('.row .state')].every((s) => s.textContent === 'Completed')"
    )
    assert "status=completed&tags=physics" in watched.page.url
    waiting = await ask(http, "Answer slowly", "running")
    await watched.page.get_by_role("button", name="Clear").click()
    await watched.sees(".row .state", "Running")
    await http.delete(f"/jobs/{waiting}")
    await watched.sees(".row .state", "Cancelled")  # without a reload


async def test_the_slider_shows_the_run_as_it_was(watched, http):
    job = await ask(http, QUESTION)
    events = (await http.get(f"/jobs/{job}/events?limit=1000")).json()["events"]
    planned = next(event["seq"] for event in events if event["type"] == "plan_drafted")
    await watched.go(f"/browse/jobs/{job}?at={planned}")

    await watched.sees("#then", f"event {planned} of {len(events)}")
    assert await watched.find(".entry").count() == 2
    assert await watched.find("#facts .state").text_content() == "Running"
    assert await watched.find(".plan li").count() == 3
    await watched.page.get_by_role("slider").focus()
    await watched.page.keyboard.press("ArrowLeft")
    await watched.sees("#plan", "No plan yet.")
    assert watched.page.url.endswith(f"at={planned - 1}")
    await watched.page.get_by_role("button", name="Back to now").click()
    await watched.sees("#facts .state", "Completed")
    await watched.sees(".changes", "The archive’s notes are dropped.")
    assert "at=" not in watched.page.url


async def test_the_fold_in_the_browser_agrees_with_the_job(watched, http):
    job = await ask(http, QUESTION)
    view = (await http.get(f"/jobs/{job}")).json()
    events = (await http.get(f"/jobs/{job}/events?limit=1000")).json()["events"]
    await watched.go(f"/browse/jobs/{job}")

    state = await watched.page.evaluate(
        """async (events) => {
            const source = document.querySelector('script[src*="run.js"]').src.replace('run.js', 'fold.js');
            const { fold, callsMade, costOf } = await import(source);
            const run = fold(events);
            const { bill, status, seq, sources, stopReason, turns } = run;
            return { ...bill, status, seq, stop: stopReason, sources: sources.size, turns: turns.size,
                     calls: callsMade(bill), usd: costOf(bill) };
        }""",
        events,
    )

    usage = view["usage"]
    assert (state["status"], state["seq"], state["stop"]) == ("completed", view["seq"], "answered")
    assert (state["calls"], state["model"], state["search"], state["read"]) == (
        usage["calls"], usage["model_calls"], usage["searches"], usage["pages_read"],
    )  # fmt: skip
    assert (state["input"], state["output"]) == (usage["input_tokens"], usage["output_tokens"])
    assert state["usd"] == pytest.approx(usage["cost_usd"])
    assert (state["sources"], state["turns"]) == (len(view["result"]["sources"]), view["steps_completed"])


async def test_a_run_of_5000_events_is_few_elements_and_goes_on(browser, house, owner):
    writer = Writer(house.engine, Wake(house.engine, None))
    job = await seed.long_run(writer, 5_000)
    async with serving(house, workers=0) as url, watching(browser, url) as watched:
        await watched.go(f"/browse/jobs/{job.id}")
        await watched.sees("#connection", "Live")
        await watched.sees(".part summary", "Turns 495 to 499")
        seqs = await logged(watched)

        assert seqs == list(range(1, job.seq + 1))
        assert await watched.page.evaluate("() => document.querySelectorAll('*').length") < 2_000
        job = await seed.more(writer, job, 500)
        await watched.sees("#turn-500")
        last = await logged(watched, 0.99)
        assert len(last) >= seed.TURN
        assert last == list(range(last[0], job.seq + 1))
        await watched.find(".part summary", has_text="Turns 15 to 29").click()
        await watched.sees("#turn-17")


FORBIDDEN = (
    "javascript:alert(3)",
    "data:text/html,<script>alert(4)</script>",
    "JaVaScRiPt:alert(5)",
    "//x",
    "",
)

# What a hostile text would have brought into the page.
ALIVE = """() => {
    const all = [...document.querySelectorAll('main *')];
    const acts = ({ name, value }) =>
        name.startsWith('on') || (name === 'style' && !value.startsWith('--share'));
    const leads = ({ protocol }) => protocol !== 'http:' && protocol !== 'https:';
    return {
        alien: all.filter((e) => e.matches('script, img, iframe, style, object, embed, base')).length,
        handlers: all.filter((e) => [...e.attributes].some(acts)).length,
        links: all.filter((e) => e.matches('a[href]') && leads(e)).length,
    };
}"""


async def test_hostile_titles_urls_and_markdown_stay_inert(watched, http):
    job = await ask(http, HOSTILE)
    view = (await http.get(f"/jobs/{job}")).json()
    for path in (
        "/",
        "/browse/jobs",
        f"/browse/jobs/{job}",
        f"/browse/jobs/{job}/report",
        f"/compare?a={job}&b={job}",
        "/overview",
    ):
        await watched.go(path)
        await watched.sees("main", HOSTILE if path != "/overview" else "")
        found = await watched.page.evaluate(ALIVE)
        assert found == {"alien": 0, "handlers": 0, "links": 0}, path
    assert view["status"] == "completed"
    await watched.go(f"/browse/jobs/{job}/report")
    await (await watched.sees(".cite")).click()
    await watched.sees("dialog mark.here", "An image tag in a question is only text")


async def test_hostile_events_that_came_into_the_log_stay_inert_too(browser, house):
    writer = Writer(house.engine, Wake(house.engine, None))
    job = await running_job(writer, query=HOSTILE)
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    usage = e.Usage(searches=1)
    found = (
        e.StepReasoned(1, *STORY[1]),
        e.CallRequested("1/search/1", "search", evil, "00", evil),
        e.CallCompleted("1/search/1", usage, 1, "00", 1),
        *(e.SourceFound(n, url, evil, evil, "1/search/1") for n, url in enumerate(FORBIDDEN, 1)),
        e.PlanDrafted(evil, (evil, evil), (evil,)),
    )
    job = await as_worker(writer, job, c.RecordEvents(job.epoch, found))
    async with serving(house, workers=0) as url, watching(browser, url) as watched:
        for path in (f"/browse/jobs/{job.id}", f"/compare?a={job.id}&b={job.id}", "/browse/jobs"):
            await watched.go(path)
            await watched.sees("main", HOSTILE)
            assert await watched.page.evaluate(ALIVE) == {"alien": 0, "handlers": 0, "links": 0}, path


async def test_a_quote_behind_a_character_of_two_units_is_marked_where_it_stands(watched, http):
    job = await ask(http, QUESTION)
    source = (await http.get(f"/jobs/{job}/sources/1")).json()
    assert any(ord(letter) > 0xFFFF for letter in source["text"])
    await watched.go(f"/browse/jobs/{job}/report#source-1")
    await watched.sees("dialog mark")

    marked = await watched.find("dialog mark").all_text_contents()

    assert sorted(marked) == sorted(
        source["text"][quote["start"] : quote["end"]] for quote in source["quotes"]
    )


async def test_without_a_mouse_the_report_and_its_sources_are_reached(watched, http):
    job = await ask(http, QUESTION)
    await watched.go(f"/browse/jobs/{job}/report")
    await watched.sees(".cite")
    page = watched.page

    await page.keyboard.press("Tab")
    assert await page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("Enter")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("() => document.activeElement.className") == "cite":
            break
    else:
        pytest.fail("No citation is reached.")
    await page.keyboard.press("Enter")

    await watched.sees("dialog mark.here")
    assert await page.evaluate("() => document.querySelector('dialog').contains(document.activeElement)")


async def test_what_is_not_there_is_said(watched, http):
    await watched.go("/browse/jobs/01a20937-51e3-763d-b2e2-cb25b04281b4")
    await watched.sees("#failed h1", "Job not found")
    watched.complaints.clear()  # the browser logs the 404
    await watched.go("/browse/jobs")
    await watched.sees("#empty", "Nothing was asked yet.")
    failed = await ask(http, "This is refused", "failed")
    await watched.go(f"/browse/jobs/{failed}")
    await watched.sees("#notice", "The key was refused")
    await watched.go(f"/browse/jobs/{failed}/report")
    await watched.sees("#failed", "There is no report")


async def test_the_overview_has_the_figures_of_the_api(watched, http):
    await ask(http, QUESTION)
    await ask(http, "This is refused", "failed")
    await watched.go("/overview")
    await watched.sees(".hbars", "auth")

    figures = (await http.get("/overview")).json()

    assert [one["error_type"] for one in figures["failures"]] == ["auth"]
    await watched.sees(".chart", "played-large")
    tiles = await watched.find("#tiles dd").all_text_contents()
    assert tiles[0] == str(figures["now"]["pending"])
    names = ("running", "input_required", "workers_busy", "workers_seen")
    assert tiles[2:] == [str(figures["now"][name]) for name in names]


async def test_two_runs_stand_side_by_side(watched, http):
    first, second = await ask(http, QUESTION), await ask(http, HOSTILE)
    await watched.go(f"/compare?a={first}")
    await watched.page.get_by_role("link", name="What does").click()

    await watched.sees(".side >> nth=1")
    assert json.dumps(second) in json.dumps(watched.page.url.split("b=")[1])
    assert await watched.find(".side .only").count() > 0


async def test_the_choice_of_light_or_dark_is_kept(watched):
    await watched.go("/browse/jobs")
    before = await watched.page.evaluate("() => getComputedStyle(document.body).color")
    button = watched.page.get_by_role("button", name="Theme")
    await button.click()
    await button.click()

    await watched.go("/overview")

    assert await watched.page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    assert await watched.page.evaluate("() => getComputedStyle(document.body).color") != before
