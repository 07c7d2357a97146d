"""A row of the log, as it is hashed, stored and sent."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from app.domain import upcast
from app.domain.chain import line
from app.domain.events import Recorded


class Row(Struct, frozen=True):
    """A row of `events`, but for what Postgres adds (position, xid)."""

    job_id: UUID
    seq: int
    type: str
    schema_version: int
    status: str  # of the job, after this event
    progress: int
    data: str  # the event as JSON, as it was written
    actor: str
    epoch: int | None  # of the lease that it was written under; None: not by a worker
    occurred_at: datetime
    prev_hash: bytes
    hash: bytes

    def line(self) -> bytes:
        """The bytes that are hashed, which are the bytes that readers get."""
        return line(
            self.job_id,
            self.seq,
            self.type,
            self.schema_version,
            self.status,
            self.progress,
            self.occurred_at,
            self.data,
        )

    def recorded(self) -> Recorded:
        """Return the event in today's shape.

        A damaged row raises any error.
        """
        event = upcast.load(self.type, self.schema_version, self.data)
        return Recorded(self.job_id, self.seq, self.occurred_at, self.actor, self.epoch, event)
