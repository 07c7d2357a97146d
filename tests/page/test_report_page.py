"""The report's page has outline, marks, exports, and a printed form.

Foreign scripts are shown as they are written.
"""

import io
from unicodedata import normalize

import pytest
from pypdf import PdfReader

from tests.page.conftest import ask, watching
from tests.page.long_content import ARABIC, CHINESE, LONG
from tests.page.looks import OVER

# Whether the cells of each row of the first table begin where those of its head do.
COLUMNS = """() => {
    const left = (cell) => Math.round(cell.getBoundingClientRect().left);
    const begins = (row) => [...row.cells].map(left).join();
    const [head, ...rows] = document.querySelector('#article table').rows;
    return rows.length > 0 && rows.every((row) => begins(row) === begins(head));
}"""


@pytest.fixture(scope="module")
async def long_report(asking) -> str:
    return await ask(asking, LONG, length="long")


async def test_a_long_report_has_an_outline_and_its_marks_in_place(browser, standing, long_report):
    async with watching(browser, standing) as watched:
        await watched.go(f"/browse/jobs/{long_report}/report")
        await watched.sees("#outline a", "From 250 metres on")
        headings = await watched.find("#article :is(h2, h3)").count()

        assert await watched.find("#outline a").count() == headings > 14
        await watched.sees("#article .doubt", "unverified")
        assert "(unverified)" not in await watched.find("#article").text_content()
        await watched.find("#outline a", has_text="From 8375 metres on").click()
        assert await watched.page.evaluate("() => scrollY") > 3_000


async def test_a_printed_report_begins_at_once_and_has_page_numbers_and_its_address(
    browser, standing, long_report
):
    async with watching(browser, standing) as watched:
        await watched.go(f"/browse/jobs/{long_report}/report")
        await watched.sees("#article h2")
        pages = PdfReader(io.BytesIO(await watched.page.pdf(prefer_css_page_size=True))).pages

        # The font of the picture has ligatures: an id may have "ff".
        texts = [normalize("NFKC", page.extract_text()) for page in pages]
        assert "Boiling at every height" in texts[0]
        assert len(texts[0]) > 500
        for number, text in enumerate(texts, 1):
            assert f"{number} / {len(texts)}" in text
            assert f"/browse/jobs/{long_report}" in text
        await watched.page.emulate_media(media="print")
        assert await watched.page.evaluate(COLUMNS)


async def test_a_long_outline_is_closed_where_there_is_no_room_beside_the_report(
    browser, standing, long_report
):
    async with watching(browser, standing, viewport={"width": 390, "height": 800}) as watched:
        await watched.go(f"/browse/jobs/{long_report}/report")
        await watched.page.get_by_text("Contents", exact=True).click()
        await watched.sees("#outline a", "From 250 metres on")
        await watched.page.set_viewport_size({"width": 1280, "height": 800})
        await watched.sees("#outline a", "From 250 metres on")
        await watched.page.set_viewport_size({"width": 390, "height": 800})
        await watched.find("#outline a").first.wait_for(state="hidden")


@pytest.mark.parametrize("query", [CHINESE, ARABIC], ids=["chinese", "arabic"])
async def test_a_report_in_another_script_fits_a_narrow_page(browser, standing, asking, query):
    job = await ask(asking, query)
    async with watching(browser, standing, viewport={"width": 390, "height": 800}) as watched:
        await watched.go(f"/browse/jobs/{job}/report")
        await watched.sees("#article .cite")

        assert await watched.page.evaluate(OVER) == []
        direction = await watched.page.evaluate(
            "() => getComputedStyle(document.querySelector('#article')).direction"
        )
        assert direction == ("rtl" if query == ARABIC else "ltr")
        language = await watched.find("#article").get_attribute("lang")
        assert language == ("ar" if query == ARABIC else "zh")
        await watched.find("#article .cite").first.click()
        await watched.sees("dialog mark.here")
        for part in ("dialog .page-text", "dialog blockquote", "dialog h2 bdi", ".refs a[data-source]"):
            assert await watched.find(part).first.get_attribute("lang") == language
        mark = {CHINESE: "未经证实", ARABIC: "غير موثق"}[query]
        assert await watched.find("#article .doubt").first.text_content() == mark
        assert await watched.find("#article .doubt").first.get_attribute("lang") == language


async def test_the_report_is_downloaded_in_each_format(browser, standing, long_report):
    async with watching(browser, standing) as watched:
        await watched.go(f"/browse/jobs/{long_report}/report")
        for name in ("md", "html", "docx", "json", "BibTeX", "CSL"):
            async with watched.page.expect_download() as started:
                await watched.page.get_by_role("link", name=f"as {name}").click()
            path = await (await started.value).path()
            assert path.stat().st_size > 100, name
