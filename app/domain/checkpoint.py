"""Make and check checkpoints, which chain and sign the newest hashes.

It binds what a chain alone cannot: that a whole log was not rewritten, and that its end was not cut
off. It is worth as much as its signature, and as the place outside the database that a copy is kept in.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.domain.chain import GENESIS, stamp
from app.domain.signature import Public, Signer, is_signed_by, key_id

UNSIGNED = "-"
# In the place of a job's id.
UPKEEP = "upkeep"
ACCESS = "access"


class JobHead(Struct, frozen=True):
    """The newest hash of a job when a checkpoint was made.

    Without a job's id it is that of the newest entry of another log.
    """

    job_id: UUID | None
    seq: int
    hash: bytes
    log: str = UPKEEP  # without a job: UPKEEP or ACCESS

    def line(self) -> str:
        """The line, ended, in a checkpoint."""
        return f"{self.job_id or self.log} {self.seq} {self.hash.hex()}\n"


class Checkpoint(Struct, frozen=True):
    """One link of the chain of checkpoints.

    `hash` is the hash of `text`, and `signature` signs it.
    """

    number: int  # 1, 2, 3 …
    made_at: datetime
    previous: bytes  # the hash of the checkpoint before, GENESIS for the first
    up_to: str  # the place in the feed that it reaches to, "xid-position"
    heads: str  # a line "job_id seq hash" for each job, in the order of the lines; other logs have a word
    key: str = UNSIGNED  # the id of the key that signed it
    hash: bytes = b""
    signature: bytes | None = None

    @property
    def text(self) -> bytes:
        """The bytes that are hashed and signed."""
        lines = (
            "dossier checkpoint 1",
            f"number {self.number}",
            f"made_at {stamp(self.made_at)}",
            f"previous {self.previous.hex()}",
            f"up_to {self.up_to}",
            f"heads {self.heads.count(chr(10))} {sha256(self.heads.encode()).hexdigest()}",
            f"key {self.key}",
        )
        return ("\n".join(lines) + "\n").encode()


class CheckpointLine(Struct, frozen=True):
    """A checkpoint as a line of its export file."""

    number: int
    made_at: datetime
    previous: str
    up_to: str
    heads: str
    key: str
    hash: str
    signature: str | None


def make(
    before: Checkpoint | None, heads: Iterable[JobHead], up_to: str, at: datetime, signer: Signer | None
) -> Checkpoint:
    """The checkpoint that follows `before`, over these heads."""
    lines = sorted(head.line() for head in heads)
    bare = Checkpoint(
        number=before.number + 1 if before else 1,
        made_at=max(at, before.made_at) if before else at,
        previous=before.hash if before else GENESIS,
        up_to=up_to,
        heads="".join(lines),
        key=signer.key if signer else UNSIGNED,
    )
    signature = signer.sign(bare.text) if signer else None
    return replace(bare, hash=sha256(bare.text).digest(), signature=signature)


def heads_of(checkpoint: Checkpoint) -> list[JobHead]:
    """The heads in a checkpoint. Raises ValueError where its lines are damaged."""
    words = [line.split(" ") for line in checkpoint.heads.splitlines()]
    return [
        JobHead(None, int(seq), bytes.fromhex(digest), name)
        if name in {UPKEEP, ACCESS}
        else JobHead(UUID(name), int(seq), bytes.fromhex(digest))
        for name, seq, digest in words
    ]


def to_line(checkpoint: Checkpoint) -> bytes:
    """Return the whole line that records the checkpoint outside the database."""
    line = CheckpointLine(
        checkpoint.number,
        checkpoint.made_at,
        checkpoint.previous.hex(),
        checkpoint.up_to,
        checkpoint.heads,
        checkpoint.key,
        checkpoint.hash.hex(),
        checkpoint.signature.hex() if checkpoint.signature else None,
    )
    return msgspec.json.encode(line) + b"\n"


def from_line(text: bytes) -> Checkpoint:
    """The checkpoint of such a line. Raises ValueError where it is none."""
    line = msgspec.json.decode(text, type=CheckpointLine)
    return Checkpoint(
        line.number,
        line.made_at,
        bytes.fromhex(line.previous),
        line.up_to,
        line.heads,
        line.key,
        bytes.fromhex(line.hash),
        bytes.fromhex(line.signature) if line.signature else None,
    )


class CheckpointFault(Struct, frozen=True):
    """The first invalid checkpoint of a chain."""

    number: int
    kind: str
    sentence: str


def fault(chain: Sequence[Checkpoint], public: Public | None = None) -> CheckpointFault | None:
    """Return the first fault in the chain of checkpoints, or None.

    With the public key, each must be signed with it.
    """
    previous = GENESIS
    for number, checkpoint in enumerate(chain, 1):
        if checkpoint.number != number:
            gone = f"checkpoint {number} is missing; checkpoint {checkpoint.number} stands in its place."
            return CheckpointFault(number, "removed", gone)
        if checkpoint.hash != sha256(checkpoint.text).digest():
            return CheckpointFault(number, "changed", f"checkpoint {number} is not what was hashed.")
        if checkpoint.previous != previous:
            unlinked = f"checkpoint {number} does not follow checkpoint {number - 1} as recorded here."
            return CheckpointFault(number, "changed", unlinked)
        if wrong := _unsigned(checkpoint, public):
            return CheckpointFault(number, "forged", wrong)
        previous = checkpoint.hash
    return None


def _unsigned(checkpoint: Checkpoint, public: Public | None) -> str | None:
    if public is None:
        return None
    number = checkpoint.number
    if checkpoint.signature is None:
        return f"checkpoint {number} is not signed."
    if checkpoint.key != key_id(public):
        return f"checkpoint {number} is signed with key {checkpoint.key}, not with {key_id(public)}."
    if not is_signed_by(public, checkpoint.text, checkpoint.signature):
        return f"the signature of checkpoint {number} is not that of key {checkpoint.key}."
    return None


def is_genuine(checkpoint: Checkpoint, public: Public) -> bool:
    """Whether this checkpoint is signed with this key."""
    return _unsigned(checkpoint, public) is None


def difference(stored: Sequence[Checkpoint], exported: Sequence[Checkpoint]) -> CheckpointFault | None:
    """Return the first exported checkpoint that the database lacks or contradicts."""
    by_number = {checkpoint.number: checkpoint for checkpoint in stored}
    for checkpoint in exported:
        here = by_number.get(checkpoint.number)
        if here is None:
            gone = f"checkpoint {checkpoint.number} was exported, and the database does not have it."
            return CheckpointFault(checkpoint.number, "removed", gone)
        if to_line(here) != to_line(checkpoint):
            other = f"checkpoint {checkpoint.number} was exported with other content than the database has."
            return CheckpointFault(checkpoint.number, "changed", other)
    return None
