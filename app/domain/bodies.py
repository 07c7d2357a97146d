"""Find the bodies that events name by sha256, changed or missing.

Bodies are pages, prompts and replies.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from app.domain.event_kinds import NAMING_BLOBS, blobs_named
from app.domain.history.job_evidence import History
from app.domain.tampering import Finding

NAMING_PAGES = ("page_read", "page_set_aside")  # types of events that name a page
_PART = re.compile(rb'"sha256":"([0-9a-f]{64})"')


class Named(Struct, frozen=True):
    """A body, and the event of a job that names it.

    This is the first event that does; for a page, the one that read it.
    """

    name: str
    job_id: UUID
    seq: int
    type: str  # of that event
    is_parts: bool = False  # it lists further bodies

    def finding(self, sentence: str) -> Finding:
        """Say of it what the sentence says."""
        what = "page" if self.type in NAMING_PAGES else "body"
        return Finding(
            "page",
            self.job_id,
            self.seq,
            f"Job {self.job_id}: the {what} {self.name} of event {self.seq} {sentence}",
        )


def named(history: History) -> Iterable[Named]:
    """Return the bodies that the job's events name and that are kept."""
    found = dict[str, Named]()
    for row in history.rows:
        for name, field in blobs_named(row.type, row.data):
            if name not in found or row.type in NAMING_PAGES:
                found[name] = Named(name, history.job_id, row.seq, row.type, is_parts=field.is_parts)
    return found.values()


def parts(lists: Iterable[Named], texts: Mapping[str, bytes]) -> list[Named]:
    """Return the bodies that prompts list, each once for a job."""
    found = dict[tuple[UUID, str], Named]()
    for one in lists:
        for name in _PART.findall(texts.get(one.name, b"") if one.is_parts else b""):
            part = Named(name.decode(), one.job_id, one.seq, one.type)
            found.setdefault((part.job_id, part.name), part)
    return list(found.values())


def changed(history: History, bad: set[str]) -> list[Finding]:
    """Return the first event that relies on a changed body."""
    for row in history.rows if bad else ():
        if row.type in NAMING_BLOBS:
            for name in bad:
                if name in row.data:
                    return [Named(name, history.job_id, row.seq, row.type).finding("was changed.")]
    return []


def stray(bad: set[str], findings: Sequence[Finding]) -> Iterable[Finding]:
    """Return damaged bodies that no checked job uses."""
    told = " ".join(finding.message for finding in findings if finding.kind == "page")
    for name in sorted(bad):
        if name not in told:
            yield Finding(
                "page", None, 0, f"The body {name} was changed; no job that was judged names it first."
            )


def lost(absent: Iterable[Named], tombstones: set[str]) -> tuple[list[Finding], int]:
    """Return each job's first body lost without a tombstone.

    Also count those that have a tombstone.
    """
    found, buried = dict[UUID, Finding](), set[str]()
    for body in absent:
        if body.name in tombstones:
            buried.add(body.name)
        elif body.job_id not in found:
            sentence = "is missing, and no tombstone says that it was forgotten."
            found[body.job_id] = body.finding(sentence)
    return list(found.values()), len(buried)
