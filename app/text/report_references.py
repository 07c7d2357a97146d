"""Write the sources of a report as BibTeX or CSL-JSON."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec

from app.text.report_evidence import cited
from app.text.report_output import MAX_REPORT_LINE
from app.text.urls import clean, domain
from dossier.job_types import Result, SourceView

# What TeX takes for commands, and how each is written as a character.
_TEX = {character: f"\\{character}" for character in "{}$&#%_"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}
_URL_SAFE = "/:?&=+,;@!()*'.-[]$"  # left as it is in an address; the rest is percent-encoded
_NO_KEY = re.compile(r"[^a-z0-9]+")


def referenced(result: Result) -> Sequence[SourceView]:
    """Return the sources that the report cites, else those that were read."""
    return cited(result) or [source for source in result.sources if source.read]


def bibtex(result: Result, read_on: date) -> str:
    """Write an entry for each source, read on that day."""
    return "\n".join(_entry(source, read_on) for source in referenced(result))


def csl(result: Result, read_on: date) -> bytes:
    """Write the sources as CSL-JSON, which reference managers and pandoc read."""
    return msgspec.json.encode([_item(source, read_on) for source in referenced(result)])


def _entry(source: SourceView, read_on: date) -> str:
    fields = {
        "title": f"{{{_tex(_title(source))}}}",
        "url": _address(source.url),
        "urldate": read_on.isoformat(),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@online{{{_key(source)},\n{lines}}}\n"


def _item(source: SourceView, read_on: date) -> dict[str, Any]:
    return {
        "id": _key(source),
        "type": "webpage" if domain(source.url) else "document",
        "title": _title(source),
        "URL": source.url,
        "accessed": {"date-parts": [[read_on.year, read_on.month, read_on.day]]},
    }


def _title(source: SourceView) -> str:
    return clean(source.title, MAX_REPORT_LINE) or source.url


def _key(source: SourceView) -> str:
    """Name a source by its host and number."""
    host = _NO_KEY.sub("-", (domain(source.url) or "document").lower()).strip("-")
    return f"{host or 'source'}-{source.number}"


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in text)


def _address(url: str) -> str:
    """The address without what ends a field or begins a command."""
    return "".join(_encoded(url))


def _encoded(url: str) -> Iterable[str]:
    for character in url:
        is_kept = character in f"{_URL_SAFE}%" or (character.isascii() and character.isalnum())
        yield character if is_kept else quote(character, safe="~_#" if character in "~_#" else "")
