"""What the server answers, as structs; a job itself is the JobView of the domain."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import asdict

from app.agent.provenance import ProvenClaim
from app.domain import upcast
from app.domain.events import EVENT_TYPES, Event, Unrecognised
from app.domain.job import OVER, Status
from app.domain.view import JobView
from dossier.problems import StreamBroken


class Created(Struct, frozen=True):
    """The answer to a submission."""

    job_id: UUID
    status: Status
    progress: int
    created_at: datetime
    url: str
    stream_url: str
    events_url: str
    report_url: str


class Jobs(Struct, frozen=True):
    """A page of jobs, newest first; `next_cursor` is None on the last one."""

    jobs: list[JobView]
    next_cursor: str | None


class Cancelled(Struct, frozen=True):
    """The answer to a cancel; `cancelled_at` is None while the worker is still stopping."""

    job_id: UUID
    status: Status
    cancelled_at: datetime | None
    message: str


class Claims(Struct, frozen=True):
    """The claims of a report, each with everything that it stands on; none while there is no report."""

    job_id: UUID
    seq: int
    claims: tuple[ProvenClaim, ...]


class Followed(Struct, frozen=True):
    """One event of a job's log; `line` is its JSON, byte for byte as it is stored and hashed."""

    seq: int
    type: str
    status: Status
    progress: int
    at: datetime
    event: Event
    line: bytes

    @property
    def is_last(self) -> bool:
        """True for the terminal event."""
        return self.status in OVER


class EventPage(Struct, frozen=True):
    """Some events after a cursor; `head` is the seq of the newest one."""

    events: list[Followed]
    next_after: int
    head: int


class FeedEvent(Followed, frozen=True):
    """One event of the feed: of which job it is, and the cursor to go on from after it."""

    job_id: UUID
    cursor: str


class FeedPage(Struct, frozen=True):
    """Some events of all jobs after a cursor; go on with `next_after`, also where there are none.

    Once `next_after` equals `head` there is no more for now.
    """

    events: list[FeedEvent]
    next_after: str
    head: str


class _Line(Struct, frozen=True):
    seq: int
    type: str
    status: Status
    progress: int
    at: datetime
    data: Raw


class _Page(Struct, frozen=True):
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


class _Owner(Struct, frozen=True):
    job_id: UUID


_line = msgspec.json.Decoder(_Line).decode
_page = msgspec.json.Decoder(_Page).decode
_feed_page = msgspec.json.Decoder(_FeedPage).decode
_owner = msgspec.json.Decoder(_Owner).decode


def followed(line: bytes) -> Followed:
    """The event in a line of the log. Raises StreamBroken where it is none."""
    try:
        parts = _line(line)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"An event of the stream cannot be read: {error}") from error
    event = _event(parts.type, bytes(parts.data))
    return Followed(parts.seq, parts.type, parts.status, parts.progress, parts.at, event, line)


def _event(type_: str, body: bytes) -> Event:
    """A line does not carry its schema version: what does not fit ours is a newer server's."""
    version = EVENT_TYPES[type_].schema_version if type_ in EVENT_TYPES else 0
    try:
        return upcast.load(type_, version, body)
    except msgspec.ValidationError:
        return Unrecognised(type_, version, Raw(body))


def event_page(body: bytes) -> EventPage:
    """A page of events. Raises StreamBroken where it is none."""
    try:
        page = _page(body)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"A page of events cannot be read: {error}") from error
    return EventPage([followed(bytes(line)) for line in page.events], page.next_after, page.head)


def feed_page(body: bytes) -> FeedPage:
    """A page of the feed. Raises StreamBroken where it is none."""
    try:
        page = _feed_page(body)
        events = [_feed_event(entry.cursor, bytes(entry.event)) for entry in page.events]
    except msgspec.DecodeError as error:
        raise StreamBroken(f"A page of the feed cannot be read: {error}") from error
    return FeedPage(events, page.next_after, page.head)


def _feed_event(cursor: str, line: bytes) -> FeedEvent:
    event = followed(line)
    return FeedEvent(**asdict(event), job_id=_owner(line).job_id, cursor=cursor)
