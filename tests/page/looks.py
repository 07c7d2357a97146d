"""How a page is looked at."""

import os
from pathlib import Path

from tests.page.install import AXE, without

ROOT = Path(__file__).parent.parent.parent


KEPT = ROOT / "artefacts" / "page"


# What runs over the edge, if anything makes the page wider than the window.
OVER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [
    document.documentElement.scrollWidth,
    ...[...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => e.outerHTML.slice(0, 80)),
]"""


# The dark pages differ from the light ones in their colours only.
RUN = {
    "light": "() => axe.run({ resultTypes: ['violations'] })",
    "dark": "() => axe.run({ resultTypes: ['violations'], runOnly: ['color-contrast'] })",
}


A_FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


async def pictured(page, name: str, **options) -> None:
    """Keep a picture to look at, if PICTURES asks for it."""
    if os.environ.get("PICTURES") == "yes":
        KEPT.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=KEPT / name, **options)


async def fits(page, name: str) -> None:
    """Look at a view in both schemes, and ask axe-core.

    The page's policy must not be in force.
    """
    axe = "" if without("axe-core") else (AXE / "axe.min.js").read_text()
    await page.evaluate(axe)
    for scheme, run in RUN.items():
        await page.emulate_media(color_scheme=scheme)
        for width in (390, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate(OVER) == []
            await pictured(page, f"{name}-{width}-{scheme}.png", full_page=True)
        if axe:
            found = await page.evaluate(run)
            serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
            assert serious == []
