"""The place in a page on which a sentence stands, or the reason why there is none.

Word for word scores 1.0: case, white space, quotation marks and dashes may differ. Otherwise the best one to
three sentences of the page score the share of the claim's words that they contain, rare words counting
more, and below THRESHOLD nothing is quoted. All numbers of the claim must stand in the quote.
"""

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cached_property
from math import log
from typing import Literal

from msgspec import Struct

from app.text import sentences, verbatim

# Half of what the claim says, by weight. Seventeen paraphrases scored 0.48 to 1.0, in the middle 0.8, against
# their own page, and 0.0 to 0.46, in the middle 0.14, against the best of three pages on related subjects.
THRESHOLD = 0.5
LONGEST = 1200  # characters of a quote
SHORTEST = 25  # characters of a page's sentence; a shorter one goes with the next
WINDOW = 3  # sentences of a quote
STEP = 0.05  # what each further sentence must add to the score, so that quotes stay short
CANDIDATES = 24  # sentences of a page that are looked at closely for one claim
EXACT = 12  # windows that are compared character by character
POSTINGS = 10_000  # entries of the index that are counted for one claim

Reason = Literal["numbers not in the page", "no passage of the page says this", "nothing in it to check"]

_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u2009\u202f]\d+)*")
_GROUPS = re.compile(r"[,'’\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_TO_TWELVE = "zero one two three four five six seven eight nine ten eleven twelve"
_SPELLED = {word: str(number) for number, word in enumerate(_TO_TWELVE.split())}


class Quote(Struct, frozen=True):
    """`text` is `page[start:end]`, in characters."""

    text: str
    start: int
    end: int
    score: float  # 0..1


class Claimed(Struct, frozen=True):
    """What a sentence says, as far as a page can be searched for it."""

    text: str
    stems: frozenset[str]
    numbers: frozenset[str]


def claimed(text: str) -> Claimed:
    """Work out once per sentence what each page is then asked for."""
    return Claimed(text, sentences.stems(text), numbers(text))


def numbers(text: str) -> frozenset[str]:
    """The numbers in digits: "1,234.5" and "1234.5" are the same, "12%" is 12, "03" is 3."""
    return frozenset(_plain_number(found) for found in _NUMBER.findall(text))


def _plain_number(written: str) -> str:
    bare = _GROUPS.sub("", written)
    return bare.lstrip("0") or "0" if bare.isdecimal() else bare


class Page:
    """A page, indexed once for all the claims that cite it.

    Args:
        text: the page as it is stored.
        wanted: the stems of all those claims; other words need no index.
        limit: characters that are indexed; what is behind is found only word for word.
    """

    def __init__(self, text: str, wanted: AbstractSet[str], limit: int) -> None:
        self.text = text
        head = text[:limit]
        self.spans = sentences.short(head, sentences.spans(head, SHORTEST))
        bags = [sentences.words(head[start:end]) for start, end in self.spans]
        vocabulary = set[str]().union(*bags)
        known = {word: stem for word in vocabulary if (stem := sentences.stem(word)) in wanted}
        words = frozenset(known)
        self.stems = [frozenset(known[word] for word in words.intersection(bag)) for bag in bags]
        self._numbers = dict[int, frozenset[str]]()

    @cached_property
    def postings(self) -> dict[str, list[int]]:
        """The sentences in which a stem stands, by index."""
        found = dict[str, list[int]]()
        for at, stems in enumerate(self.stems):
            for stem in stems:
                found.setdefault(stem, []).append(at)
        return found

    def find(self, claim: Claimed) -> Quote | Reason:
        """The quote for a claim, or why there is none."""
        if not claim.stems:
            return "nothing in it to check"
        if verbatim := self._verbatim(claim.text):
            return verbatim
        weights = {stem: self._weight(stem) for stem in claim.stems}
        windows = sorted(self._windows(claim, weights), reverse=True)
        if exact := self._exact(claim.text, windows):
            return exact
        return self._best(windows)

    def _verbatim(self, text: str) -> Quote | None:
        start = self.text.find(text)
        return (
            self._quote(start, start + len(text), 1.0)
            if verbatim.is_whole(self.text, start, len(text))
            else None
        )

    def _weight(self, stem: str) -> float:
        """A word that the page does not have weighs most: it is what the page does not say."""
        return log(1 + (len(self.spans) + 1) / (len(self.postings.get(stem, ())) + 0.5))

    def _windows(self, claim: Claimed, weights: dict[str, float]) -> Iterable["Window"]:
        total = sum(weights.values())
        for first, last in self._around(self._candidates(claim)):
            start, end = self.spans[first][0], self.spans[last][1]
            if end - start <= LONGEST:
                held = frozenset[str]().union(*self.stems[first : last + 1]) & claim.stems
                score = sum(weights[stem] for stem in held) / total
                has_numbers = not claim.numbers or claim.numbers <= self._figures(first, last)
                yield Window(has_numbers, score - STEP * (last - first), score, start, end)

    def _candidates(self, claim: Claimed) -> list[int]:
        """The sentences that share most words with the claim, counting from its rarest word on."""
        count, left = Counter[int](), POSTINGS
        for entries in sorted((self.postings.get(stem, []) for stem in sorted(claim.stems)), key=len):
            count.update(entries[:left])
            left -= len(entries)
            if left <= 0:
                break
        return [at for at, _ in count.most_common(CANDIDATES)]

    def _around(self, candidates: Iterable[int]) -> list[tuple[int, int]]:
        """Each run of one to WINDOW sentences that holds a candidate, once."""
        around = dict[tuple[int, int], None]()
        for at in candidates:
            for size in range(WINDOW):
                around |= {(first, first + size): None for first in range(at - size, at + 1)}
        return [(first, last) for first, last in around if first >= 0 and last < len(self.spans)]

    def _figures(self, first: int, last: int) -> frozenset[str]:
        for at in range(first, last + 1):
            if at not in self._numbers:
                text = self.text[slice(*self.spans[at])]
                spelled = (_SPELLED[word] for word in sentences.words(text) if word in _SPELLED)
                self._numbers[at] = numbers(text).union(spelled)
        return frozenset[str]().union(*(self._numbers[at] for at in range(first, last + 1)))

    def _exact(self, text: str, windows: list["Window"]) -> Quote | None:
        """The claim word for word in one of the windows that have all its words."""
        for window in windows[:EXACT]:
            if window.score > 0.999 and (found := verbatim.find(text, self.text[window.start : window.end])):
                return self._quote(window.start + found[0], window.start + found[1], 1.0)
        return None

    def _best(self, windows: list["Window"]) -> Quote | Reason:
        """The best window with all numbers; if only one without them is good enough, that is the reason."""
        for window in windows:
            if window.score >= THRESHOLD:
                score = min(0.99, round(window.score, 2))
                return (
                    self._quote(window.start, window.end, score)
                    if window.has_numbers
                    else "numbers not in the page"
                )
        return "no passage of the page says this"

    def _quote(self, start: int, end: int, score: float) -> Quote:
        return Quote(self.text[start:end], start, end, score)


class Window(Struct, frozen=True, order=True):
    """A run of sentences; the greater the better."""

    has_numbers: bool
    rank: float
    score: float
    start: int
    end: int
