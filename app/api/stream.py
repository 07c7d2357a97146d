"""GET /jobs/{id}/stream and /events: one log, as server-sent events or as JSON pages."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from app.api.desk import Desk, cursor_of, job_id_of
from app.api.jobs import ABSENT, PROBLEMS
from app.errors import DatabaseUnavailable
from app.store import log as event_log
from app.stream import frames
from app.stream.hub import Hub
from app.stream.topic import Frame

log = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds of silence; shorter than the idle timeout of common proxies
RETRY_MS = (1000, 4000)  # from which each reader gets its own, so that they do not all come back at once
CHUNK = 64 * 1024  # bytes of one write; more would only wait in the kernel

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStream:
    """The response of one reader: replay from its cursor, then follow, until the terminal event."""

    def __init__(self, hub: Hub, job_id: UUID, cursor: int, head: int, draining: asyncio.Event) -> None:
        self._hub = hub
        self._job_id = job_id
        self._cursor = cursor
        self._head = head
        self._draining = draining

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until the end, a disconnect or a drain; the last write ends at a frame boundary."""
        await send(_start(200, HEADERS))
        gone = asyncio.create_task(_until_gone(receive))
        pump = asyncio.create_task(self._pump(send))
        await asyncio.wait({gone, pump}, return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, pump):
            task.cancel()
        # A failure of the pump ends the stream, not the server: the reader comes back with its cursor.
        for outcome in await asyncio.gather(gone, pump, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.error("A stream of job %s ended early.", self._job_id, exc_info=outcome)

    async def _pump(self, send: Send) -> None:
        async for chunk in self._chunks():
            await send(_body(chunk, more=True))
        await send(_body(b""))

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield frames.hello(str(self._job_id), self._head, random.randint(*RETRY_MS))
        if self._cursor > self._head:
            yield frames.reset(self._head)
            self._cursor = 0
        async with self._hub.topic(self._job_id, self._head) as topic:
            while not self._draining.is_set():
                bell = topic.bell()
                try:
                    fresh = await self._hub.after(topic, self._cursor)
                except DatabaseUnavailable:
                    break
                if not fresh:
                    yield await _wait(bell, self._draining)
                    continue
                for chunk in self._join(fresh):
                    yield chunk
                if fresh[-1].last:
                    yield frames.END
                    return
        yield frames.reconnect("draining", random.randint(*RETRY_MS))

    def _join(self, fresh: list[Frame]) -> list[bytes]:
        """Frames as few writes, moving the cursor; a hole would be a fault of ours, and ends the stream."""
        chunks, parts, size = [], list[bytes](), 0
        for frame in fresh:
            if frame.seq != self._cursor + 1:
                raise AssertionError(f"Event {frame.seq} after {self._cursor}: a hole in the stream.")
            self._cursor = frame.seq
            parts.append(frame.body)
            size += len(frame.body)
            if size >= CHUNK:
                chunks.append(b"".join(parts))
                parts, size = [], 0
        return [*chunks, b"".join(parts)] if parts else chunks


async def _wait(bell: asyncio.Event, draining: asyncio.Event) -> bytes:
    """Wait for the next event, a drain or the heartbeat; returns what to send meanwhile."""
    waits = [asyncio.create_task(bell.wait()), asyncio.create_task(draining.wait())]
    try:
        done, _ = await asyncio.wait(waits, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
    return b"" if done else frames.HEARTBEAT


async def _until_gone(receive: Receive) -> None:
    """uvicorn's send() is silent after a disconnect, so somebody has to listen for it."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> HTTPResponseStartEvent:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _body(body: bytes, *, more: bool = False) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": body, "more_body": more}


class NothingLeft:
    """204: over, and everything was received. The documented way to tell an EventSource to stop."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the status and nothing else."""
        await send(_start(204, [(b"cache-control", b"no-store")]))
        await send(_body(b""))


class Later:
    """200, `retry:` and close: a browser's EventSource dies for good on any other status."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send one reconnect frame."""
        await send(_start(200, HEADERS))
        body = frames.reconnect(self._reason, random.randint(*RETRY_MS))
        await send(_body(body))


@get(
    "/jobs/{job_id:str}/stream",
    responses={**PROBLEMS, **ABSENT},
    media_type="text/event-stream",
    summary="Follow a job (server-sent events)",
    description=(
        "Replays from the cursor, then follows live. The cursor is the `Last-Event-ID` header, else "
        "`?after=`, else the beginning. 204 once the job is over and nothing is left."
    ),
)
async def stream_job(
    desk: NamedDependency[Desk],
    job_id: FromPath[str],
    after: FromQuery[str | None] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """The stream of a job."""
    return await _open(desk, job_id_of(job_id), _cursor(after, last_event_id))


@get(
    "/jobs/{job_id:str}/events",
    responses={**PROBLEMS, **ABSENT},
    summary="The events of a job: a JSON page, or the stream",
    description="JSON {events, next_after, head}; the stream where `Accept` asks for text/event-stream.",
)
async def job_events(
    desk: NamedDependency[Desk],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """One log in two representations; each event is the same bytes in both."""
    key, cursor = job_id_of(job_id), _cursor(after, last_event_id)
    if "text/event-stream" in request.headers.get("accept", ""):
        return await _open(desk, key, cursor)
    head = await desk.head(key)
    rows = await event_log.read(desk.writer.engine, key, cursor, limit)
    body = b'{"events":[%b],"next_after":%d,"head":%d}' % (
        b",".join(row.line() for row in rows),
        rows[-1].seq if rows else cursor,
        max(head.seq, rows[-1].seq if rows else 0),
    )
    return Response(body, media_type="application/json").to_asgi_response(app=None, request=request)


def _cursor(after: str | None, last_event_id: str | None) -> int:
    """The header wins: a browser repeats the url of its first connect, with its stale query."""
    if last_event_id:
        return cursor_of(last_event_id, "Last-Event-ID")
    return cursor_of(after, "after") if after else 0


async def _open(desk: Desk, job_id: UUID, cursor: int) -> ASGIApp:
    try:
        head = await desk.head(job_id)
    except DatabaseUnavailable:
        return Later("database_unavailable")
    if head.is_over and cursor == head.seq:
        return NothingLeft()
    return EventStream(desk.hub, job_id, cursor, head.seq, desk.draining)
