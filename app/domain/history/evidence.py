"""What can be known about one job: what is stored, and what those who dealt with it were told."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from app.domain.events import Recorded
from app.domain.job import Job


class Stored(Protocol):
    """A row of the log, as it is stored."""

    @property
    def seq(self) -> int:
        """Its place in the log of its job."""

    @property
    def type(self) -> str:
        """The tag of the event."""

    @property
    def schema_version(self) -> int:
        """The version of the type."""

    @property
    def status(self) -> str:
        """Of the job, after this event."""

    @property
    def progress(self) -> int:
        """Of the job, after this event."""

    @property
    def data(self) -> str:
        """The event as JSON, as it was written."""

    @property
    def actor(self) -> str:
        """Who wrote it."""

    @property
    def epoch(self) -> int | None:
        """Of the lease it was written under; None: not by a worker."""

    @property
    def occurred_at(self) -> datetime:
        """When it was written."""

    @property
    def prev_hash(self) -> bytes:
        """The hash of the event before."""

    @property
    def hash(self) -> bytes:
        """The hash of this event."""

    def line(self) -> bytes:
        """The bytes that were hashed, put together from the columns."""

    def recorded(self) -> Recorded:
        """The event in today's shape; raises whatever a damaged row makes it raise."""


class Projection(Struct, frozen=True):
    """The row of `jobs`, column by column, and how a row follows from a job."""

    row: Mapping[str, object] | None  # None: there is no row
    expected: Callable[[Job], Mapping[str, object]]


class Lease(Struct, frozen=True):
    """A row of `leases`."""

    epoch: int
    worker: str


class CancelAnswer(Struct, frozen=True):
    """What a DELETE was answered: 200 cancelled, 202 it will be, 409 it was over. Nothing else promises."""

    code: int
    cancelled_at: datetime | None = None


class Reader(Struct, frozen=True):
    """What one reader received over all its connections, in order of arrival."""

    lines: tuple[tuple[int, bytes], ...]  # seq and line
    after: int = 0  # the cursor it began with
    ended: bool = False  # it was told that nothing follows


class History(Struct, frozen=True):
    """The evidence about one job. What is left empty is not judged."""

    job_id: UUID
    rows: tuple[Stored, ...] = ()  # of the log, by seq
    projection: Projection | None = None
    leases: tuple[Lease, ...] = ()
    acknowledged: tuple[datetime, ...] = ()  # `created_at` of each 201 that a client saw
    cancels: tuple[CancelAnswer, ...] = ()
    readers: tuple[Reader, ...] = ()
    at_rest: bool = False  # workers had all the time they need: every job must be over


class Violation(Struct, frozen=True):
    """A rule that does not hold."""

    rule: str
    job_id: UUID
    seq: int  # of the first event that breaks it; 0: none in particular
    message: str  # a sentence that names both
