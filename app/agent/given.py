"""Find the model's quotes in the pages, and assign them to claims."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from app.agent.quotes import Claimed, FoundQuotes, IndexedPage, PageQuote, disagreement, stems
from app.domain.tools import SourceQuote
from app.text import languages, meaning
from app.text.numbers import Figures, figures
from app.text.spoken import is_foreign, spoken_language
from app.text.verbatim import FoldedText

MAX_QUOTES = 500  # of a report
MAX_QUOTE = 4000  # characters of one
MAX_FOLDED_PAGE = 1_000_000  # characters of a page that are folded
MIN_GIVEN_QUOTE = 12  # characters of a quote; a single word is on every page
LEAST_PAIRED = 4  # where a character says as much as a word
TOGETHER = 3  # quotes of one page that carry a claim
SAME_WORDS = 0.34  # share of the claim's words that a quote in the same language has
CLAIM_WORDS = 5  # of what a quote says that it is for; fewer could begin many sentences

NOT_THERE = "A quote given for [{}] is not in that page: “{}”"


class GivenQuote(Struct, frozen=True, dict=True):
    """A quote that stands in its page.

    Each claim that cites the page is compared with it, so what it says is read once.
    """

    places: tuple[PageQuote, ...]
    claim: str  # folded: how the sentence begins that it is for, "" if the model did not say
    language: str

    @cached_property
    def text(self) -> str:
        """The words of the page, pieces in turn."""
        return " … ".join(quote.text for quote in self.places)

    @cached_property
    def figures(self) -> Figures:
        """Its numbers."""
        return figures(self.text, self.language)

    @cached_property
    def values(self) -> frozenset[str]:
        """Every value that one of its numbers can have."""
        return self.figures.values

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words in lower case."""
        return frozenset(languages.words(self.text))


class GivenQuotes(Struct, frozen=True):
    """The model's quotes by source, and a line for each missing one."""

    by_source: Mapping[int, tuple[GivenQuote, ...]]
    refused: tuple[str, ...] = ()


def look_up(given: Sequence[SourceQuote], pages: Mapping[int, str]) -> GivenQuotes:
    """Find each quote in the page of its source."""
    wanted = dict[int, list[SourceQuote]]()
    for quote in given[:MAX_QUOTES]:
        if quote.quote.strip() and quote.source in pages:
            wanted.setdefault(quote.source, []).append(quote)
    found, refused = dict[int, tuple[GivenQuote, ...]](), list[str]()
    for number, quotes in wanted.items():
        page = pages[number]
        folded = _Lazy(page)
        located = [(quote, _located(quote, page, folded)) for quote in quotes]
        found[number] = tuple(quote for _, quote in located if quote)
        refused += [
            NOT_THERE.format(number, " ".join(q.quote.split())[:120]) for q, there in located if not there
        ]
    return GivenQuotes(found, tuple(refused))


class _Lazy:
    """A page that is folded only for an inexact quote."""

    def __init__(self, page: str) -> None:
        self._page = page

    @cached_property
    def _folded(self) -> FoldedText:
        return FoldedText(self._page[:MAX_FOLDED_PAGE])

    @cached_property
    def language(self) -> str:
        """The language of the page, for quotes too short to show theirs."""
        return spoken_language(self._page)

    def locate(self, quote: str) -> tuple[tuple[int, int], ...]:
        return self._folded.locate(quote)


def _located(given: SourceQuote, page: str, folded: _Lazy) -> GivenQuote | None:
    quote = given.quote[:MAX_QUOTE].strip()
    is_paired = any(map(languages.is_paired, languages.words(quote)))
    if len(quote) < (LEAST_PAIRED if is_paired else MIN_GIVEN_QUOTE):
        return None
    places = tuple(PageQuote(page[start:end], start, end) for start, end in folded.locate(quote))
    text = " ".join(place.text for place in places)
    if not places:
        return None
    is_told = folded.language in languages.DETECTED or not folded.language  # by a few words, too
    language = (languages.detect(text) if is_told else "") or folded.language
    return GivenQuote(places, _bare(given.claim), language)


def _bare(text: str) -> str:
    return " ".join(languages.words(text))


class Asked(Struct, frozen=True):
    """A claim that cites a source, and the sentence around it."""

    claim: Claimed
    sentence: str
    language: str  # of the report


def deal(asked: Sequence[Asked], quotes: Sequence[GivenQuote], page: IndexedPage) -> list[FoundQuotes | str]:
    """Find each claim's quote on one page, or why none carries it."""
    free = [quote for quote in quotes if len(quote.claim.split()) < CLAIM_WORDS]
    return [_Dealt(one, page).carried(at, quotes, free, len(asked)) for at, one in enumerate(asked)]


class _Dealt:
    """A claim, and which of the given quotes carries it."""

    def __init__(self, asked: Asked, page: IndexedPage) -> None:
        self.asked, self.page = asked, page
        self._sentence, self._claim = _bare(asked.sentence), _bare(asked.claim.text)
        self._names = {word for word in languages.words(asked.claim.text) if len(word) > 3}

    def carried(
        self, at: int, quotes: Sequence[GivenQuote], free: Sequence[GivenQuote], claims: int
    ) -> FoundQuotes | str:
        """Try a claim's given quotes: the one in place, then similar ones."""
        mine = [quote for quote in quotes if quote.claim and self._is_for(quote)][:TOGETHER]
        placed = [free[at]] if len(free) == claims else []
        why = ""
        for chosen in ([mine] if len(mine) > 1 else []) + [[quote] for quote in (*mine, *placed)]:
            refused = self._refused(chosen)
            if not refused:
                return _found(chosen)
            why = why or refused
        kin = [(self._kinship(quote), quote) for quote in free if quote not in placed]
        for kinship, quote in sorted(kin, key=lambda known: -known[0]):
            if kinship and not self._refused([quote]):
                return _found([quote])
        return why

    def _refused(self, quotes: Sequence[GivenQuote]) -> str:
        """Return why a quote does not carry a claim.

        It lacks a number or a name, has too few of the words, or turns the meaning.
        """
        text, language = " ".join(quote.text for quote in quotes), quotes[0].language
        claim, spoken = self.asked.claim, self.asked.language
        there = figures(text, language) if len(quotes) > 1 else quotes[0].figures
        if why := disagreement(claim.figures, there):
            return why
        if is_foreign(claim.text, spoken, language):
            return meaning.turned(claim.text, text, language, share=0.0) or meaning.turned_across(
                claim.text, spoken, text, language
            )
        share = _share(self.asked, text)
        if claim.stems and share < SAME_WORDS:
            return "the quote says something else"
        turned = meaning.turned(claim.text, text, language, share=share, known=self.page.known)
        return turned or self.page.strange(claim)

    def _is_for(self, quote: GivenQuote) -> bool:
        sentence, claim = self._sentence, self._claim
        return quote.claim in sentence or claim in quote.claim or sentence.startswith(quote.claim[:60])

    def _kinship(self, quote: GivenQuote) -> int:
        """Count what claim and quote share in any language.

        Those are numbers, and words that are spelled alike.
        """
        numbers = self.asked.claim.figures.numbers
        shared = sum(bool(number.readings & quote.values) for number in numbers)
        return shared + len(self._names & quote.words)


def _found(quotes: Iterable[GivenQuote]) -> FoundQuotes:
    return FoundQuotes(tuple(place for quote in quotes for place in quote.places)[:TOGETHER], 1.0)


def _share(asked: Asked, text: str) -> float:
    said = stems(asked.claim.text, asked.language)
    return len(said & stems(text, asked.language)) / len(said) if said else 0.0
