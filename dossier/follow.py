"""Following one job across disconnects, each event once and in order."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
from msgspec import Struct

from dossier.event_types import JobEvent, job_event
from dossier.patience import Patience
from dossier.problems import ApiError, StreamBroken, api_error
from dossier.sse_parser import Parser, SseFrame

# The server sends a heartbeat every 15 s; after three of them are missing the connection is dead.
STREAM_TIMEOUT = httpx.Timeout(connect=5.0, read=45.0, write=10.0, pool=5.0)
BUSY = frozenset({429, 500, 502, 503, 504})  # a server or a proxy that may recover in a moment


class Place(Struct):
    """How far the reader has come."""

    cursor: int  # seq of the last event it has
    over: bool = False
    told_to_leave: bool = False  # the server wants this reader to come back later


async def follow(
    http: httpx.AsyncClient, path: str, after: int, patience: Patience
) -> AsyncGenerator[JobEvent, None]:
    """Yield every event after `after`, each once.

    If the cursor is beyond the log (the database was restored from an older copy), the server resets
    it, and the events come again from the first one: `seq` 1 after a higher one.

    Raises NoContact once patience is over, ApiError if the server refuses, StreamBroken if an event
    is missing or repeated.
    """
    place = Place(after)
    while not place.over:
        why, at_least = "the connection was closed", None
        try:
            async with aclosing(_read(http, path, place, patience)) as events:
                async for event in events:
                    yield event
        except httpx.RequestError as error:
            why = str(error) or type(error).__name__
        except ApiError as error:
            if error.status not in BUSY:
                raise
            why, at_least = str(error), error.retry_after
        if place.told_to_leave:
            await patience.wait_as_told()
        elif not place.over:
            await patience.wait(why, at_least)


async def _read(
    http: httpx.AsyncClient, path: str, place: Place, patience: Patience
) -> AsyncGenerator[JobEvent, None]:
    """Yield the events of one connection and move the place."""
    place.told_to_leave = False
    async with http.stream("GET", path, headers=_headers(place), timeout=STREAM_TIMEOUT) as response:
        if response.status_code == httpx.codes.NO_CONTENT:
            place.over = True
            return
        await _check(response)
        parser = Parser()
        async for chunk in response.aiter_bytes():
            frames = _frames(parser, chunk)
            patience.heard(parser.retry_ms)
            for frame in frames:
                if event := _take(frame, place):
                    yield event
                if place.over or place.told_to_leave:
                    return


def _headers(place: Place) -> dict[str, str]:
    cursor = {"Last-Event-ID": str(place.cursor)} if place.cursor else {}
    return {"Accept": "text/event-stream", **cursor}


async def _check(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        await response.aread()
        raise api_error(response)
    kind = response.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        raise StreamBroken(f"{response.url} returned {kind or 'an untyped body'} instead of an event stream.")


def _frames(parser: Parser, chunk: bytes) -> list[SseFrame]:
    try:
        return parser.feed(chunk)
    except ValueError as error:
        raise StreamBroken(str(error)) from error


def _take(frame: SseFrame, place: Place) -> JobEvent | None:
    """Act on a frame.

    Only events carry an id, and unknown control frames are skipped.
    """
    match frame:
        case SseFrame(id=str()):
            return _move(job_event(frame.data), place)
        case SseFrame(event="reset"):
            place.cursor = 0
        case SseFrame(event="reconnect"):
            place.told_to_leave = True
        case SseFrame(event="end"):
            place.over = True
    return None


def _move(event: JobEvent, place: Place) -> JobEvent:
    if event.seq != place.cursor + 1:
        raise StreamBroken(f"Event {event.seq} came after event {place.cursor}: the stream is not the log.")
    place.cursor = event.seq
    place.over = event.is_last
    return event
