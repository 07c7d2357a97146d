"""Every view fits, is small, and passes axe-core.

What is asserted is that nothing runs over the edge, that each view is small, and that axe-core finds nothing
serious. The measures are kept in `artefacts/page/`, with PICTURES=yes also pictures of all views to look at.
"""

import json
from dataclasses import dataclass, field

import pytest

from tests.page.conftest import ask, watching
from tests.page.install import AXE, without
from tests.page.looks import KEPT, OVER, ROOT, RUN, pictured
from tests.page.played import QUESTION

README = ROOT / "docs" / "screenshot.png"  # made when it is missing: remove it to have a new one
WIDTHS = {"light": (360, 768, 1280, 1600), "dark": (360, 1280)}
MOST = 100_000  # bytes of a view without the report
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
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
    broken = {"file": ("broken.pdf", b"%PDF-1.7 nothing", "application/pdf")}
    await asking.post("/documents", files=broken, headers={"Prefer": "respond-async"})
    await asking.post("/webhooks", json={"url": "https://example.com/hook", "description": "the door"})
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
        "documents": ("/browse/documents", ".ingestions .bad"),
        "operations": ("/browse/operations", "#hooks .row"),
    }


@dataclass
class Look:
    """What was seen of a view in one scheme of colours."""

    wider: dict[int, list] = field(
        default_factory=dict
    )  # by the width of the window: what runs over its edge
    violations: list[dict] = field(default_factory=list)  # what axe-core found


@dataclass
class Seen:
    """What was seen of all views in one visit."""

    looks: dict[str, dict[str, Look]]  # by the scheme
    measures: dict[str, dict[str, float]] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def seen(browser, standing, views) -> Seen:
    """Find what each view is in each scheme, in one visit.

    axe-core is a script of nobody's policy, so the policy is not in force.
    """
    axe = "" if without("axe-core") else (AXE / "axe.min.js").read_text()
    seen = Seen({scheme: {} for scheme in RUN})
    async with watching(browser, standing, bypass_csp=True) as watched:
        for name, (path, sign) in views.items():
            await watched.page.emulate_media(color_scheme="light")
            await shown(watched, path, sign)
            seen.measures[name] = await measured(watched)
            await watched.page.evaluate(axe)
            for scheme, run in RUN.items():
                await watched.page.emulate_media(color_scheme=scheme)
                seen.looks[scheme][name] = await looked(watched.page, name, scheme, axe and run)
    return seen


async def measured(watched) -> dict[str, float]:
    web = sum(size for url, size in watched.sizes.items() if "/jobs" not in url and "/overview" not in url)
    return {"bytes": web, "first_paint_ms": await watched.page.evaluate(PAINT)}


async def looked(page, name, scheme, run) -> Look:
    look = Look()
    for width in WIDTHS[scheme]:
        await page.set_viewport_size({"width": width, "height": 900})
        look.wider[width] = await page.evaluate(OVER)
        await pictured(page, f"{name}-{width}-{scheme}.png", full_page=name != "source")
    await page.set_viewport_size({"width": 1280, "height": 900})
    if run:
        look.violations = (await page.evaluate(run))["violations"]
    return look


async def shown(watched, path, sign):
    if "#" in path:
        await watched.page.goto("about:blank")  # another hash alone is no new page
    watched.sizes.clear()
    await watched.go(path)
    await watched.sees(sign)
    await watched.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"
    )


@pytest.mark.parametrize("scheme", RUN)
async def test_each_view_fits_from_narrow_to_wide(seen, scheme):
    assert seen.looks[scheme]
    for name, look in seen.looks[scheme].items():
        assert look.wider == {width: [] for width in WIDTHS[scheme]}, name


async def test_each_view_is_small(seen):
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "measures.json").write_text(json.dumps(seen.measures, indent=2))

    assert all(one["bytes"] < MOST for one in seen.measures.values()), seen.measures


@pytest.mark.parametrize("scheme", RUN)
async def test_axe_finds_nothing_serious(seen, scheme):
    if reason := without("axe-core"):
        pytest.skip(reason)
    for name, look in seen.looks[scheme].items():
        told = [
            (one["id"], [node["html"] for node in one["nodes"]][:3])
            for one in look.violations
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
        await pictured(watched.page, "print.png", full_page=True)


async def test_the_picture_of_the_readme_is_small(browser, standing, views):
    if not README.exists():
        async with watching(browser, standing, viewport={"width": 1280, "height": 860}) as watched:
            await shown(watched, *views["run"])
            await watched.page.screenshot(path=README)

    assert README.stat().st_size < 150_000
