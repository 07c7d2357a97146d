"""The log of upkeep: what owners forgot and archived, each entry chained to the one before.

A job's own log ends with its terminal event, for ever. So what is done to a job after that stands here.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import ClassVar
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.chain import GENESIS, stamp


class Deed(Struct, frozen=True):
    """Base of what an owner can do: `type` is kept in a column of its own."""

    type: ClassVar[str]


class PageForgotten(Deed, frozen=True):
    """A tombstone: these bodies were deleted; `jobs` are those whose events name them."""

    type = "page_forgotten"
    sha256: tuple[str, ...]
    jobs: tuple[UUID, ...]
    reason: str = ""


class JobForgotten(Deed, frozen=True):
    """A tombstone: the bodies that only this job named were deleted; its events stay."""

    type = "job_forgotten"
    job_id: UUID
    sha256: tuple[str, ...]
    shared: int = 0  # bodies that other jobs name too, and that were kept
    reason: str = ""


class MonthArchived(Deed, frozen=True):
    """The events of a month were written to a file, and their partition was detached."""

    type = "month_archived"
    month: str  # "2026-01"
    partition: str
    starts: UUID  # the ids of its jobs are from this one on
    ends: UUID  # and below this one
    jobs: int
    events: int
    file: str
    file_sha256: str
    manifest_sha256: str


class Entry(Struct, frozen=True):
    """A row of the log of upkeep, as it is stored."""

    number: int
    type: str
    data: str
    actor: str
    occurred_at: datetime
    prev_hash: bytes
    hash: bytes

    def line(self) -> bytes:
        """The bytes that are hashed after the hash of the entry before."""
        head = f'{{"number":{self.number},"type":"{self.type}","at":"{stamp(self.occurred_at)}"'
        return f'{head},"actor":{_encode(self.actor).decode()},"data":{self.data}}}'.encode()


_encode = msgspec.json.Encoder(order="deterministic").encode


def entry(last: Entry | None, deed: Deed, actor: str, at: datetime) -> Entry:
    """The entry that says so, after the last one."""
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    blank = Entry(number, deed.type, _encode(deed).decode(), actor, at, previous, b"")
    return msgspec.structs.replace(blank, hash=_hash(blank))


def fault(entries: Sequence[Entry]) -> str | None:
    """What is wrong with this log, read from its beginning, in a sentence; None where nothing is."""
    previous = GENESIS
    for number, found in enumerate(entries, 1):
        if found.number != number:
            return f"Entry {number} of the log of upkeep is missing."
        if found.prev_hash != previous or _hash(found) != found.hash:
            return f"Entry {number} of the log of upkeep is not as it was written."
        previous = found.hash
    return None


def _hash(found: Entry) -> bytes:
    return sha256(found.prev_hash + found.line()).digest()
