"""Read server-sent events in the tests: raw bytes in, frames out."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx


class Seen(NamedTuple):
    id: str | None
    event: str
    data: str


async def frames(response: httpx.Response) -> AsyncIterator[Seen]:
    """Yield frames as they arrive, without comments."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            continue
        if not line and fields:
            yield Seen(fields.get("id"), fields.get("event", "message"), fields.get("data", ""))
            fields = {}
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value


async def read(http: httpx.AsyncClient, job_id, last=None, stop_after=None, path="stream", after=None):
    """Read the numbered frames of one connection.

    The connection is dropped after `stop_after` of them.
    """
    headers = {"Last-Event-ID": str(last)} if last is not None else {}
    if path == "events":
        headers["Accept"] = "text/event-stream"
    url = f"/jobs/{job_id}/{path}" + (f"?after={after}" if after is not None else "")
    seen = []
    async with http.stream("GET", url, headers=headers, timeout=90) as response:
        if response.status_code != 200:
            return response.status_code
        async for frame in frames(response):
            if frame.id is not None:
                seen.append(frame)
            if stop_after and len(seen) >= stop_after:
                break
    return seen
