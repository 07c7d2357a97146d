"""Each view honours language, keys and time zone, even for errors."""

import asyncio

import httpx
import pytest

from tests.page.conftest import ask, watching
from tests.page.played import QUESTION

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_the_page_speaks_the_language_of_the_browser(browser, standing, asking):
    job = await ask(asking, QUESTION)
    async with watching(browser, standing, locale="de-CH") as watched:
        await watched.go("/browse/jobs")
        await watched.sees("h1", "Aufträge")
        await watched.sees(".row .state", "Abgeschlossen")
        assert await watched.page.title() == "Aufträge · Dossier"
        assert await watched.page.evaluate("() => document.documentElement.lang") == "de"

        await watched.go(f"/browse/jobs/{job}")
        await watched.sees("#connection", "Vollständig, ")
        await watched.sees("#entries .note h3", "Ein Worker übernahm den Auftrag")
        await watched.sees("h1", QUESTION)

        await watched.page.get_by_label("Sprache").select_option("en")
        await watched.sees("#connection", "Complete, ")
        await watched.go("/browse/jobs")
        await watched.sees("h1", "Jobs")


async def test_another_language_is_answered_in_english(browser, standing):
    async with watching(browser, standing, locale="fr-FR", timezone_id="Europe/Paris") as watched:
        await watched.go("/")
        await watched.sees("h1", "What do you want to know?")
        await watched.sees("#zone", "Times: Europe/Paris (GMT+")


async def test_a_key_goes_to_a_view_unless_somebody_writes(browser, standing):
    async with watching(browser, standing) as watched:
        await watched.go("/browse/documents")
        await watched.sees("#foot")
        await watched.page.keyboard.press("?")
        await watched.sees("dialog.keys", "Ask a question")
        await watched.page.keyboard.press("Escape")
        await watched.find("dialog.keys").wait_for(state="detached")  # until then keys are the dialog's

        await watched.page.keyboard.press("j")
        await watched.sees("h1", "Jobs")
        await watched.sees("#foot")
        await watched.page.keyboard.press("/")
        await watched.page.keyboard.type("jobs?")
        assert await watched.find("#q").input_value() == "jobs?"
        await watched.page.evaluate("() => document.activeElement.blur()")

        await watched.page.keyboard.press("?")
        await watched.page.get_by_label("Single keys work").uncheck()
        await watched.page.keyboard.press("Escape")
        await watched.find("dialog.keys").wait_for(state="detached")
        await watched.page.keyboard.press("d")
        assert watched.page.url.endswith("/browse/jobs")


@pytest.mark.parametrize(
    ("path", "script", "field"), [("/browse/jobs?q=old", "runs", "#q"), ("/?q=old", "ask", "#query")]
)
async def test_what_is_written_before_a_view_s_script_is_there_stays(browser, standing, path, script, field):
    async with watching(browser, standing) as watched:
        held = asyncio.Event()

        async def hold(route):
            await held.wait()
            await route.continue_()

        await watched.page.route(f"**/{script}.js*", hold)
        await watched.page.goto(standing + path, wait_until="commit")
        await watched.find(field).fill("new")
        async with watched.page.expect_response("**/jobs?**"):  # asked for once the fields are filled in
            held.set()
        assert await watched.find(field).input_value() == "new"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere/<script>", 404, "No route matches this path"),
        ("/jobs/01890000-0000-7000-8000-000000000000/report?format=html", 404, "No job has this id."),
        ("/browse/jobs/a/b", 404, "No route matches this path"),
    ],
)
async def test_a_browser_gets_an_error_as_a_page(asking, path, status, words):
    page = await asking.get(path, headers=BROWSER)
    problem = await asking.get(path)

    assert (page.status_code, problem.status_code) == (status, status)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "trusted-types 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert words in page.text
    assert "<script>" not in page.text
    assert problem.headers["content-type"] == "application/problem+json"


async def test_who_does_not_read_gets_the_problem(asking: httpx.AsyncClient):
    answer = await asking.post("/jobs", json={}, headers=BROWSER)

    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_page_of_an_error_leads_on(browser, standing):
    async with watching(browser, standing, locale="de-DE") as watched:
        watched.outage = True  # the browser complains about the 404
        await watched.go("/nowhere")
        await watched.sees("#error h1", "Diese Seite gibt es nicht")
        assert "GET /schema" not in await watched.find("#error").inner_text()
        assert not await watched.find("#again").is_visible()
        await watched.page.get_by_role("link", name="Alle Aufträge").click()
        await watched.sees("h1", "Aufträge")
        watched.complaints = [one for one in watched.complaints if "404" not in one]
