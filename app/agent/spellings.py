"""Find the source a model means, however it spells it.

It may be a number, a link, a part of an address, or a title.
"""

import re
from collections.abc import Iterable, Mapping

from app.domain.research import Source
from app.text.urls import normalise

MAX_SPELLED = 2200  # characters: the longest address, and what may be written around it

_NUMBER = re.compile(
    r"[\[(【#\s]{0,4}(?:(?:source|page|ref|no|n)\b[\s.:#]{0,4})?#?(\d{1,6})[\])】.\s]{0,4}", re.IGNORECASE
)
_LINK_SPELLING = re.compile(
    r"\[[^\]]{0,500}\]\(\s{0,9}<?([^\s()<>]{1,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,500})?)"
)
_URL_SPELLING = re.compile(r"https?://[^\s<>\"'`\[\]{}|]{1,2000}", re.IGNORECASE)
_SURROUNDING = " \t\r\n<>\"'`“”„‘’«»*_,;"
_URL_SCHEME = re.compile(r"[a-z][a-z0-9+-]{1,30}:(?://)?(?:www\d?\.)?", re.IGNORECASE)


class Spellings:
    """A job's sources, found by what a model writes for them."""

    def __init__(self, sources: Iterable[Source]) -> None:
        known = tuple(sources)
        self._numbers = {source.number: source for source in known}
        self._urls = {source.url: source for source in known}
        self._bare = _unique((bare_address(source.url), source) for source in known)
        self._paths = _unique((path, source) for source in known for path in _paths(source.url))
        self._titles = _unique((_folded(source.title), source) for source in known)

    def find(self, spelled: str) -> Source | None:
        """Return the source that is meant, None if unknown or ambiguous."""
        written = spelled[:MAX_SPELLED].strip(_SURROUNDING)
        if number := _NUMBER.fullmatch(written):
            return self._numbers.get(int(number[1]))
        # The whole first: an address may end in what is usually written around one.
        for candidate in (spelled[:MAX_SPELLED].strip(), *_candidates(written)):
            if found := self._at(candidate):
                return found
        return self._titles.get(_folded(written))

    def _at(self, address: str) -> Source | None:
        bare = bare_address(address)
        return (
            self._urls.get(normalise(address))
            or self._urls.get(address)
            or self._bare.get(bare)
            or self._paths.get(bare.lstrip("./"))
        )


def _candidates(written: str) -> Iterable[str]:
    """The addresses that may be meant, the likeliest first."""
    if link := _LINK_SPELLING.search(written):
        yield link[1]
    yield written
    if found := _URL_SPELLING.search(written):
        yield found[0].rstrip(".,;:!?)")
        yield found[0]


def bare_address(url: str) -> str:
    """Return an address without scheme, www, fragment and closing slash.

    Two spellings of one page differ in them.
    """
    address = url.strip().partition("#")[0]
    return _URL_SCHEME.sub("", address, count=1).rstrip("/").casefold()


def _paths(url: str) -> Iterable[str]:
    """Return the ends of an address that a relative link uses."""
    parts = bare_address(url).split("/")
    return ("/".join(parts[at:]) for at in range(1, len(parts)))


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()


def _unique(pairs: Iterable[tuple[str, Source]]) -> Mapping[str, Source]:
    """The sources by names that only one of them has."""
    found = dict[str, Source | None]()
    for name, source in pairs:
        if name:
            found[name] = None if found.get(name, source) is not source else source
    return {name: source for name, source in found.items() if source}
