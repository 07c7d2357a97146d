"""Headless Chromium, as it is installed, that can reach nothing but loopback."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

# Each window loads the pages of its address bar, though it is never seen: 0.7 s of CPU a profile.
# The rest are those that Playwright itself switches off, because the last list of a command line holds.
SWITCHED_OFF = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
)
# Playwright switches most background traffic off; these make sure that the rest of it finds nothing.
ARGUMENTS = [
    f"--disable-features={','.join(SWITCHED_OFF)}",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
]

BLANK = '<!doctype html><title>A reader</title><link rel="icon" href="data:,">'  # no icon: no other request


@contextlib.asynccontextmanager
async def launched(path: str, *arguments: str) -> AsyncIterator[Browser]:
    """A running browser. Playwright and it talk through pipes, so nothing listens."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def page_of(browser: Browser, origin: str) -> AsyncIterator[Page]:
    """Yield an empty page of this origin, failing on script errors.

    It has a fresh profile.
    """
    errors: list[Any] = []
    context = await browser.new_context()
    try:
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright marks functions
        await page.route(f"{origin}/", lambda route: route.fulfill(body=BLANK, content_type="text/html"))
        await page.goto(f"{origin}/")
        await page.unroute_all()  # from here on the browser's requests go out as it makes them
        yield page
    finally:
        await context.close()
    assert not errors
