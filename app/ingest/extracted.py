"""What a file gives: documents, and why others of it are missing."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from msgspec import Struct, field

from app.text.formats import tidy

MAX_DOCUMENT_TITLE = 300  # characters
# What programs write where nobody gave a title or a name.
PLACEHOLDER = re.compile(
    r"\(?(untitled( \w+)?|unbenannt|sans titre|anonymous|unknown|unspecified|(new )?document\s?\d*"
    r"|slide \d+|powerpoint[- ](presentation|präsentation)|présentation powerpoint"
    r"|presentación de powerpoint)\)?",
    re.IGNORECASE,
)
PROGRAM = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) - ")
PDF_MOMENT = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)'?(\d\d)?'?)?.{0,9}")


class ExtractedDocument(Struct, frozen=True):
    """A text with an address and a title, ready for the corpus."""

    url: str
    title: str
    text: str
    metadata: dict[str, str] = {}
    note: str = ""  # what is not sure about it


class FileRead(Struct):
    """The documents of one file.

    `skipped` are files inside it of formats that are not read.
    """

    documents: list[ExtractedDocument] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # why, each with its file
    skipped: list[str] = field(default_factory=list)


def tidy_title(title: str) -> str:
    """A title on one line, "" for what a program put there."""
    line = PROGRAM.sub("", " ".join(tidy(title).split()))[:MAX_DOCUMENT_TITLE]
    return "" if PLACEHOLDER.fullmatch(line) else line


def told(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return metadata with dates of ISO 8601, without what says nothing."""
    kept = {name: value for name, value in metadata.items() if not PLACEHOLDER.fullmatch(value)}
    if "date" in kept:
        kept["date"] = iso_date(kept["date"])
    if not kept.get("canonical_url", "https://").startswith(("https://", "http://")):
        del kept["canonical_url"]  # a part of an address that a file does not have
    return kept


def iso_date(said: str) -> str:
    """Return the date of a PDF or mail in ISO 8601.

    Another date stays as it is.
    """
    try:
        if found := PDF_MOMENT.fullmatch(said):
            return _pdf_moment(found).isoformat()
        return parsedate_to_datetime(said).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return said


def _pdf_moment(found: re.Match[str]) -> datetime:
    zone = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0))
    moment = datetime(*(int(found[at]) for at in range(1, 7)))  # type: ignore[arg-type]  # noqa: DTZ001
    return moment.replace(tzinfo=timezone(-zone if found[7] == "-" else zone))
