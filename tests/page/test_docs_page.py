"""Swagger UI draws /docs from files of this server alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from app.api.page import DOCS_POLICY, PAGE_POLICY
from tests.page.conftest import Watched, watching
from tests.page.looks import A_FRAME, OVER, pictured

ONE = "#operations-operations-live .opblock-summary-control"
SCHEMES = ("light", "dark")
WIDTHS = (360, 1280)
DRAWN = "() => document.querySelectorAll('.opblock').length"


@dataclass
class Drawn:
    """What Swagger UI made of the document."""

    operations: int
    wider: dict[int, list] = field(
        default_factory=dict
    )  # by the width of the window: what runs over its edge


async def test_the_docs_page_allows_nothing_from_elsewhere(asking):
    answer = await asking.get("/docs")

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == DOCS_POLICY
    assert f"{DOCS_POLICY}; require-trusted-types-for 'script'; trusted-types 'none'" == PAGE_POLICY
    assert "http" not in answer.text
    assert 'data-nav="docs" aria-current="page"' in answer.text


@pytest.fixture(scope="module")
async def docs(browser, standing) -> AsyncIterator[Watched]:
    """The page by the address of one operation, which is closed again.

    To draw them all takes seconds of CPU.
    """
    async with watching(browser, standing) as watched:
        await watched.go("/docs#/operations/live")
        await watched.sees("button", "Try it out")
        await watched.find(ONE).click()
        await watched.find("button", has_text="Try it out").wait_for(state="detached")
        yield watched


@pytest.fixture(scope="module")
async def drawn(docs) -> dict[str, Drawn]:
    """What is drawn in each scheme of colours."""
    found = {}
    for scheme in SCHEMES:
        await docs.page.emulate_media(color_scheme=scheme)
        found[scheme] = Drawn(await docs.page.evaluate(DRAWN))
        for width in WIDTHS:
            await docs.page.set_viewport_size({"width": width, "height": 900})
            await docs.page.evaluate(A_FRAME)
            found[scheme].wider[width] = await docs.page.evaluate(OVER)
            await pictured(docs.page, f"docs-{width}-{scheme}.png")
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_every_operation_is_drawn_without_a_complaint(docs, drawn, asking, scheme):
    paths = (await asking.get("/schema")).json()["paths"]
    operations = sum(len(methods) for methods in paths.values())

    assert operations > 25
    assert drawn[scheme].operations == operations
    assert drawn[scheme].wider == {360: [], 1280: []}
    docs.check()


async def test_an_operation_can_be_tried_from_the_page(docs):
    await docs.find(ONE).click()
    await (await docs.sees("button", "Try it out")).click()
    await (await docs.sees("button", "Execute")).click()
    await docs.sees(".live-responses-table .response-col_status", "200")
    for width in WIDTHS:
        await docs.page.set_viewport_size({"width": width, "height": 900})
        await docs.page.evaluate(A_FRAME)
        assert await docs.page.evaluate(OVER) == []
        await docs.find(ONE).scroll_into_view_if_needed()
        await pictured(docs.page, f"docs-tried-{width}.png")
    docs.check()


async def test_a_reader_without_a_key_is_led_to_the_sign_in(browser, standing):
    async with watching(browser, standing) as watched:
        await watched.page.route(
            "**/schema", lambda route: route.fulfill(status=401, json={"code": "unauthorised"})
        )
        await watched.go("/docs")
        await watched.sees("#session")
        assert watched.page.url.endswith("/sign-in?next=/docs")
        watched.complaints.clear()  # the browser notes each 401
