"""GET /jobs/{id}/stream and /events: one log, as server-sent events or as JSON pages."""

import asyncio
import random
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from app.api.desk import Desk, cursor_of, job_id_of
from app.api.handover import ABORT, handed_over
from app.api.jobs import ABSENT, PROBLEMS
from app.errors import DatabaseUnavailable
from app.store import log as event_log
from app.stream import frames
from app.stream.connection import RETRY_MS, Connection, goodbye, message
from app.stream.hub import Hub
from app.stream.reader import Reader

BUSY_RETRY_MS = (15_000, 30_000)  # a full server wants to be left alone for a while

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStream:
    """The response of one reader: replay from its cursor, then follow, until the terminal event."""

    def __init__(self, hub: Hub, job_id: UUID, cursor: int, head: int) -> None:
        self._hub = hub
        self._job_id = job_id
        self._cursor = cursor
        self._head = head

    @handed_over
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start, let the hub write, and wait for the end: of the job, the connection, or the server."""
        await send(_start(200, HEADERS))
        connection = Connection(send, _abort(scope))  # type: ignore[arg-type]  # servers send by coroutines
        first = frames.hello(str(self._job_id), self._head, random.randint(*RETRY_MS))
        if self._cursor > self._head:
            first += frames.reset(self._head)
            self._cursor = 0
        reader = Reader(self._hub.topic(self._job_id, self._head), self._cursor, connection)
        self._hub.add(reader, message(first, more=True))
        try:
            while (await receive())["type"] != "http.disconnect":  # also comes once all is sent
                pass
        finally:
            await reader.close()
            self._hub.remove(reader)


def _abort(scope: Scope) -> Callable[[], Any]:
    """What cuts the socket; on a server that does not offer it, the end of this task."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    if ABORT in extensions:
        abort: Callable[[], None] = extensions[ABORT]["abort"]
        return abort
    task = asyncio.current_task()
    assert task
    return task.cancel


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> HTTPResponseStartEvent:
    return {"type": "http.response.start", "status": status, "headers": headers}


class NothingLeft:
    """204: over, and everything was received. The documented way to tell an EventSource to stop."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the status and nothing else."""
        await send(_start(204, [(b"cache-control", b"no-store")]))
        await send(message(b"", more=False))


class Later:
    """200, `retry:` and close: a browser's EventSource dies for good on any other status."""

    def __init__(self, reason: str, retry_ms: tuple[int, int] = RETRY_MS) -> None:
        self._reason = reason
        self._retry_ms = retry_ms

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send one reconnect frame."""
        await send(_start(200, HEADERS))
        await send(goodbye(self._reason, self._retry_ms))


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
    if desk.hub.is_draining:
        return Later("draining")
    if desk.hub.is_full:
        return Later("too_many_streams", BUSY_RETRY_MS)
    return EventStream(desk.hub, job_id, cursor, head.seq)
