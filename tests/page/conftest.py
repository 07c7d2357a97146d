"""Watch a browser's every request and complaint, over played research."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page

from tests.conftest import FAST, execute, serving, with_database
from tests.page.played import PlayedHouse
from tests.readers import install
from tests.readers.browser import launched
from tests.steps import until

PATIENCE = 60.0  # seconds for whatever a page is waited for
USUAL = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
# The process that has drawn one page draws the next: a page costs 0.3 s of CPU, not 0.5.
ONE_PROCESS = ("--renderer-process-limit=1", "--disable-site-isolation-trials", "--process-per-site")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, one for all tests, without windows if it can be.

    Its first profile is lent to each test that asks for no other; an empty page keeps its process alive.
    """
    if reason := install.without_chromium():
        pytest.skip(reason)
    async with launched(install.shell(), *ONE_PROCESS) as browser:
        usual = await browser.new_context(**USUAL)
        await usual.new_page()
        yield browser


@pytest.fixture(scope="session")
async def windowed(browser) -> AsyncIterator[Browser]:
    """One that asks for leave and goes to other sites."""
    async with launched(install.chromium()) as with_windows:
        yield with_windows


class Watched:
    """Watch a page of one origin, keeping its requests, logs and complaints."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.asked: list[str] = []
        self.sizes: dict[str, int] = {}
        self.complaints: list[str] = []
        self.outage = False  # while a server is meant to be away, the browser may complain about that
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("response", self._weigh)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _weigh(self, response) -> None:
        self.sizes[response.url] = int(response.headers.get("content-length", 0))

    def _hear(self, message) -> None:
        away = self.outage and any(sign in message.text for sign in ("net::ERR_", "status of 503"))
        if message.type in {"error", "warning"} and not away:
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        await self.page.goto(self.origin + path)

    def find(self, selector: str, **options) -> Locator:
        return self.page.locator(selector, **options)

    async def sees(self, selector: str, text: str = "") -> Locator:
        """Wait until an element with this text is to be seen."""
        found = self.page.locator(selector, has_text=text).first
        await found.wait_for()
        return found

    async def holds(self, expression: str):
        """Wait until a script's value is true.

        The page forbids the way in which Playwright waits.
        """
        return await until(lambda: self.page.evaluate(expression), PATIENCE)

    def check(self) -> None:
        """Nothing complained, and nobody else was asked for anything."""
        assert not self.complaints
        assert not [url for url in self.asked if not url.startswith((self.origin, "data:"))]


@contextlib.asynccontextmanager
async def watching(browser: Browser, origin: str, **options) -> AsyncIterator[Watched]:
    """Yield a page in a fresh profile, and check it afterwards."""
    async with profile(browser, origin, options) as context:
        watched = Watched(await context.new_page(), origin)
        yield watched
        watched.check()


@contextlib.asynccontextmanager
async def profile(browser: Browser, origin: str, options: dict) -> AsyncIterator[BrowserContext]:
    """Yield the usual profile, emptied afterwards, or one of its own.

    A second reader beside the first has his own, and so has whoever asks for options.
    """
    is_usual = not options and browser.contexts and len(browser.contexts[0].pages) == 1
    context = browser.contexts[0] if is_usual else await browser.new_context(**{**USUAL, **options})
    try:
        yield context
    finally:
        await (empty(context, origin) if is_usual else context.close())


async def empty(context: BrowserContext, origin: str) -> None:
    """Close pages but the first, and forget what a site kept."""
    first, *others = context.pages
    for page in others:
        await page.close()
    devtools = await context.new_cdp_session(first)
    await devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    await devtools.detach()
    await context.clear_cookies()


@pytest.fixture
async def played(database_url: str) -> AsyncIterator[str]:
    """Yield the URL of a server with played research, without pauses.

    It has two workers.
    """
    async with serving(PlayedHouse(FAST, database_url), workers=2) as url:
        yield url


@pytest.fixture
async def http(played) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server."""
    async with httpx.AsyncClient(base_url=played, timeout=90, trust_env=False) as client:
        yield client


@pytest.fixture(scope="package")
async def standing(postgres_url: str, template: str) -> AsyncIterator[str]:
    """Yield the URL of a shared server with its own database.

    Only tests that change nothing may use it.
    """
    name = f"dossier_{uuid4().hex[:12]}"
    await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    async with serving(PlayedHouse(FAST, with_database(postgres_url, name)), workers=4) as url:
        yield url
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="package")
async def asking(standing) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server."""
    async with httpx.AsyncClient(base_url=standing, timeout=90, trust_env=False) as client:
        yield client


@pytest.fixture
async def watched(browser, played) -> AsyncIterator[Watched]:
    """A page of that server."""
    async with watching(browser, played) as watched:
        yield watched


async def ask(http: httpx.AsyncClient, query: str, status: str = "completed", **fields) -> str:
    """The id of a job that has come to this status."""
    created = (await http.post("/jobs", json={"query": query, **fields})).json()

    async def there():
        return (await http.get(created["url"])).json()["status"] == status

    await until(there, PATIENCE)
    return created["job_id"]


class Program:
    """Run a server in a process whose port stays.

    So it can be killed and started again.
    """

    def __init__(self, database_url: str, pause: float) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "tests.page.server", str(self.port), str(pause)]
        self._environment = os.environ | {"DATABASE_URL": database_url}
        self._running: subprocess.Popen | None = None

    async def start(self) -> None:
        self._running = subprocess.Popen(self._command, env=self._environment)  # noqa: ASYNC220
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:

            async def answers():
                with contextlib.suppress(httpx.TransportError):
                    return (await http.get("/health/live")).is_success

            await until(answers, PATIENCE)

    async def kill(self) -> None:
        """As kill -9 does it."""
        self._running.kill()
        await asyncio.to_thread(self._running.wait)


@pytest.fixture
async def program(database_url: str) -> AsyncIterator[Program]:
    """A running server whose research takes its time."""
    program = Program(database_url, 0.25)
    await program.start()
    yield program
    await program.kill()
