"""Serve GET /events, the events of all jobs in one order.

They come as JSON pages or as server-sent events.
"""

import random
import re
from functools import partial
from typing import Annotated

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, HeaderParameter, QueryParameter
from litestar.types import ASGIApp

from app.api.context import ApiContext
from app.api.contract import EVENT_STREAM, JSON, PAGE_PROBLEMS, accepted, problems_of
from app.api.problem_details import BadRequest
from app.api.sse import EventStream, Later, turned_away
from app.domain.events import EVENT_TYPES
from app.errors import DatabaseUnavailable, FeedWithheld
from app.store import event_feed
from app.store.event_feed import FEED_START, Cursor, FeedSlice
from app.stream import frames
from app.stream.connection import RETRY_MS

NOW = "now"
MAX_NAMED_TYPES = 10  # unknown types that a refusal names

CURSOR = re.compile(r"([0-9]{1,20})-([0-9]{1,19})")
MAX_XID = 2**64 - 1  # an xid8
MAX_POSITION = 2**63 - 1  # a bigint


@get(
    "/events",
    responses=problems_of(*PAGE_PROBLEMS, "wrong_type", "cursor_beyond_head", "feed_withheld"),
    summary="Get a page of the events of all jobs, or follow them",
    description=(
        "JSON {events, next_after, head}, each event as {cursor, event}. `after` is a cursor, or `now` to "
        "begin with what comes next. Go on with `next_after`, also after a page without events. The stream "
        "where `Accept` asks for text/event-stream; its cursor is `Last-Event-ID`, else `after`."
    ),
)
async def all_events(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    types: FromQuery[list[str] | None] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """Return the feed as JSON pages or as a stream.

    Each event is the same bytes as in its job's own log.
    """
    wanted = _types(types)
    if accepted(request, JSON, EVENT_STREAM) == EVENT_STREAM:
        return await _open(context, after, last_event_id, wanted)
    return (await _page(context, after, limit, wanted)).to_asgi_response(app=None, request=request)


async def _open(
    context: ApiContext,
    after: str | None,
    last: str | None,
    types: list[str] | None,
) -> ASGIApp:
    """Open the stream at the header's cursor, else at the query's.

    A browser that reconnects repeats the query of its first request, so the header wins.
    """
    cursor = cursor_of(last, "Last-Event-ID") if last else None
    if cursor is None and after != NOW:
        cursor = cursor_of(after, "after")
    try:
        head = await event_feed.head(context.writer.engine)
    except DatabaseUnavailable:
        return Later("database_unavailable")
    if head.restored:
        raise _withheld()
    if away := turned_away(context.hub.crowd, has_room=await context.has_stream_room()):
        return away
    newest = head.next_after
    first = frames.hello(random.randint(*RETRY_MS), head=str(newest))
    if cursor is not None and cursor > newest:
        first, cursor = first + frames.reset(str(newest)), FEED_START
    wanted = tuple(sorted(set(types))) if types else None
    stream = EventStream(
        context.hub.crowd,
        lambda: context.hub.feed(context.caller, wanted, newest),
        newest if cursor is None else cursor,
        first,
    )
    stream.watch = partial(context.keyring.watching, context.caller)
    return stream


async def _page(
    context: ApiContext, after: str | None, limit: int, wanted: list[str] | None
) -> Response[bytes]:
    if after == NOW:
        page = await event_feed.head(context.writer.engine)
    else:
        page = await event_feed.read(
            context.writer.engine, context.caller, cursor_of(after, "after"), limit, wanted
        )
    if page.restored:
        raise _withheld()
    if page.is_beyond:
        message = "The cursor lies beyond the newest event: it belongs to another log than this one."
        raise BadRequest("cursor_beyond_head", message, "after")
    return Response(_body(page), media_type=JSON)


def cursor_of(text: str | None, field: str) -> Cursor:
    """Read a cursor of the feed, <xid>-<position>.

    Without one the feed starts at the beginning. Raises BadRequest.
    """
    match = CURSOR.fullmatch(text or "0-0")
    cursor = Cursor(int(match[1]), int(match[2])) if match else None
    if cursor is None or cursor.xid > MAX_XID or cursor.position > MAX_POSITION:
        message = "A cursor of the feed is two numbers with a hyphen, as in the cursor of an event."
        raise BadRequest("malformed_cursor", message, field)
    return cursor


def _withheld() -> FeedWithheld:
    return FeedWithheld(
        "The log was restored into a cluster whose transaction numbers lie below the log's own, so it has "
        "no order across jobs. The chapter on backup and restore says what the operator has to do."
    )


def _types(given: list[str] | None) -> list[str] | None:
    """Return the types of events to send, or None for all.

    Raises BadRequest.

    A type has no comma in its name, so a list in one value, which older clients send, is clear too.
    """
    names = [name for text in given or () if text for name in text.split(",")]
    unknown = [name for name in names if name not in EVENT_TYPES]
    if unknown:
        shown = ", ".join(repr(name[:50]) for name in unknown[:MAX_NAMED_TYPES])
        raise BadRequest("wrong_type", f"Use types of events; unknown: {shown}.", "types")
    return names or None


def _body(page: FeedSlice) -> bytes:
    """Return the page as JSON.

    An event's line goes in as it is stored.
    """
    events = b",".join(
        b'{"cursor":"%b","event":%b}' % (str(entry.cursor).encode(), entry.row.line())
        for entry in page.entries
    )
    return b'{"events":[%b],"next_after":"%b","head":"%b"}' % (
        events,
        str(page.next_after).encode(),
        str(page.head).encode(),
    )
