"""Describe each event type: what it teaches, names, needs and ends.

A new event type is a class in `events` and a row here; a test fails while the row is missing.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from app.domain import events as e


class BlobField(Struct, frozen=True):
    """A field of an event that names a blob by its sha256."""

    name: str
    only_of: tuple[e.CallKind, ...] = ()  # kept only for calls of these kinds; (): for all
    is_parts: bool = False  # the blob lists further blobs: the parts of a prompt


class EventKind(Struct, frozen=True, kw_only=True):
    """What the code knows of an event type beyond its fields."""

    event: type[e.Fact]
    needs_lease: bool = True  # only the worker that holds the job may write it
    is_lesson: bool = False  # follows from a reply, in the append of the turn's last outcome
    is_copied: bool = False  # a fork takes it over as it is
    is_trace: bool = False  # says where a claim of the report comes from
    ends: Literal["attempt", "job"] | None = None
    blobs: tuple[BlobField, ...] = ()

    @property
    def name(self) -> str:
        """The type as the log names it."""
        return self.event.type


_REPLY = (BlobField("reply_sha256"),)
# A query and an address are in the event itself, so only what models are asked is kept.
_ASKED = (
    BlobField("input_sha256", only_of=("model", "judge", "embed")),
    BlobField("prompt_sha256", is_parts=True),
)

_ROWS = (
    EventKind(event=e.JobSubmitted, needs_lease=False),
    EventKind(event=e.JobForked),
    EventKind(event=e.AttemptStarted),
    EventKind(event=e.CallRequested, is_trace=True, blobs=_ASKED),
    EventKind(event=e.CallProgressed),
    EventKind(event=e.CallCompleted, blobs=_REPLY),
    EventKind(event=e.CallFailed, blobs=(*_REPLY, BlobField("said_sha256"))),
    EventKind(event=e.StepReasoned, is_lesson=True, is_copied=True, is_trace=True),
    EventKind(event=e.PlanDrafted, is_lesson=True, is_copied=True),
    EventKind(event=e.PlanAdapted, is_lesson=True, is_copied=True),
    EventKind(event=e.SourceFound, is_lesson=True, is_copied=True, is_trace=True),
    EventKind(event=e.PageRead, is_lesson=True, is_copied=True, is_trace=True, blobs=(BlobField("sha256"),)),
    EventKind(
        event=e.PageSetAside, is_lesson=True, is_copied=True, is_trace=True, blobs=(BlobField("sha256"),)
    ),
    EventKind(event=e.InputRequested, is_lesson=True, ends="attempt"),
    EventKind(event=e.PlanReviewed, needs_lease=False, is_copied=True),
    EventKind(event=e.InputProvided, needs_lease=False),
    EventKind(event=e.BudgetReached),
    EventKind(event=e.ReportDrafted, is_lesson=True),
    EventKind(event=e.ClaimsJudged, is_lesson=True),
    EventKind(event=e.PassagesMatched, is_lesson=True),
    EventKind(event=e.ReportWritten, is_lesson=True, is_trace=True),
    EventKind(event=e.JobCompleted, ends="job"),
    EventKind(event=e.AttemptFailed, ends="attempt"),
    EventKind(event=e.AttemptReleased, ends="attempt"),
    EventKind(event=e.LeaseExpired, needs_lease=False, ends="attempt"),
    EventKind(event=e.JobFailed, needs_lease=False, ends="job"),
    EventKind(event=e.CancelRequested, needs_lease=False),
    EventKind(event=e.FinishRequested, needs_lease=False),
    EventKind(event=e.JobCancelled, needs_lease=False, ends="job"),
    EventKind(event=e.ThreadOpened, is_lesson=True),
    EventKind(event=e.ThreadStepped, is_lesson=True),
    EventKind(event=e.ThreadSearched, is_lesson=True),
    EventKind(event=e.EvidenceKept, is_lesson=True),
    EventKind(event=e.ThreadClosed, is_lesson=True),
    EventKind(event=e.OutlineDrafted, is_lesson=True),
    EventKind(event=e.SectionWritten, is_lesson=True),
    EventKind(event=e.SectionsCriticised, is_lesson=True),
)
EVENT_KINDS = {kind.name: kind for kind in _ROWS}


def _names(wanted: Callable[[EventKind], bool]) -> frozenset[str]:
    return frozenset(kind.name for kind in _ROWS if wanted(kind))


LESSONS = tuple(kind.event for kind in _ROWS if kind.is_lesson)
COPIED = tuple(kind.event for kind in _ROWS if kind.is_copied)
TRACES = tuple(kind.name for kind in _ROWS if kind.is_trace)

NEEDING_LEASE = _names(lambda kind: kind.needs_lease)
ENDING_ATTEMPT = _names(lambda kind: kind.ends == "attempt")
TERMINAL = _names(lambda kind: kind.ends == "job")
NAMING_BLOBS = _names(lambda kind: bool(kind.blobs))

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def blobs_named(type_: str, data: str) -> Iterator[tuple[str, BlobField]]:
    """Yield each blob that a stored event names, with its field."""
    kind = EVENT_KINDS.get(type_)
    if kind is None or not kind.blobs:
        return
    values = _decode(data)
    for field in kind.blobs:
        name = values.get(field.name)
        if name and (not field.only_of or values.get("kind") in field.only_of):
            yield name, field
