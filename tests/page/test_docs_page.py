"""Swagger UI draws /docs from files of this server alone."""

import pytest

from app.api.page import DOCS_POLICY, PAGE_POLICY
from tests.page.conftest import watching
from tests.page.looks import A_FRAME, OVER, pictured

DRAWN = "() => document.querySelectorAll('.opblock').length"


async def test_the_docs_page_allows_nothing_from_elsewhere(asking):
    answer = await asking.get("/docs")

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == DOCS_POLICY
    assert f"{DOCS_POLICY}; require-trusted-types-for 'script'; trusted-types 'none'" == PAGE_POLICY
    assert "http" not in answer.text
    assert 'data-nav="docs" aria-current="page"' in answer.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_operation_is_drawn_without_a_complaint(browser, standing, asking, scheme):
    paths = (await asking.get("/schema")).json()["paths"]
    operations = sum(len(methods) for methods in paths.values())

    async with watching(browser, standing, color_scheme=scheme) as watched:
        await watched.go("/docs")
        await watched.sees(".opblock")
        assert operations > 25
        assert await watched.page.evaluate(DRAWN) == operations
        for width in (360, 1280):
            await watched.page.set_viewport_size({"width": width, "height": 900})
            await watched.page.evaluate(A_FRAME)
            assert await watched.page.evaluate(OVER) == [], width
            await pictured(watched.page, f"docs-{width}-{scheme}.png")


async def test_an_operation_can_be_tried_from_the_page(browser, standing):
    async with watching(browser, standing) as watched:
        await watched.go("/docs#/operations/live")
        await (await watched.sees("button", "Try it out")).click()
        await (await watched.sees("button", "Execute")).click()
        await watched.sees(".live-responses-table .response-col_status", "200")
        await pictured(watched.page, "docs-tried.png")


async def test_a_reader_without_a_key_is_led_to_the_sign_in(browser, standing):
    async with watching(browser, standing) as watched:
        await watched.page.route(
            "**/schema", lambda route: route.fulfill(status=401, json={"code": "unauthorised"})
        )
        await watched.go("/docs")
        await watched.sees("#session")
        assert watched.page.url.endswith("/sign-in?next=/docs")
        watched.complaints.clear()  # the browser notes each 401
