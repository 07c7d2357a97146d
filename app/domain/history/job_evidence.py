"""The evidence about one job: stored rows, and answers given to others."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from app.domain.job import Job
from app.domain.row import Row


class Projection(Struct, frozen=True):
    """The row of `jobs`, by column, and its source in the job."""

    row: Mapping[str, object] | None  # None: there is no row
    expected: Callable[[Job], Mapping[str, object]]


class StoredLease(Struct, frozen=True):
    """A row of `leases`."""

    epoch: int
    worker: str


class CancelAnswer(Struct, frozen=True):
    """The status of a DELETE's answer, which is a promise.

    200: cancelled; 202: it will be; 409: it was over.
    """

    code: int
    cancelled_at: datetime | None = None


class ReaderRecord(Struct, frozen=True):
    """What one reader received over all its connections, in order of arrival."""

    lines: tuple[tuple[int, bytes], ...]  # seq and line
    after: int = 0  # the cursor it began with
    ended: bool = False  # it was told that nothing follows


class History(Struct, frozen=True):
    """The evidence about one job. What is left empty is not judged."""

    job_id: UUID
    rows: tuple[Row, ...] = ()  # of the log, by seq
    projection: Projection | None = None
    leases: tuple[StoredLease, ...] = ()
    acknowledged: tuple[datetime, ...] = ()  # `created_at` of each 201 that a client saw
    cancels: tuple[CancelAnswer, ...] = ()
    readers: tuple[ReaderRecord, ...] = ()
    at_rest: bool = False  # workers had all the time they need: every job must be over


class Violation(Struct, frozen=True):
    """A rule that does not hold."""

    rule: str
    job_id: UUID
    seq: int  # of the first event that breaks it; 0: none in particular
    message: str  # a sentence that names both
