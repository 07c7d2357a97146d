"""Return a report's citations as OpenAI's url citations."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_URL_CITATION = re.compile(r"\[(\d{1,6})\](?!\()")


class CitedSource(Struct, frozen=True):
    """A source as the log numbered it."""

    url: str
    title: str


def url_citations(text: str, sources: Mapping[int, CitedSource]) -> list[dict[str, Any]]:
    """Return a citation for each [n].

    Indices count characters.
    """
    return [
        {
            "type": "url_citation",
            "url": sources[number].url,
            "title": sources[number].title or sources[number].url,
            "start_index": mark.start(),
            "end_index": mark.end(),
        }
        for mark in _URL_CITATION.finditer(text)
        if (number := int(mark[1])) in sources
    ]
