"""The access log, as `GET /access` tells of it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class AccessLine(Struct, frozen=True, kw_only=True):
    """A request that was answered.

    `tenant` is null where no key was accepted.
    """

    number: int
    at: datetime
    tenant: str | None
    actor: str
    method: str
    route: str
    job_id: UUID | None
    status: int
    dropped: int = 0


class AccessPage(Struct, frozen=True):
    """A page of the access log, the newest first.

    `next_cursor` leads to older ones.
    """

    entries: list[AccessLine]
    next_cursor: str | None = None
