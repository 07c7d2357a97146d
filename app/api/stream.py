"""Serve GET /jobs/{id}/stream and /events, one job's log.

It comes as server-sent events or as JSON pages.
"""

import random
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.types import ASGIApp

from app.api.authentication import READS, TAKES_TOKEN
from app.api.compression import SENT_AS_IS
from app.api.context import ApiContext
from app.api.contract import EVENT_STREAM, JOB_PROBLEMS, JSON, LOG, accepted, problems_of
from app.api.direct import DIRECT
from app.api.keyring import TOKEN_EXPIRED
from app.api.path_values import job_id_of, stream_cursor_of
from app.api.sse import (
    ANY_ORIGIN,
    BUSY_RETRY_MS,
    STREAM_HEADERS,
    EventStream,
    Later,
    NothingLeft,
    turned_away,
)
from app.errors import Busy, DatabaseUnavailable
from app.store import log as event_log
from app.store import stream_tokens
from app.stream import frames
from app.stream.connection import RETRY_MS
from dossier.stream_token_types import StreamToken

NOTHING_LEFT = ResponseSpec(None, description="The job is over, and the reader has everything")


@get(
    "/jobs/{job_id:str}/stream",
    responses={**problems_of(*LOG, "malformed_cursor", "repeated_parameter"), 204: NOTHING_LEFT},
    media_type="text/event-stream",
    opt={**TAKES_TOKEN, **SENT_AS_IS, **DIRECT},
    summary="Follow a job (server-sent events)",
    description=(
        "Replays from the cursor, then follows live. The cursor is the `Last-Event-ID` header, else "
        "`?after=`, else the beginning. 204 once the job is over and nothing is left. `?token=` is one of "
        "`POST /jobs/{job_id}/stream-token`, for pages that have no key."
    ),
)
async def stream_job(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
    after: FromQuery[str | None] = None,
    token: FromQuery[str | None] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """The stream of a job."""
    stream = await _open(context, job_id_of(job_id), stream_cursor_of(after, last_event_id))
    if token is None:
        return stream
    until = context.caller.until
    if until and until <= datetime.now(UTC):
        stream = Later(TOKEN_EXPIRED, BUSY_RETRY_MS)
    if isinstance(stream, NothingLeft):
        return NothingLeft(ANY_ORIGIN)
    if isinstance(stream, EventStream | Later):
        stream.headers = [*STREAM_HEADERS, ANY_ORIGIN]
    return stream


@post(
    "/jobs/{job_id:str}/stream-token",
    opt=READS,
    responses=problems_of(*JOB_PROBLEMS, "unsupported_media_type", "busy"),
    summary="Make a token for a job's stream",
    description=(
        "For a page that has no key: `stream_url` opens the stream of this one job for 15 minutes, as long "
        "as the key that asked is valid. The token is shown only once."
    ),
)
async def make_stream_token(context: NamedDependency[ApiContext], job_id: FromPath[str]) -> StreamToken:
    """Make a token that opens the stream of one job."""
    view = await context.view(job_id_of(job_id))
    made = await stream_tokens.add_stream_token(context.writer.engine, context.caller, view.job_id)
    if made is None:
        most = stream_tokens.MAX_STREAM_TOKENS
        raise Busy(f"The job has {most:,} valid tokens. Try again when some have ended.")
    token, until = made
    url = f"{context.links.root}/jobs/{view.job_id}/stream?token={token}"
    return StreamToken(token=token, stream_url=url, expires_at=until)


@get(
    "/jobs/{job_id:str}/events",
    responses={
        **problems_of(*LOG, "malformed_cursor", "page_size_out_of_range", "repeated_parameter"),
        204: NOTHING_LEFT,
    },
    summary="Get a page of a job's events, or follow them",
    description="JSON {events, next_after, head}; the stream where `Accept` asks for text/event-stream.",
)
async def job_events(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """Return one log as JSON pages or as a stream.

    Each event is the same bytes in both.
    """
    key, cursor = job_id_of(job_id), stream_cursor_of(after, last_event_id)
    if accepted(request, JSON, EVENT_STREAM) == EVENT_STREAM:
        return await _open(context, key, cursor)
    head = await context.head(key)
    rows = await event_log.read(context.reading, context.caller, key, cursor, limit)
    body = b'{"events":[%b],"next_after":%d,"head":%d}' % (
        b",".join(row.line() for row in rows),
        rows[-1].seq if rows else cursor,
        max(head.seq, rows[-1].seq if rows else 0),
    )
    return Response(body, media_type="application/json").to_asgi_response(app=None, request=request)


async def _open(context: ApiContext, job_id: UUID, cursor: int) -> ASGIApp:
    try:
        head = await context.head(job_id)
    except DatabaseUnavailable:
        return Later("database_unavailable")
    if head.is_over and cursor == head.seq:
        return NothingLeft()
    if away := turned_away(context.hub.crowd, has_room=await context.has_stream_room()):
        return away
    first = frames.hello(random.randint(*RETRY_MS), job_id=str(job_id), head=head.seq)
    if cursor > head.seq:
        first, cursor = first + frames.reset(head.seq), 0
    topic = partial(context.hub.topic, context.caller, job_id, head.seq)
    stream = EventStream(context.hub.crowd, topic, cursor, first)
    stream.watch = partial(context.keyring.watching, context.caller)
    return stream
