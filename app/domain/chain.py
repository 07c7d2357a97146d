"""Encode events as lines of the log, and chain them by hash.

The line is what a reader of the stream receives and what the hash covers, byte for byte. It is put
together from the columns of the log's row; `data` goes in as it was stored, never encoded again.
The claim writes its event inside Postgres, so the SQL functions `event_line` and `event_hash` build the
same bytes; a test holds the two against each other.
"""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import msgspec

GENESIS = bytes(32)  # precedes the first event of every job

_encode = msgspec.json.Encoder().encode


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with six digits, the resolution of timestamptz."""
    if at.microsecond and at.tzinfo is UTC:  # the encoder writes no zeros, and is ten times as fast
        return _encode(at).decode()[1:-1]
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def line(
    job_id: UUID | str,
    seq: int,
    type_: str,
    version: int,
    status: str,
    progress: int,
    at: datetime,
    data: str,
) -> bytes:
    """Return one line of JSON: {"job_id","seq","type","status","progress","at","data"}.

    A `job_completed` line also carries where the result and the report are.
    """
    tail = _addresses(job_id, version) if type_ == "job_completed" else ""
    return (
        f'{{"job_id":"{job_id}","seq":{seq},"type":"{type_}","status":"{status}",'
        f'"progress":{progress},"at":"{stamp(at)}","data":{data}{tail}}}'
    ).encode()


def _addresses(job_id: UUID | str, version: int) -> str:
    """Return what a `job_completed` of this version adds to its line."""
    if version == 1:
        return f',"result_url":"/jobs/{job_id}/report"'
    return f',"result_url":"/jobs/{job_id}","report_url":"/jobs/{job_id}/report"'


def link(previous: bytes, version: int, actor: str, epoch: int | None, text: bytes) -> bytes:
    """Hash an event over the previous hash, its provenance and its line.

    The result is a sha256 of 32 bytes.
    """
    head = f"{version} {'-' if epoch is None else epoch} {actor}\n".encode()
    return sha256(previous + head + text).digest()
