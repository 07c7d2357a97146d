"""How a page is looked at."""

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


KEPT = ROOT / "artefacts" / "page"


# What runs over the edge, if anything makes the page wider than the window.
OVER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [
    document.documentElement.scrollWidth,
    ...[...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => e.outerHTML.slice(0, 80)),
]"""


A_FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


async def pictured(page, name: str, **options) -> None:
    """Keep a picture to look at, if PICTURES asks for it."""
    if os.environ.get("PICTURES") == "yes":
        KEPT.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=KEPT / name, **options)
