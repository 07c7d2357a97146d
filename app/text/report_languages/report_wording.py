"""Name what a report says besides its content.

`{n}` and the like are put in by `app.text.report_evidence`. A "|" parts the form for one from that for more;
where a language has more forms, the number stands behind a colon, so that one form fits all.
"""

from msgspec import Struct

from dossier.job_types import Author, StopReason


class ReportWords(Struct, frozen=True):
    """What a report says besides its content."""

    title: str  # of a report without one
    evidence: str
    sources: str
    no_quote: str  # before the sentences without one
    unverified: str  # behind such a sentence
    partly: str  # behind one that its quote supports only in part
    stand_in: str
    stopped: dict[StopReason, str]
    pages_unread: str
    untied: str
    searches: str
    searches_failed: str
    not_searched: str
    found: str
    none_found: str
    read: str
    unreadable: str
    none_readable: str
    none_read: str
    set_aside: str
    unused: str  # pages that were set aside
    backed: str
    all_backed: str
    none_backed: str
    bound: str
    all_bound: str
    quoted: str
    unjudged: str
    judged: str
    bare: str
    part: str
    made: dict[Author, str]
    added: str
    removed: str
    pause: str = "; "  # between two statements
    stop: str = "."
