"""Write a job as one file that can be checked offline.

It has the report, events, pages, claims and a signed head.
"""

import contextlib
import zipfile
from collections.abc import Container, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import IO, Any
from uuid import UUID

import msgspec

from app.agent.provenance import Trail
from app.audit import bundle_verifier
from app.domain.events import PageRead, PageSetAside
from app.domain.row import Row
from app.domain.signature import Signer
from app.text import report_output
from dossier.job_types import Result

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip knows; the same job gives the same bytes

LOG_NAME = "events.ndjson"

READ_ME = """Everything that Dossier knows about job {job_id}, up to event {seq}.

report.md, report.html   the report; {report}
events.ndjson            the log: a line for each event, with what its hash covers
pages/<sha256>.txt       the text of each page that was read, as it was read
claims.json              each claim of the report: its quote, page, read, search, and the step that asked
manifest.json            the sha256 of each file
head.json                the end of the log and of this bundle; {signed}
verify.py                checks all of this offline: python -I verify.py

Anyone who changes a bundle can change verify.py too. Run your own copy:
dossier bundle --check FILE, or python -I verify.py FILE.
"""


class Bundle:
    """A zip in progress, for one thread at a time.

    The log comes first and in parts, because it can be longer than memory is meant for.
    """

    def __init__(self, out: IO[bytes], job_id: UUID) -> None:
        self.job_id = job_id
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self._sums = dict[str, str]()
        self._trail = Trail()
        self._read = set[str]()
        self._log = self._zip.open(_entry(LOG_NAME), "w")
        self._log_sum = sha256()

    def write_events(self, rows: Sequence[Row]) -> None:
        """Write the next events, at least one, noting what the rest needs."""
        lines = b"".join(map(_line, rows))
        self._log.write(lines)
        self._log_sum.update(lines)
        for row in rows:
            fact = row.recorded()
            self._trail.note(fact)
            if isinstance(fact.event, PageRead | PageSetAside):
                self._read.add(fact.event.sha256)
        self._last = rows[-1]

    @property
    def pages(self) -> list[str]:
        """The sha256 of each page that was read, each once and sorted."""
        return sorted(self._read)

    def write_report(self, result: Result | None, *, signed: bool) -> None:
        """End the log, and write everything else but the pages."""
        self._log.close()
        self._sums[LOG_NAME] = self._log_sum.hexdigest()
        self._add("claims.json", _json(msgspec.to_builtins(self._trail.claims())))
        if result:
            self._add("report.html", report_output.html(result, "en").encode())
            self._add("report.md", report_output.markdown(result, "en").encode())
        words = READ_ME.format(
            job_id=self.job_id,
            seq=self._last.seq,
            report="in words and as a page" if result else "left out: the job is not completed at this event",
            signed="signed" if signed else "not signed, for this server has no key",
        )
        self._add("README.txt", words.encode())
        self._add("verify.py", files("app.audit").joinpath("bundle_verifier.py").read_bytes())

    def write_pages(self, texts: Mapping[str, bytes]) -> None:
        """Write some pages, listing forgotten ones that are never given."""
        for name, text in sorted(texts.items()):
            self._add(f"pages/{name}.txt", text)

    @property
    def absent(self) -> list[str]:
        """The pages that were not given."""
        return [name for name in self.pages if f"pages/{name}.txt" not in self._sums]

    def close(self, signer: Signer | None, tombstones: Container[str] = ()) -> None:
        """Write what binds the rest.

        Missing pages without tombstone count as removed.
        """
        forgotten = [name for name in self.absent if name in tombstones]
        last = self._last
        manifest = _json(
            {
                "job_id": str(self.job_id),
                "seq": last.seq,
                "files": self._sums,
                "forgotten": forgotten,
                "format": 1,
            }
        )
        self._add("manifest.json", manifest)
        head: dict[str, Any] = {
            "job_id": str(self.job_id),
            "seq": last.seq,
            "hash": last.hash.hex(),
            "manifest": sha256(manifest).hexdigest(),
            "key": signer.key if signer else None,
            "public_key": signer.public.hex() if signer else None,
        }
        text = bundle_verifier.TEXT.format(**head).encode()
        self._add("head.json", _json({**head, "signature": signer.sign(text).hex() if signer else None}))
        self._zip.close()

    def abandon(self) -> None:
        """Let go of a file that is not to be finished."""
        with contextlib.suppress(ValueError, OSError):  # a thread may still write to it: all is thrown away
            self._log.close()
            self._zip.close()

    def _add(self, name: str, text: bytes) -> None:
        self._zip.writestr(_entry(name), text)
        self._sums[name] = sha256(text).hexdigest()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a file of the zip.

    Its bytes do not depend on where it was made.
    """
    entry = zipfile.ZipInfo(name, ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    return entry


def _json(value: object) -> bytes:
    return bytes(bundle_verifier.canonical(value))


def _line(row: Row) -> bytes:
    frame = {
        "version": row.schema_version,
        "epoch": row.epoch,
        "actor": row.actor,
        "prev_hash": row.prev_hash.hex(),
        "hash": row.hash.hex(),
    }
    return bytes(bundle_verifier.canonical_frame(frame, row.line())) + b"\n"


def check(path: str, key: str | None = None) -> int:
    """Check a bundle, print the findings, and return the exit code.

    With `key` its head must be signed by it.
    """
    return int(bundle_verifier.main([f"--key={key}", "--", path] if key else ["--", path]))
