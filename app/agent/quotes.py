"""Find the places in a page that support a claim.

Where there are none, say why.

Word for word scores 1.0: case, white space, quotation marks and dashes may differ. Otherwise the best one to
three sentences of the page score the share of the claim's words that they contain, rare words counting
more, and below THRESHOLD nothing is quoted. All numbers of the claim must stand in the quote, and no word
that turns the meaning may differ.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cached_property
from math import log

from msgspec import Struct

from app.text import languages, meaning, proper_names, sentences, verbatim
from app.text.lexicon import in_english
from app.text.numbers import Figures, both, figures, missing, near, unit_conflict
from app.text.numerals import SCALES
from app.text.proper_names import Known
from app.text.spoken import function_words, stem
from app.text.units import UNITS

# Half of what the claim says, by weight. Seventeen paraphrases scored 0.48 to 1.0, in the middle 0.8, against
# their own page, and 0.0 to 0.46, in the middle 0.14, against the best of three pages on related subjects.
THRESHOLD = 0.5
# Sentences from different places of a page: what they hold of a claim's words, each counting the same. A long
# claim is rarely told in the page's own words, and rarely shares so many with a page that does not tell it.
APART = 0.7
MANY_WORDS, MOST_OF_MANY = 7, 0.55
MAX_FOUND_QUOTE = 1200  # characters of a quote
MIN_SENTENCE = 25  # characters of a page's sentence; a shorter one goes with the next
WINDOW = 3  # sentences of a quote
PLACES = 3  # of a page that carry a claim together
STEP = 0.05  # what each further sentence must add to the score, so that quotes stay short
CANDIDATES = 24  # sentences of a page that are looked at closely for one claim
EXACT = 12  # windows that are compared character by character
MAX_WINDOWS = 30  # windows whose numbers and turning words are compared
POSTINGS = 10_000  # entries of the index that are counted for one claim
VOCABULARY = 60_000  # words of a page that are stemmed

# The number of a formula's letter, which names it and counts nothing: "a[1]", "x_2".
_FORMULA_INDEX = re.compile(r"(?<![^\W\d_])([A-Za-z])(?:\[\d{1,4}\]|_\{?\d{1,4}\}?)")

NOTHING = "nothing in it to check"
NOT_HERE = "is not in this passage of the page"
NO_PASSAGE = "no passage of the page says this"


class PageQuote(Struct, frozen=True):
    """`text` is `page[start:end]`, in characters."""

    text: str
    start: int
    end: int


class FoundQuotes(Struct, frozen=True):
    """The quotes that carry a claim, the most telling first."""

    quotes: tuple[PageQuote, ...]
    score: float  # 0..1


class Claimed(Struct, frozen=True):
    """A clause in the form that a page is searched for."""

    text: str
    stems: frozenset[str]
    figures: Figures
    context: frozenset[str] = frozenset()  # stems that help to choose and are not asked for
    language: str = ""
    measures: tuple["Measure", ...] = ()


class Measure(Struct, frozen=True):
    """A number of a claim, and the stems that say it."""

    readings: frozenset[str]
    stems: frozenset[str]
    unit: str = ""
    unit_stems: frozenset[str] = frozenset()


def claimed(text: str, language: str = "", context: str = "", spoken: str = "") -> Claimed:
    """Work out once per clause what each page is then asked for.

    Args:
        text: the clause.
        language: of the page.
        context: words around the clause that may help to choose a passage.
        spoken: the language of the clause itself.
    """
    bare = _FORMULA_INDEX.sub(r"\1", text)
    said = figures(bare, spoken, loose=False)
    return Claimed(
        text,
        stems(bare, language),
        said,
        stems(context, language),
        spoken,
        tuple(_measures(bare, said, language, spoken)),
    )


def _measures(text: str, said: Figures, language: str, told: str) -> Iterable[Measure]:
    """Return what the claim's numbers are written with.

    "19th" and "nineteenth", "1.3 million" and "1,300,000" share no word.
    """
    bag = languages.words(text)
    english = {word: in_english(word, told) or word for word in bag}
    scales = frozenset(word for word in bag if english[word] in SCALES)
    for number in said.numbers:
        written = frozenset(languages.words(number.written))
        own = scales | {word for word in bag if word in written or _leading(word) in written}
        units = (word for word in bag if number.unit and UNITS.get(english[word]) == number.unit)
        yield Measure(
            number.readings,
            frozenset(stem(word, language) for word in own),
            number.unit,
            frozenset(stem(word, language) for word in units),
        )


def _leading(word: str) -> str:
    """Return the digits that a word begins with."""
    return word[: len(word) - len(word.lstrip("0123456789"))]


def stems(text: str, language: str) -> frozenset[str]:
    """Return stems of meaningful words, in the page's language."""
    empty = function_words(language or "en")
    return frozenset(stem(word, language) for word in languages.words(text) if word not in empty)


