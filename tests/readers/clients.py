"""Read a job to its end with real clients, as users would.

A client gets the server's origin and the job's id. What comes back includes the frames that are not
events, so that a phantom shows; the project's own clients hide those.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import httpx
from httpx_sse import EventSource
from openai._streaming import ServerSentEvent, SSEDecoder
from playwright.async_api import Browser, Page

from app.stream import frames
from dossier import AsyncDossier, Dossier, JobEvent
from tests.api.sse import Seen
from tests.readers.browser import page_of
from tests.readers.install import NODE_MODULES

SECONDS = 90.0  # for a step of a client; only a broken one needs them
HERE = Path(__file__).parent
FOLLOW = (HERE / "follow.js").read_text()

Client = Callable[[str, str], Awaitable[list[Seen]]]
Parse = Callable[[httpx.Response], AsyncGenerator]


def path(job_id: str) -> str:
    return f"/jobs/{job_id}/stream"


def chromium(browser: Browser) -> Client:
    """The browser's own EventSource, which reconnects by itself."""

    async def follow(origin: str, job_id: str) -> list[Seen]:
        async with page_of(browser, origin) as page:
            return await read_in(page, path(job_id))

    return follow


async def read_in(page: Page, address: str) -> list[Seen]:
    """Return what a page's EventSource saw until it was stopped."""
    return [Seen(*frame) for frame in await asyncio.wait_for(page.evaluate(FOLLOW, address), SECONDS)]


async def npm_eventsource(origin: str, job_id: str) -> list[Seen]:
    """npm's EventSource, which reconnects by itself."""
    script = str(HERE / "follow.cjs")
    environment = os.environ | {"NODE_PATH": str(NODE_MODULES)}
    output, code = await run("node", script, origin + path(job_id), env=environment)
    assert code == 0
    return [Seen(*frame) for frame in json.loads(output)]


async def httpx_sse(origin: str, job_id: str) -> list[Seen]:
    """Parse with httpx-sse, reconnecting by hand with the newest id."""
    return await _by_hand(origin, job_id, lambda response: EventSource(response).aiter_sse())


async def openai(origin: str, job_id: str) -> list[Seen]:
    """Read with the openai package's decoder, which parses everything as JSON."""

    async def decoded(response: httpx.Response) -> AsyncGenerator[ServerSentEvent]:
        async for frame in SSEDecoder().aiter_bytes(response.aiter_bytes()):
            frame.json()
            yield frame

    return await _by_hand(origin, job_id, decoded)


async def _by_hand(origin: str, job_id: str, parse: Parse) -> list[Seen]:
    seen, cursor, retry = [], "", 100
    async with httpx.AsyncClient(base_url=origin, timeout=90) as http:
        while not seen or seen[-1].event != "end":
            headers = {"Last-Event-ID": cursor} if cursor else {}
            with contextlib.suppress(httpx.TransportError):
                async with http.stream("GET", path(job_id), headers=headers) as response:
                    async for frame in parse(response):
                        seen.append(Seen(frame.id, frame.event, frame.data))
                        cursor, retry = frame.id or cursor, frame.retry or retry
            await asyncio.sleep(retry / 1000)
    return seen


async def curl(origin: str, job_id: str) -> list[Seen]:
    """Run curl in a loop that carries the cursor.

    Its own --retry would begin anew each time, because it does not know the cursor.
    """
    seen, cursor = [], "0"
    while not seen or seen[-1].event != "end":
        header = f"Last-Event-ID: {cursor}"
        output, _ = await run("curl", "-sN", "--max-time", "60", "--header", header, origin + path(job_id))
        seen += complete_frames(output)
        cursor = next((frame.id for frame in reversed(seen) if frame.id), "0")
        await asyncio.sleep(0.05)
    return seen


async def async_dossier(origin: str, job_id: str) -> list[Seen]:
    """The project's client."""
    async with AsyncDossier(origin) as dossier:
        return [_seen(event) async for event in dossier.stream(job_id)]


async def dossier(origin: str, job_id: str) -> list[Seen]:
    """The project's client for code without asyncio."""

    def follow() -> list[Seen]:
        with Dossier(origin) as dossier:
            return [_seen(event) for event in dossier.stream(job_id)]

    return await asyncio.to_thread(follow)


def _seen(event: JobEvent) -> Seen:
    name = frames.FRAME_NAMES.get(event.type, b"job_progress").decode()
    return Seen(str(event.seq), name, event.line.decode())


def complete_frames(output: bytes) -> list[Seen]:
    """Split off the frames that are complete, passing over heartbeats."""
    *whole, _cut_off = output.decode(errors="replace").split("\n\n")
    found = []
    for frame in whole:
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if line != ":")
        found.append(Seen(fields.get("id"), fields.get("event", "message"), fields.get("data", "")))
    return found


async def run(*command: str, env: dict[str, str] | None = None) -> tuple[bytes, int]:
    """Run a program for the test, and return its output and code."""
    program = await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE)
    try:
        output, _ = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    return output, program.returncode
