"""Describe a month of the log outside the database, and check it."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.history.job_evidence import History
from app.domain.row import Row
from app.domain.tampering import Finding, Witnesses, examine

FORMAT = "dossier-archive-1"


class Archived(Row, frozen=True):
    """An event as it is archived.

    It has all columns of the table; `data` is the text that was hashed.
    """

    position: int
    xid: int


class ArchiveHead(Struct, frozen=True):
    """The last event of a job."""

    seq: int
    hash: bytes


class Manifest(Struct, frozen=True, kw_only=True):
    """What a file of events must be."""

    format: str = FORMAT
    month: str
    starts: UUID
    ends: UUID
    jobs: int
    events: int
    first_job: UUID | None
    last_job: UUID | None
    file: str
    sha256: str  # of the file, as it is compressed
    heads: dict[str, ArchiveHead]  # by the job's id


encode = msgspec.json.Encoder(order="deterministic").encode
decode = msgspec.json.Decoder(Archived).decode
manifest_of = msgspec.json.Decoder(Manifest).decode


NO_WITNESSES: Witnesses = {}


def judge(
    rows: Iterable[Archived], manifest: Manifest, witnesses: Witnesses = NO_WITNESSES
) -> Iterator[Finding]:
    """Return what was done to the events of an archive, by job.

    The events of one job are in memory at a time. `witnesses` are what checkpoints say of the jobs.
    """
    missing, events = dict(manifest.heads), 0
    for job_id, group in groupby(rows, key=lambda row: row.job_id):
        found = tuple(group)
        events += len(found)
        head = missing.pop(str(job_id), None)
        if head is None:
            yield Finding("inserted", job_id, 1, f"Job {job_id}: the manifest does not know it.")
        elif faults := examine(History(job_id, found), witnesses.get(job_id, ())):
            yield from faults
        elif head != ArchiveHead(found[-1].seq, found[-1].hash):
            sentence = f"Job {job_id}: it ends with another event than the manifest knows, {head.seq}."
            yield Finding("cut_off", job_id, min(head.seq, found[-1].seq), sentence)
    for name in missing:
        yield Finding("removed", UUID(name), 1, f"Job {name}: all its events were removed.")
    if events != manifest.events:
        sentence = f"There are {events:,} events, and the manifest knows {manifest.events:,}."
        yield Finding("removed", None, 0, sentence)
