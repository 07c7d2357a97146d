"""Below a root path, the page loads, links and sends only there."""

import re

import pytest
from msgspec.structs import replace

from app.api.page import WEB_FOLDER
from tests.conftest import FAST, TestHouse, serving
from tests.page.conftest import watching

ROOT = "/dossier"


async def test_a_question_is_asked_and_read_below_the_root(browser, database_url):
    house = TestHouse(replace(FAST, root=ROOT), database_url)
    async with serving(house) as origin, watching(browser, origin + ROOT) as watched:
        await watched.go("/")
        await watched.find("textarea").first.fill("What is a monad?")
        await watched.find("#send").click()
        await (await watched.sees("a", "Read the report")).click()
        await watched.sees("h1")
        await watched.find("[data-nav=runs]").click()
        await watched.sees("a", "What is a monad?")

        # `watching` holds every address that was asked for against origin and root.
        assert watched.page.url.startswith(f"{origin}{ROOT}/browse/jobs")


@pytest.mark.parametrize("script", sorted(WEB_FOLDER.glob("*.js")), ids=lambda path: path.name)
def test_no_script_goes_past_the_root(script):
    """No script builds an address without the root.

    `h` and `at` put it in front; the forms that are listed here would send a browser past it.
    """
    past = (
        r"""(?:fetch|assign|replace|EventSource|open)\((?:"GET", )?["'`]/\w"""
        r"""|\.(?:href|action) = [^=]*["'`]/\w"""
    )
    lines = [line for line in script.read_text().splitlines() if re.search(past, line)]

    assert [line for line in lines if "at(" not in line and ".replace(" not in line] == []
