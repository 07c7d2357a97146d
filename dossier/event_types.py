"""Events as a reader sees them.

They come in a job's stream, in a page, or in the feed of all jobs.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from dossier.job_types import OVER, Status
from dossier.problems import StreamBroken


class JobEvent(Struct, frozen=True):
    """One event of a job's log.

    docs/events.md describes each type and its `data`.

    A newer server may send types and fields that this client has never seen: pass over what you
    do not know.
    """

    job_id: UUID
    seq: int  # 1, 2, 3 … without a gap
    type: str
    status: Status  # of the job after this event
    progress: int  # 0..100
    at: datetime
    data: dict[str, Any]
    line: bytes = b""  # its JSON, byte for byte as it is stored and hashed

    @property
    def is_last(self) -> bool:
        """True for the terminal event."""
        return self.status in OVER


class EventPage(Struct, frozen=True):
    """Some events after a cursor.

    `head` is the seq of the newest one.
    """

    events: list[JobEvent]
    next_after: int
    head: int


class FeedEvent(JobEvent, frozen=True, kw_only=True):
    """One event of the feed.

    `cursor` continues after it.
    """

    cursor: str


class FeedPage(Struct, frozen=True):
    """Some events of all jobs after a cursor.

    `next_after` equals `head` once there are no more for now.
    """

    events: list[FeedEvent]
    next_after: str
    head: str


class _Line(Struct, frozen=True):
    job_id: UUID
    seq: int
    type: str
    status: str
    progress: int
    at: datetime
    data: dict[str, Any]


class _EventPage(Struct, frozen=True):
    events: list[Raw]
    next_after: int
    head: int


class _Entry(Struct, frozen=True):
    cursor: str
    event: Raw


class _FeedPage(Struct, frozen=True):
    events: list[_Entry]
    next_after: str
    head: str


_line = msgspec.json.Decoder(_Line).decode
_page = msgspec.json.Decoder(_EventPage).decode
_feed_page = msgspec.json.Decoder(_FeedPage).decode


def job_event(line: bytes) -> JobEvent:
    """Read a line of the log.

    Raises StreamBroken if it is not an event.
    """
    return JobEvent(**_parts(line))


def event_page(body: bytes) -> EventPage:
    """Read a page of events. Raises StreamBroken if it is not one."""
    try:
        page = _page(body)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"Cannot read a page of events: {error}") from error
    return EventPage([job_event(bytes(line)) for line in page.events], page.next_after, page.head)


def feed_page(body: bytes) -> FeedPage:
    """Read a page of the feed.

    Raises StreamBroken if it is not one.
    """
    try:
        page = _feed_page(body)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"Cannot read a page of the feed: {error}") from error
    events = [FeedEvent(**_parts(bytes(entry.event)), cursor=entry.cursor) for entry in page.events]
    return FeedPage(events, page.next_after, page.head)


def _parts(line: bytes) -> dict[str, Any]:
    try:
        parts = _line(line)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"Cannot read an event: {error}") from error
    return {**{name: getattr(parts, name) for name in parts.__struct_fields__}, "line": line}
