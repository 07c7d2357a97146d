"""Ingestions: files that a worker reads into documents."""

import random
from functools import partial
from typing import Annotated

from litestar import Request, Response, delete, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.types import ASGIApp

from app.api.authentication import DOCUMENTS
from app.api.context import ApiContext
from app.api.contract import EVENT_STREAM, JSON, MAX_PAGE_SIZE, PAGE_PROBLEMS, accepted, problems_of
from app.api.path_values import page_cursor_of, stream_cursor_of, uuid_of
from app.api.problem_details import BadRequest
from app.api.sse import EventStream, NothingLeft, turned_away
from app.store import documents
from app.store import ingestions as store
from app.store.wake import Hint
from app.stream import frames
from app.stream.connection import RETRY_MS
from dossier.document_types import Ingestion, IngestionEvents, IngestionPage, is_over

OF_INGESTION = ("ingestion_not_found", "database_unavailable")


@get(
    "/ingestions",
    responses=problems_of(*PAGE_PROBLEMS),
    summary="List ingestions",
    description="The newest first. Continue with `next_cursor` as `cursor`.",
)
async def list_ingestions(
    context: NamedDependency[ApiContext],
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE)] = 20,
    cursor: FromQuery[str | None] = None,
) -> IngestionPage:
    """Return a page of ingestions."""
    engine, before = context.writer.engine, page_cursor_of(cursor)
    found = await store.list_ingestions(engine, context.caller, before, limit + 1)
    page = found[:limit]
    return IngestionPage(page, str(page[-1].ingestion_id) if len(found) > limit else None)


@get("/ingestions/{ingestion_id:str}", responses=problems_of(*OF_INGESTION), summary="Get an ingestion")
async def get_ingestion(context: NamedDependency[ApiContext], ingestion_id: FromPath[str]) -> Ingestion:
    """Return how far a file is, and what became of it."""
    return await _known(context, ingestion_id)


@get(
    "/ingestions/{ingestion_id:str}/events",
    responses={
        **problems_of(*OF_INGESTION, "malformed_cursor", "page_size_out_of_range", "repeated_parameter"),
        200: ResponseSpec(IngestionEvents, description="A page of events, or the stream"),
        204: ResponseSpec(None, description="The ingestion is over, and the reader has everything"),
    },
    summary="Get a page of an ingestion's events, or follow them",
    description="JSON {events, next_after, head}; the stream where `Accept` asks for text/event-stream.",
)
async def ingestion_events(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    ingestion_id: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ASGIApp:
    """Return an ingestion's events as a JSON page or a stream."""
    cursor = stream_cursor_of(after, last_event_id)
    known = await _known(context, ingestion_id)
    if accepted(request, JSON, EVENT_STREAM) == EVENT_STREAM:
        return await _followed(context, known, cursor)
    cursors, engine = {known.ingestion_id: cursor}, context.writer.engine
    events = await store.read_ingestion_events(engine, context.caller, cursors, limit)
    last = events[-1].seq if events else cursor
    page = IngestionEvents(events, last, max(known.seq, last if events else 0))
    return Response(page, media_type=JSON).to_asgi_response(app=None, request=request)


@delete(
    "/ingestions/{ingestion_id:str}",
    status_code=200,
    opt=DOCUMENTS,
    responses=problems_of(*OF_INGESTION, "ingestion_already_over"),
    summary="Cancel an ingestion",
    description="Its worker stops within seconds. What is stored of it stays. A second cancel is 200 too.",
)
async def cancel_ingestion(context: NamedDependency[ApiContext], ingestion_id: FromPath[str]) -> Ingestion:
    """Cancel a file that waits or is read, and remove it."""
    known, engine = await _known(context, ingestion_id), context.writer.engine
    cancelled = await store.cancel_ingestion(engine, context.caller, known.ingestion_id)
    if cancelled is None:
        found = await _known(context, ingestion_id)
        if found.status != "cancelled":
            message = f"The ingestion is already over: its status is {found.status}."
            raise BadRequest("ingestion_already_over", message, "ingestion_id")
        return found
    ingestion, original_id = cancelled
    context.wake.ring(Hint(frozenset({ingestion.ingestion_id})))
    await documents.remove_original(engine, context.caller, original_id)
    return ingestion


INGESTION_ROUTES = [list_ingestions, get_ingestion, ingestion_events, cancel_ingestion]


async def _followed(context: ApiContext, known: Ingestion, cursor: int) -> ASGIApp:
    if is_over(known.status) and cursor == known.seq:
        return NothingLeft()
    if away := turned_away(context.hub.crowd, has_room=await context.has_stream_room()):
        return away
    first = frames.hello(random.randint(*RETRY_MS), ingestion_id=str(known.ingestion_id), head=known.seq)
    if cursor > known.seq:
        first, cursor = first + frames.reset(known.seq), 0
    topics = context.hub.ingestions
    stream = EventStream(
        context.hub.crowd, lambda: topics.topic(context.caller, known.ingestion_id, known.seq), cursor, first
    )
    stream.watch = partial(context.keyring.watching, context.caller)
    return stream


async def _known(context: ApiContext, text: str) -> Ingestion:
    """Return an ingestion. Raises BadRequest where it is unknown."""
    unknown = BadRequest("ingestion_not_found", "No ingestion has this id.", "ingestion_id")
    found = await store.read_ingestion(context.writer.engine, context.caller, uuid_of(text, unknown))
    if found is None:
        raise unknown
    return found
