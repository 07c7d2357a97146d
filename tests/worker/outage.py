"""Fail on order as a provider, and read what the log says."""

import asyncio
import contextlib
import json

from app.domain import events as e
from tests.listener import listen_for

FAULTS = ("http_500", "refused", "silent")
PAGES = {
    f"https://example.com/{n}": f"Water boils at {90 + n} degrees Celsius in place {n}." for n in range(5)
}
MOST = 60  # events that one outage may cost a job


class Provider:
    """Search on a real socket, or fail in one of FAULTS."""

    def __init__(self):
        self.fault = None
        self.port = 0
        self.asked = []
        self.strike = None  # the path, and the fault that begins with the first request for it

    async def open(self):
        self._listener = listen_for(self._serve, self.port)
        self.port = self._listener.port

    async def fail(self, fault):
        self.fault = fault
        if fault == "refused":
            await self.close()

    async def heal(self):
        if self.fault == "refused":
            await self.open()
        self.fault = None

    async def close(self):
        self._listener.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r")[0] or 0)
            body = json.loads(await reader.readexactly(length))
            self.asked.append(body)
            if self.strike and self.strike[0] in head.partition("\r\n")[0]:
                self.strike = await self.fail(self.strike[1])
            if self.fault == "silent":
                await asyncio.sleep(30)
            if self.fault == "refused":
                raise ConnectionError
            status, reply = (500, {"detail": {"error": "boom"}}) if self.fault else (200, answer(body))
            text = json.dumps(reply).encode()
            headers = "content-type: application/json\r\nconnection: close"
            head = f"HTTP/1.1 {status} X\r\n{headers}\r\ncontent-length: {len(text)}\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
        writer.close()


def answer(body):
    if "urls" in body:
        urls = [body["urls"]] if isinstance(body["urls"], str) else body["urls"]
        return {"results": [{"url": url, "raw_content": PAGES[url]} for url in urls], "failed_results": []}
    hits = [{"url": url, "title": url, "content": text, "score": 0.5} for url, text in PAGES.items()]
    return {"query": body["query"], "results": hits, "usage": {"credits": 1}}


def repeat_of(event):
    return event.repeat if isinstance(event, e.CallRequested) else 0


def assert_each_announced_call_is_made(happened):
    """Assert that each announced call had an outcome before the next."""
    open_calls = set()
    for event in happened:
        if isinstance(event, e.CallRequested):
            assert event.key not in open_calls, f"{event.key} was announced twice and made once"
            open_calls.add(event.key)
        elif isinstance(event, e.CallCompleted | e.CallFailed):
            open_calls.remove(event.key)
    assert not open_calls
