"""Archive months of the log as files, checkable without a database.

For each month `events_2026_01.ndjson.zst`, a line of JSON an event, and `events_2026_01.json`, the manifest.
"""

import hashlib
import io
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import zstandard
from msgspec import Struct

from app.domain.archive_manifest import (
    NO_WITNESSES,
    Archived,
    ArchiveHead,
    Manifest,
    decode,
    encode,
    judge,
    manifest_of,
)
from app.domain.tampering import Finding, Witnesses
from app.domain.upkeep import MonthArchived, entry
from app.durable_file import name_durably, sync, write_durably
from app.errors import BadDocument
from app.store import archive_months as store
from app.store import upkeep_log
from app.store.archive_months import Month
from app.store.database import Engine

LEVEL = 9  # of zstd: a log shrinks to about a tenth, at some 50 MB a second
ARCHIVE_CHUNK = 1 << 20


class ArchivedMonth(Struct, frozen=True):
    """An archived month: its manifest, and whether it was detached."""

    manifest: Manifest
    path: Path
    detached: bool


class Checked(Struct, frozen=True):
    """What was looked at in an archive, and what was found."""

    month: str
    jobs: int
    events: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where nothing was found."""
        return not self.findings


async def archive(
    engine: Engine, before: datetime, folder: Path, *, detach: bool
) -> AsyncIterator[ArchivedMonth]:
    """Write every month that ends by then, oldest first.

    Each is detached if that is wanted.

    A file is read again and judged before its month is detached. Needs the owner's role. Raises StillNeeded,
    BadSetting, BadDocument, WrongVersion, DatabaseUnavailable.
    """
    _make(folder)
    for month in await store.months(engine, before):
        await store.require_over(engine, month)
        manifest, path = await _write(engine, month, folder)
        checked = check(path)
        if not checked.ok:
            raise BadDocument(f"{path} is not as the log should be: {checked.findings[0].message}")
        if detach:
            await _detach(engine, month, manifest, path)
        yield ArchivedMonth(manifest, path, detach)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


async def _detach(engine: Engine, month: Month, manifest: Manifest, path: Path) -> None:
    deed = MonthArchived(
        month.name, month.partition, month.starts, month.ends, manifest.jobs, manifest.events,
        manifest.file, manifest.sha256, file_sha256(path),
    )  # fmt: skip
    actor = await upkeep_log.actor(engine)
    said = entry(await upkeep_log.last(engine), deed, actor, datetime.now(UTC))
    await store.detach(engine, month, said, events=manifest.events, jobs=manifest.jobs)


async def _write(engine: Engine, month: Month, folder: Path) -> tuple[Manifest, Path]:
    """Write the events, and the manifest last.

    Both are on the disk before anything is detached.
    """
    file, path = folder / f"{month.partition}.ndjson.zst", folder / f"{month.partition}.json"
    unfinished = file.with_suffix(".part")
    heads, events = dict[str, ArchiveHead](), 0
    with unfinished.open("wb") as raw:
        # The checksum lets every reader of the format see that a file is damaged.
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        with packer.stream_writer(raw, closefd=False) as packed:
            async for rows in store.events(engine, month):
                packed.write(b"".join(encode(row) + b"\n" for row in rows))
                heads |= {str(row.job_id): ArchiveHead(row.seq, row.hash) for row in rows}
                events += len(rows)
        sync(raw)
    name_durably(unfinished, file)
    manifest = Manifest(
        month=month.name, starts=month.starts, ends=month.ends, jobs=len(heads), events=events,
        first_job=UUID(min(heads)) if heads else None, last_job=UUID(max(heads)) if heads else None,
        file=file.name, sha256=file_sha256(file), heads=heads,
    )  # fmt: skip
    write_durably(path, encode(manifest) + b"\n")
    return manifest, path


def check(path: Path, witnesses: Witnesses = NO_WITNESSES) -> Checked:
    """Check an archive by its manifest or its events' file.

    Both must be in the same folder. `witnesses` are what checkpoints say of its jobs.

    Raises BadDocument where there is no such archive.
    """
    path = manifest_path(path)
    try:
        manifest = manifest_of(path.read_bytes())
        file = path.with_name(Path(manifest.file).name)
        findings = list(_file_faults(file, manifest))
    except (OSError, ValueError) as error:
        raise BadDocument(f"{path} is not an archive: {error}") from error
    try:
        findings += judge(_rows(file), manifest, witnesses)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        findings.append(Finding("broken", None, 0, f"{file.name} cannot be read to its end: {error}."))
    return Checked(manifest.month, manifest.jobs, manifest.events, tuple(findings))


def manifest_path(path: Path) -> Path:
    """Return where the manifest of an archive lies."""
    return path.with_name(path.name.removesuffix(".ndjson.zst") + ".json") if path.suffix == ".zst" else path


def _file_faults(file: Path, manifest: Manifest) -> Iterator[Finding]:
    if file_sha256(file) != manifest.sha256:
        yield Finding("changed", None, 0, f"{file.name} is not the file that the manifest knows.")


def _rows(file: Path) -> Iterator[Archived]:
    with file.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as packed:
        for line in io.BufferedReader(packed, ARCHIVE_CHUNK):
            yield decode(line)


def file_sha256(file: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
