"""The log of upkeep, which chains what owners forgot and archived.

A job's own log ends with its terminal event, for ever. So what is done to a job after that is recorded here.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import ClassVar
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.chain import GENESIS, stamp
from app.domain.tampering import Witness


class UpkeepEvent(Struct, frozen=True):
    """Base of all events of upkeep.

    `type` is kept in a column of its own.
    """

    type: ClassVar[str]


class PageForgotten(UpkeepEvent, frozen=True):
    """A tombstone for deleted bodies.

    `jobs` are those whose events name them.
    """

    type = "page_forgotten"
    sha256: tuple[str, ...]
    jobs: tuple[UUID, ...]
    reason: str = ""


class JobForgotten(UpkeepEvent, frozen=True):
    """A tombstone for bodies that only this job named.

    Its events stay.
    """

    type = "job_forgotten"
    job_id: UUID
    sha256: tuple[str, ...]
    shared: int = 0  # bodies that other jobs name too, and that were kept
    reason: str = ""


class MonthArchived(UpkeepEvent, frozen=True):
    """A month's events were written to a file and detached."""

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


class RetentionSet(UpkeepEvent, frozen=True):
    """A rule of how long bodies of jobs are kept.

    Empty texts are any tag and any tenant; 0 days end the rule.
    """

    type = "retention_set"
    days: int
    tag: str = ""
    tenant: str = ""


class AccessRetentionSet(UpkeepEvent, frozen=True):
    """How long the access log is kept, for ever by 0 days."""

    type = "access_retention_set"
    days: int


class AccessForgotten(UpkeepEvent, frozen=True):
    """A tombstone for the access log up to this entry.

    What is left of its chain goes on from this hash.
    """

    type = "access_forgotten"
    up_to: int
    hash: str
    before: datetime


class UpkeepEntry(Struct, frozen=True):
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


class _Named(Struct, frozen=True):
    sha256: tuple[str, ...] = ()


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(_Named).decode
_decode_access = msgspec.json.Decoder(AccessForgotten).decode
_decode_month = msgspec.json.Decoder(MonthArchived).decode


def entry(last: UpkeepEntry | None, deed: UpkeepEvent, actor: str, at: datetime) -> UpkeepEntry:
    """The entry that says so, after the last one."""
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    blank = UpkeepEntry(number, deed.type, _encode(deed).decode(), actor, at, previous, b"")
    return msgspec.structs.replace(blank, hash=_hash(blank))


class UpkeepFault(Struct, frozen=True):
    """The first invalid entry of the log of upkeep."""

    number: int
    sentence: str


def fault(entries: Sequence[UpkeepEntry], witnesses: Iterable[Witness] = ()) -> UpkeepFault | None:
    """Return the first fault of the log of upkeep, or None.

    `witnesses` are what checkpoints say of it.
    """
    return _in_chain(entries) or _against(entries, sorted(witnesses, key=lambda witness: witness.seq))


def _in_chain(entries: Sequence[UpkeepEntry]) -> UpkeepFault | None:
    previous = GENESIS
    for number, found in enumerate(entries, 1):
        if found.number != number:
            return UpkeepFault(number, f"Entry {number} of the log of upkeep is missing.")
        if found.prev_hash != previous or _hash(found) != found.hash:
            return UpkeepFault(number, f"Entry {number} of the log of upkeep is not as it was written.")
        previous = found.hash
    return None


def _against(entries: Sequence[UpkeepEntry], witnesses: Sequence[Witness]) -> UpkeepFault | None:
    last, agreed = len(entries), 0
    for witness in witnesses:
        knows = f"checkpoint {witness.number} knows"
        if witness.seq > last:
            after = f"The log of upkeep was cut off after entry {last}: {knows} entry {witness.seq}."
            return UpkeepFault(last + 1, after)
        if entries[witness.seq - 1].hash != witness.hash:
            first = agreed + 1
            which = f"Entry {first}" if first == witness.seq else f"Of entries {first} to {witness.seq} one"
            rewritten = f"{which} of the log of upkeep was rewritten with new hashes: {knows} other ones."
            return UpkeepFault(first, rewritten)
        agreed = witness.seq
    return None


def forgotten(entries: Iterable[UpkeepEntry]) -> set[str]:
    """The sha256 of every body that the tombstones name."""
    return {name for found in entries for name in _tombstone(found)}


def believed(entries: Iterable[UpkeepEntry]) -> list[UpkeepEntry]:
    """Return the entries before the first fault of the chain."""
    known = list(entries)
    first = fault(known)
    return known[: first.number - 1 if first else None]


def access_forgotten(entries: Iterable[UpkeepEntry]) -> AccessForgotten | None:
    """Return the newest tombstone of the access log."""
    told: AccessForgotten | None = None
    for found in believed(entries):
        if found.type == AccessForgotten.type:
            with contextlib.suppress(ValueError):  # what cannot be read forgets nothing
                told = _decode_access(found.data)
    return told


class ArchivedEntry(Struct, frozen=True):
    """An entry that says that a month was archived."""

    number: int
    deed: MonthArchived

    def has(self, job_id: UUID) -> bool:
        """Return True for a job whose id is of this month."""
        return self.deed.starts <= job_id < self.deed.ends


def archived(entries: Iterable[UpkeepEntry]) -> list[ArchivedEntry]:
    """Return the months that chained entries call archived.

    What follows the first fault of the chain is not believed.
    """
    return [
        ArchivedEntry(found.number, deed)
        for found in believed(entries)
        if found.type == MonthArchived.type and (deed := _archived_month(found)) is not None
    ]


def _archived_month(found: UpkeepEntry) -> MonthArchived | None:
    try:
        return _decode_month(found.data)
    except msgspec.DecodeError:  # it hides no job, so its jobs are judged as all others are
        return None


def _tombstone(found: UpkeepEntry) -> Iterator[str]:
    """Return the bodies that an entry deleted, none if it is damaged.

    `fault` reports the damage.
    """
    with contextlib.suppress(msgspec.DecodeError):  # an entry that cannot be read is found by `verify`
        yield from _decode(found.data).sha256


def _hash(found: UpkeepEntry) -> bytes:
    return sha256(found.prev_hash + found.line()).digest()
