"""Hold the jobs of archived months against their archives."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from app.audit.archive import check, manifest_path
from app.domain.archive_manifest import Manifest, manifest_of
from app.domain.tampering import Finding, Witnesses
from app.domain.upkeep import ArchivedEntry
from app.errors import BadDocument


class ArchivedJobs(Struct, frozen=True):
    """What the archives hold, and what was done to it."""

    jobs: int
    events: int
    passed_over: tuple[UUID, ...]  # no archive of their month was given
    findings: tuple[Finding, ...]


def manifests(paths: Iterable[Path]) -> list[Path]:
    """Return the manifests of these archives and folders of archives."""
    found = list[Path]()
    for path in paths:
        found += sorted(path.glob("events_*.json")) if path.is_dir() else [manifest_path(path)]
    return found


def look_up(
    jobs: Sequence[UUID], months: Sequence[ArchivedEntry], paths: Sequence[Path], witnesses: Witnesses
) -> ArchivedJobs:
    """Check the archives of these jobs, and say which have none.

    An archive counts if an entry of the log of upkeep has the sha256 of its manifest. `witnesses` are what
    checkpoints say. Raises BadDocument.
    """
    findings, seen, held, given = list[Finding](), [0, 0], set[UUID](), list[ArchivedEntry]()
    for path in paths:
        manifest, entry = _read(path), _entry_of(path, months)
        if entry is None:
            findings += _unknown(path, manifest, months)
            continue
        checked = check(path, {job_id: told for job_id, told in witnesses.items() if entry.has(job_id)})
        findings += checked.findings
        seen = [seen[0] + checked.jobs, seen[1] + checked.events]
        held |= {UUID(name) for name in manifest.heads}
        given.append(entry)
    covered = {job_id for job_id in jobs if any(entry.has(job_id) for entry in given)}
    findings += [_missing(job_id) for job_id in sorted(covered - held)]
    passed_over = tuple(job_id for job_id in jobs if job_id not in covered)
    return ArchivedJobs(seen[0], seen[1], passed_over, tuple(findings))


def _read(path: Path) -> Manifest:
    try:
        return manifest_of(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise BadDocument(f"{path} is not an archive: {error}") from error


def _entry_of(path: Path, months: Sequence[ArchivedEntry]) -> ArchivedEntry | None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return next((entry for entry in months if entry.deed.manifest_sha256 == digest), None)


def _unknown(path: Path, manifest: Manifest, months: Sequence[ArchivedEntry]) -> Iterator[Finding]:
    """Name an archive that its entry does not know."""
    for entry in months:
        if entry.deed.month == manifest.month:
            sentence = f"{path.name} is not the archive that entry {entry.number} of the log of upkeep knows."
            yield Finding("archive", None, entry.number, sentence)
            return


def _missing(job_id: UUID) -> Finding:
    return Finding("removed", job_id, 1, f"Job {job_id}: the archive of its month does not have it.")
