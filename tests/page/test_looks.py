"""Every view fits, is small, and passes axe-core.

The pictures and the measures are kept in `artefacts/page/`. They are for looking at; what is asserted is that
nothing runs over the edge, that each view is small, and that axe-core finds nothing serious.
"""

import json
import shutil

import pytest

from tests.page.conftest import ask, watching
from tests.page.install import AXE, without_axe
from tests.page.looks import A_FRAME, KEPT, OVER, ROOT
from tests.page.played import QUESTION

README = ROOT / "docs" / "screenshot.png"  # made when it is missing: remove it to have a new one
WIDTHS = (360, 768, 1280, 1600)
MOST = 100_000  # bytes of a view without the report
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
# The dark pages differ from the light ones in their colours only.
RUN = {
    "light": "() => axe.run({ resultTypes: ['violations'] })",
    "dark": "() => axe.run({ resultTypes: ['violations'], runOnly: ['color-contrast'] })",
}
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
async def views(asking) -> dict[str, tuple[str, str]]:
    """Each view with what it shows when it is complete."""
    done = await ask(asking, QUESTION, tags=["physics", "demo"], limits={"max_cost_usd": 0.5})
    failed = await ask(asking, "Which model is refused here?", "failed", effort="quick")
    asks = await ask(
        asking, "At what temperature does water boil on the highest summit?", "input_required", clarify=True
    )
    running = await ask(
        asking, "Answer slowly: who measured it first?", "running", effort="deep", tags=["history"]
    )
    return {
        "ask": ("/", "#rows .row"),
        "runs": ("/browse/jobs", "#rows .row"),
        "run": (f"/browse/jobs/{done}", "#answer"),
        "past": (f"/browse/jobs/{done}?at=24", "#then"),
        "running": (f"/browse/jobs/{running}", ".entry"),
        "asks": (f"/browse/jobs/{asks}", "#asks"),
        "failed": (f"/browse/jobs/{failed}", "#notice"),
        "report": (f"/browse/jobs/{done}/report", ".stands section"),
        "source": (f"/browse/jobs/{done}/report#source-1", "dialog mark.here"),
        "compare": (f"/compare?a={done}&b={failed}", ".side"),
        "overview": ("/overview", ".chart svg"),
    }


async def shown(watched, path, sign):
    await watched.page.goto("about:blank")  # so that a path with another hash is a new page
    watched.sizes.clear()
    await watched.go(path)
    await watched.sees(sign)
    await watched.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"
    )


async def pictured(page, path, width, *, whole):
    """Take a picture, growing the window for the whole page.

    What is out of sight is not drawn.
    """
    if whole:
        for _ in range(2):
            height = await page.evaluate("() => Math.min(6000, document.documentElement.scrollHeight)")
            await page.set_viewport_size({"width": width, "height": max(900, height)})
            await page.evaluate(A_FRAME)
    await page.screenshot(path=path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_each_view_fits_from_narrow_to_wide(browser, standing, views, scheme):
    KEPT.mkdir(parents=True, exist_ok=True)
    async with watching(browser, standing, color_scheme=scheme) as watched:
        for name, (path, sign) in views.items():
            await shown(watched, path, sign)
            for width in WIDTHS if scheme == "light" else (360, 1280):
                await watched.page.set_viewport_size({"width": width, "height": 900})
                assert await watched.page.evaluate(OVER) == [], f"{name} at {width}"
                await watched.page.screenshot(
                    path=KEPT / f"{name}-{width}-{scheme}.png", full_page=name != "source"
                )


async def test_each_view_is_small(browser, standing, views):
    measures = {}
    async with watching(browser, standing) as watched:
        for name, (path, sign) in views.items():
            await shown(watched, path, sign)
            web = sum(
                size for url, size in watched.sizes.items() if "/jobs" not in url and "/overview" not in url
            )
            measures[name] = {"bytes": web, "first_paint_ms": await watched.page.evaluate(PAINT)}
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "measures.json").write_text(json.dumps(measures, indent=2))

    assert all(one["bytes"] < MOST for one in measures.values()), measures


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(browser, standing, views, scheme):
    if reason := without_axe():
        pytest.skip(reason)
    axe = (AXE / "axe.min.js").read_text()
    async with watching(browser, standing, color_scheme=scheme, bypass_csp=True) as watched:
        for name, (path, sign) in views.items():
            await shown(watched, path, sign)
            await watched.page.evaluate(axe)
            found = (await watched.page.evaluate(RUN[scheme]))["violations"]
            told = [
                (one["id"], [node["html"] for node in one["nodes"]][:3])
                for one in found
                if one["impact"] in SERIOUS
            ]
            assert not told, name


async def test_the_report_is_printed_without_the_page_around_it(browser, standing, views):
    async with watching(browser, standing) as watched:
        await shown(watched, *views["report"])
        await watched.page.emulate_media(media="print")
        for selector in (".top", "#acts", ".crumb"):
            assert not await watched.find(selector).is_visible()
        assert await watched.find("#article").is_visible()
        await watched.page.screenshot(path=KEPT / "print.png", full_page=True)
        await watched.page.pdf(path=KEPT / "report.pdf", prefer_css_page_size=True)


async def test_the_picture_of_the_readme_is_small(browser, standing, views):
    async with watching(browser, standing, viewport={"width": 1280, "height": 860}) as watched:
        await shown(watched, *views["run"])
        picture = KEPT / "readme.png"
        await watched.page.screenshot(path=picture)
        if not README.exists():
            shutil.copy(picture, README)

    assert README.stat().st_size < 150_000
