"""The access log: entries of who asked for what, chained by hashes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from msgspec import Struct

from app.domain.chain import GENESIS, stamp
from app.domain.tampering import Witness

NOBODY = "nobody"  # whose key, if any, was refused


class Access(Struct, frozen=True):
    """A request that was answered."""

    at: datetime
    tenant: str | None  # None where no key was accepted
    actor: str
    method: str
    route: str  # the template, never the path
    job_id: UUID | None
    status: int
    dropped: int = 0  # entries that its process lost before this one


class AccessEntry(Struct, frozen=True):
    """A row of the access log, as it is stored."""

    number: int
    at: datetime
    tenant: str | None
    actor: str
    method: str
    route: str
    job_id: UUID | None
    status: int
    dropped: int
    prev_hash: bytes
    hash: bytes

    def line(self) -> bytes:
        """The bytes that are hashed after the hash of the entry before."""
        tenant = "-" if self.tenant is None else self.tenant
        return (
            f"{self.number} {stamp(self.at)} {tenant} {self.actor} {self.method} {self.route}"
            f" {self.job_id or '-'} {self.status} {self.dropped}\n"
        ).encode()


class AccessStart(Struct, frozen=True):
    """The last entry that was forgotten: the chain goes on from it."""

    number: int = 0
    hash: bytes = GENESIS


class AccessFault(Struct, frozen=True):
    """The first entry that is not as it was written."""

    number: int
    sentence: str


class AccessChecker:
    """Checks the access log, page by page, against itself and checkpoints."""

    def __init__(self, start: AccessStart, witnesses: Iterable[Witness]) -> None:
        self.entries = self.dropped = 0
        self.fault: AccessFault | None = None
        self._last = start
        self._told: dict[int, set[bytes]] = {}
        for witness in witnesses:
            self._told.setdefault(witness.seq, set()).add(witness.hash)
        self._compare()

    @property
    def number(self) -> int:
        """Return the number of the entry that was checked last."""
        return self._last.number

    def feed(self, page: Sequence[AccessEntry]) -> None:
        """Check the entries that follow, up to the first fault."""
        for entry in page:
            if self.fault:
                return
            self._check(entry)

    def end(self) -> AccessFault | None:
        """Return the first fault, or None, once all was fed."""
        last = max(self._told, default=0)
        if self.fault is None and last > self.number:
            first = self.number + 1
            self.fault = AccessFault(first, f"Entry {first} of the access log and what follows was cut off.")
        return self.fault

    def _check(self, entry: AccessEntry) -> None:
        number = self.number + 1
        if entry.number != number:
            self.fault = AccessFault(number, f"Entry {number} of the access log is missing.")
        elif entry.prev_hash != self._last.hash or _hash(entry) != entry.hash:
            self.fault = AccessFault(number, f"Entry {number} of the access log is not as it was written.")
        else:
            self.entries += 1
            self.dropped += entry.dropped
            self._last = AccessStart(number, entry.hash)
            self._compare()

    def _compare(self) -> None:
        """Compare the last entry with what checkpoints say of it."""
        if self._told.get(self.number, {self._last.hash}) != {self._last.hash}:
            said = (
                f"The access log up to entry {self.number} is not what a checkpoint says: it was rewritten."
            )
            self.fault = AccessFault(self.number, said)


def _hash(entry: AccessEntry) -> bytes:
    return sha256(entry.prev_hash + entry.line()).digest()