class IndexedPage:
    """A page, indexed once for all the claims that cite it.

    Args:
        text: the page as it is stored.
        wanted: the stems of all those claims; other words need no index.
        limit: characters that are indexed; what is behind is found only word for word.
        language: of the page, "" where it is not known.
        about: its title and address.
    """

    def __init__(
        self, text: str, wanted: AbstractSet[str], limit: int, language: str = "", about: str = ""
    ) -> None:
        self.text, self.language, self._about = text, language, about
        head = text[:limit]
        self.spans = sentences.short(head, sentences.spans(head, MIN_SENTENCE))
        bags = [languages.words(head[start:end]) for start, end in self.spans]
        vocabulary = self._vocabulary = dict.fromkeys(word for bag in bags for word in bag)
        stemmed = (
            (word, stem(word, language)) for word, _ in zip(vocabulary, range(VOCABULARY), strict=False)
        )
        known = {word: stem for word, stem in stemmed if stem in wanted}
        words = frozenset(known)
        self.stems = [frozenset(known[word] for word in words.intersection(bag)) for bag in bags]
        self._figures = dict[int, Figures]()

    @cached_property
    def known(self) -> Known:
        """The words of the page by which names are told."""
        return Known(self._vocabulary, self._about)

    @cached_property
    def postings(self) -> dict[str, list[int]]:
        """Return the indexes of the sentences that hold a stem."""
        found = dict[str, list[int]]()
        for at, stems_ in enumerate(self.stems):
            for one in stems_:
                found.setdefault(one, []).append(at)
        return found

    def find(self, claim: Claimed) -> FoundQuotes | str:
        """The quotes for a claim, or why there are none."""
        if not claim.stems:
            return NOTHING
        if exact := self._verbatim(claim.text):
            return self._framed(exact)
        windows = self.windows(claim)
        if exact := self._exact(claim.text, windows):
            return self._framed(exact)
        return self._best(claim, windows)

    def _framed(self, exact: FoundQuotes) -> FoundQuotes | str:
        """Accept a verbatim quote, unless the sentence around it withdraws it."""
        quote = exact.quotes[0]
        at = bisect_right(self.spans, (quote.start, len(self.text))) - 1
        if at < 0:
            return exact
        start, end = self.spans[at]
        return meaning.within(self.text[start:end], quote.start - start, quote.text, self.language) or exact

    def _verbatim(self, text: str) -> FoundQuotes | None:
        start = self.text.find(text)
        is_there = verbatim.is_whole(self.text, start, len(text))
        return FoundQuotes((self._quote(start, start + len(text)),), 1.0) if is_there else None

    def weigh(self, claim: Claimed) -> dict[str, float]:
        """Weigh the claim's words, most those that the page lacks."""
        count = len(self.spans) + 1
        return {
            stem: log(1 + count / (len(self.postings.get(stem, ())) + 0.5)) for stem in sorted(claim.stems)
        }

    def windows(self, claim: Claimed) -> list["Window"]:
        """The runs of sentences that share most with the claim, best first."""
        weights = self.weigh(claim)
        total, found = sum(weights.values()), list[Window]()
        for first, last in self._around(self._candidates(claim)):
            start, end = self.spans[first][0], self.spans[last][1]
            if end - start <= MAX_FOUND_QUOTE:
                held = self.carried(claim, first, last)
                score = sum(weights[stem] for stem in weights if stem in held) / total
                rank = score - STEP * (last - first) + STEP * bool(claim.context & held)
                found.append(Window(rank, score, first, last))
        return sorted(found, reverse=True)

    def held(self, first: int, last: int) -> frozenset[str]:
        """The wanted stems of a run of sentences."""
        return frozenset[str]().union(*self.stems[first : last + 1])

    def carried(self, claim: Claimed, first: int, last: int) -> frozenset[str]:
        """Return the claim's stems that a run has, numbers by value."""
        held = self.held(first, last)
        if not claim.measures or claim.stems <= held:
            return held
        return held | _equal(claim, self.figures(first, last))

    def _candidates(self, claim: Claimed) -> list[int]:
        """Return the sentences with most claim words, from its rarest on."""
        count, left = Counter[int](), POSTINGS
        for entries in sorted((self.postings.get(one, []) for one in sorted(claim.stems)), key=len):
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

    def figures(self, first: int, last: int) -> Figures:
        """The numbers of a run of sentences."""
        for at in range(first, last + 1):
            if at not in self._figures:
                self._figures[at] = figures(self.text[slice(*self.spans[at])], self.language)
        return both(self._figures[at] for at in range(first, last + 1))

    def _exact(self, text: str, windows: list["Window"]) -> FoundQuotes | None:
        """Find the claim verbatim in a window with all its words."""
        for window in windows[:EXACT]:
            start, end = self.spans[window.first][0], self.spans[window.last][1]
            if window.score > 0.999 and (found := verbatim.find(text, self.text[start:end])):
                return FoundQuotes((self._quote(start + found[0], start + found[1]),), 1.0)
        return None

    def _best(self, claim: Claimed, windows: list["Window"]) -> FoundQuotes | str:
        """Return the best agreeing window, or why the best one fails.

        It has to agree in names, numbers and turning words.
        """
        if not windows or windows[0].score < THRESHOLD:
            return self._apart(claim, windows)
        why = ""
        for window in windows[:MAX_WINDOWS]:
            if window.score < THRESHOLD:
                continue
            if refused := self._refused(claim, window):
                why = why or refused
                continue
            if strange := self.strange(claim):
                return strange
            return FoundQuotes((self._run(window),), min(0.99, round(window.score, 2)))
        apart = self._apart(claim, windows) if not why or NOT_HERE in why else why
        return apart if isinstance(apart, FoundQuotes) else why or apart

    def strange(self, claim: Claimed) -> str:
        """Return why a claim's name cannot be meant, or "".

        The page has all names if it is "".
        """
        is_same = claim.language == self.language or not claim.language or not self.language
        return (
            proper_names.stranger(claim.text, claim.language or self.language, self.known) if is_same else ""
        )

    def _refused(self, claim: Claimed, window: "Window") -> str:
        """Return why a similar passage does not carry the claim, or ""."""
        said = self.figures(window.first, window.last)
        nearest = max(
            range(window.first, window.last + 1),
            key=lambda at: len(self.carried(claim, at, at) & claim.stems),
        )
        text = self.text[slice(*self.spans[nearest])]
        weights = self.weigh(claim)
        has = self.carried(claim, nearest, nearest)
        share = sum(weights[s] for s in weights if s in has) / sum(weights.values())
        whole = self.text[self.spans[window.first][0] : self.spans[window.last][1]]
        return disagreement(claim.figures, said) or meaning.turned(
            claim.text, text, self.language, share=share, whole=whole, known=self.known
        )

    def _apart(self, claim: Claimed, windows: list["Window"]) -> FoundQuotes | str:
        """Up to PLACES single sentences that carry the claim together."""
        chosen = self._cover(claim, [window.first for window in windows if window.first == window.last])
        held = frozenset[str]().union(*(self.carried(claim, at, at) for at in chosen)) & claim.stems
        score = len(held) / len(claim.stems)
        is_much = len(held) >= MANY_WORDS and score >= MOST_OF_MANY
        is_carried = is_much or (len(chosen) > 1 and score >= APART)
        said = both(self.figures(at, at) for at in chosen)
        if not is_carried or disagreement(claim.figures, said):
            return NO_PASSAGE
        texts = [self.text[slice(*self.spans[at])] for at in chosen]
        turns = (meaning.turned(claim.text, text, self.language) for text in texts)
        if why := next(filter(None, turns), "") or self._turned_together(claim, texts):
            return why
        if strange := self.strange(claim):
            return strange
        return FoundQuotes(tuple(self._quote(*self.spans[at]) for at in chosen), min(0.99, round(score, 2)))

    def _turned_together(self, claim: Claimed, texts: list[str]) -> str:
        """Return why sentences deny together what a claim says, or ""."""
        spoken = claim.language or self.language
        return meaning.turned_across(claim.text, spoken, " ".join(texts), self.language or spoken)

    def _cover(self, claim: Claimed, singles: list[int]) -> list[int]:
        """Return sentences that together hold most of a claim's words."""
        held, chosen = frozenset[str](), list[int]()
        while len(chosen) < PLACES and (left := [at for at in singles if at not in chosen]):
            best = max(left, key=lambda at: (len(self.stems[at] & claim.stems - held), -at))
            if not self.stems[best] & claim.stems - held:
                break
            held |= self.stems[best]
            chosen.append(best)
        return chosen

    def _run(self, window: "Window") -> PageQuote:
        return self._quote(self.spans[window.first][0], self.spans[window.last][1])

    def _quote(self, start: int, end: int) -> PageQuote:
        return PageQuote(self.text[start:end], start, end)

    def nearest(self, claim: Claimed) -> tuple[PageQuote, float] | None:
        """Return the passage that shares most with the claim, and how much."""
        windows = self.windows(claim)
        return (self._run(windows[0]), min(0.99, round(windows[0].score, 2))) if windows else None

    def part(self, claim: Claimed) -> "PartialQuote | None":
        """Return the best passage's share of a claim with several sources."""
        windows = self.windows(claim)
        if not windows:
            return None
        best = windows[0]
        held = self.carried(claim, best.first, best.last) & claim.stems
        if len(held) < 2:
            return None
        strangers = proper_names.strangers(claim.text, claim.language or self.language, self.known)
        return PartialQuote(self._run(best), held, self.figures(best.first, best.last), strangers)


def _equal(claim: Claimed, page: Figures) -> frozenset[str]:
    """Return the claim's stems for numbers that the page has."""
    found = frozenset[str]()
    for measure in claim.measures:
        same = [number for number in page.numbers if number.readings & measure.readings]
        if same:
            found |= measure.stems
        if measure.unit and any(number.unit == measure.unit for number in same):
            found |= measure.unit_stems
    return found


class Window(Struct, frozen=True, order=True):
    """A run of sentences, ordered by how well it supports the claim."""

    rank: float
    score: float
    first: int
    last: int


class PartialQuote(Struct, frozen=True):
    """A passage that may support a claim together with other pages."""

    quote: PageQuote
    held: frozenset[str]
    figures: Figures
    strangers: frozenset[str] = frozenset()  # names of the claim that are not on this page


def disagreement(claim: Figures, page: Figures) -> str:
    """Name the claim's number that a passage lacks, or return ""."""
    if number := missing(claim, page):
        other = near(claim, page)
        return f"the page says {other}, not {number}" if other else f"{number} {NOT_HERE}"
    if number := unit_conflict(claim, page):
        return f"the page has another unit for {number}"
    return ""
