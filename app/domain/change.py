"""Number, chain and fold new events into their job. Pure."""

import re
from datetime import datetime

import msgspec
from msgspec import Struct

from app.domain.chain import line, link
from app.domain.events import Event, Recorded, Unrecognised
from app.domain.job import Job, evolve
from app.domain.row import Row
from app.domain.upcast import load

_encoder = msgspec.json.Encoder(order="deterministic")
_encode_id = msgspec.json.Encoder().encode  # five times as fast as str()
_REPLACED = "\\ufffd"
# Not the text "\\u0000", whose backslash is escaped itself.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Change(Struct, frozen=True):
    """The effect of an append: the rows after `expected`, and the job."""

    job: Job
    expected: int
    epoch: int | None
    rows: tuple[Row, ...]


def change(job: Job, events: tuple[Event, ...], at: datetime, actor: str, epoch: int | None) -> Change:
    """Work out the rows and the job after `events` happen at `at`.

    `epoch` is that of the writing worker's lease, None for the API and the rescue. Time never runs
    backwards within a job, whatever the clocks of two writers say.
    """
    at = max(at, job.updated_at or at)
    after, head, name, rows = job, job.head_hash, _encode_id(job.id).decode()[1:-1], list[Row]()
    for event in events:
        after, row = _next(after, name, head, event, at, actor, epoch)
        head = row.hash
        rows.append(row)
    return Change(msgspec.structs.replace(after, head_hash=head), job.seq, epoch, tuple(rows))


def _next(
    job: Job, name: str, head: bytes, event: Event, at: datetime, actor: str, epoch: int | None
) -> tuple[Job, Row]:
    """Advance by one event.

    `name` is the job's id as text, `head` the hash to follow.
    """
    if isinstance(event, Unrecognised):
        raise TypeError("An event of a newer version can be read, not written.")
    type_, version, data = event.type, event.schema_version, _text(event)
    if _REPLACED in data:
        event = load(type_, version, data)
    after = evolve(job, Recorded(job.id, job.seq + 1, at, actor, epoch, event))
    text = line(name, after.seq, type_, version, after.status, after.progress, at, data)
    digest = link(head, version, actor, epoch, text)
    row = Row(
        job.id, after.seq, type_, version, after.status, after.progress, data, actor, epoch, at, head, digest
    )
    return after, row


def as_stored(event: Event) -> Event:
    """The event as it would come back from the log."""
    if isinstance(event, Unrecognised):
        return event
    return load(event.type, event.schema_version, _text(event))


def _text(event: Event) -> str:
    data = _encoder.encode(event).decode()
    # Legal in JSON, but Postgres cannot turn it into text: it would spoil every query over the event.
    return _NUL.sub(rf"\1\{_REPLACED}", data) if "\\u0000" in data else data
