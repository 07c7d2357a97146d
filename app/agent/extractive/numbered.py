"""Tell a page about number 2 from one about number 140."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from app.text.languages import PAIRED_SCRIPTS, WORD_MARKS, function_words
from app.text.numbers import figures
from app.text.passages import folded

MAX_NUMBERED_PAGE = 200_000  # characters of a page that are looked at
CACHED_NUMBERED = 64  # pages of this process; each step of each turn looks at the same pages again
# "No. 2", "n.º 2" and "№ 2" are one way to number; else the word before a number says what it numbers.
_NUMBERED = re.compile(
    rf"(?:(?P<sign>#|(?<!\w)n(?:\.?\s?[o°]|r)(?!\w))|(?P<key>[{PAIRED_SCRIPTS}]{{1,2}}|(?:[^\W\d_]|[{WORD_MARKS}]){{1,60}}))"
    r"[\s.:-]{0,4}(?<![\d.,])(?P<number>\d{1,15})(?![\d.,]*\d)"
)
YEARS = range(1000, 2101)
# What comes before a number without naming it, beyond the function words of a language.
_YEARS = frozenset((
    "year", "years", "jahr", "jahre", "jahren", "année", "an", "año", "anno", "ano", "jaar", "год", "году",
    "года", "عام", "سنة", "साल", "वर्ष", "ปี",
))  # fmt: skip


def is_numbered_otherwise(asked: str, page: str, language: str) -> bool:
    """Return True if a page numbers the things asked for otherwise."""
    wanted = _by_key(asked, language)
    if not wanted:
        return False
    text = page[:MAX_NUMBERED_PAGE]
    given = _by_key(text, language)
    others = [
        numbers
        for key, numbers in wanted.items()
        if key in given and not numbers & given[key] and not _are_years(numbers | given[key])
    ]
    if not others:
        return False
    values = figures(text, language).values
    return any(not numbers & values for numbers in others)


@lru_cache(CACHED_NUMBERED)
def _by_key(text: str, language: str) -> Mapping[str, set[str]]:
    found = dict[str, set[str]]()
    for key, number in _numbered(text, language):
        found.setdefault(key, set()).add(number)
    return found


def _numbered(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield each number that something before it names, with that."""
    for found in _NUMBERED.finditer(folded(text).lower()):
        key, number = "#" if found["sign"] else found["key"], str(int(found["number"]))
        if key not in _YEARS and key not in function_words(language):
            yield key, number


def _are_years(numbers: Iterable[str]) -> bool:
    """Return True for numbers that may all be years."""
    return all(int(number) in YEARS for number in numbers)
