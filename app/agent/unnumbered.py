"""Bind sentences without a valid citation to pages that say them."""

from collections.abc import Mapping, Sequence

from app.agent import quotes
from app.agent.quotes import Claimed, FoundQuotes, IndexedPage
from app.text.spoken import spoken_language
from dossier.job_types import Claim, FurtherPassage

SURE = 0.75  # of a sentence's words, by weight: nobody said that it is about this page
MAX_BOUND = 100  # sentences of a report
MAX_BOUND_PAGES = 3_000_000  # characters of all pages together
MAX_BOUND_CLAIM = 2000  # characters of a sentence that are looked for


def bound(sentences: Mapping[int, str], pages: Mapping[int, str], spoken: str) -> dict[int, Claim]:
    """Return the sentences that pages say, by index, best page each.

    Args:
        sentences: those without a citation that holds, by their index in the report.
        pages: the texts that were read, by the number of their source.
        spoken: the language of the report.
    """
    wanted = dict(list(sentences.items())[:MAX_BOUND])
    best = dict[int, Claim]()
    if not wanted:
        return best
    limit = MAX_BOUND_PAGES // max(1, len(pages))
    for number in sorted(pages):
        for at, claim in _held(wanted, number, pages[number], limit, spoken):
            if at not in best or claim.score > best[at].score:
                best[at] = claim
    return best


def nearest(sentences: Sequence[str], pages: Mapping[int, str]) -> tuple[Claim, ...]:
    """Return each sentence with the passage nearest to it, for a judge.

    A sentence that shares no word with any page is left out.
    """
    wanted = {at: text[:MAX_BOUND_CLAIM] for at, text in enumerate(sentences[:MAX_BOUND])}
    told, limit = spoken_language(" ".join(wanted.values())), MAX_BOUND_PAGES // max(1, len(pages))
    best = dict[int, Claim]()
    for number in sorted(pages if wanted else ()):
        claims, page = _indexed(wanted, pages[number], limit, told)
        for at, claim in claims.items():
            found = page.nearest(claim)
            if found and (at not in best or found[1] > best[at].score):
                best[at] = _claim(claim.text, number, FoundQuotes((found[0],), found[1]))
    return tuple(claim for _, claim in sorted(best.items()))


def _held(
    wanted: Mapping[int, str], number: int, text: str, limit: int, spoken: str
) -> list[tuple[int, Claim]]:
    """The sentences that one page says."""
    claims, page = _indexed(wanted, text, limit, spoken)
    found = ((at, claim.text, page.find(claim)) for at, claim in claims.items())
    return [
        (at, _claim(said, number, place))
        for at, said, place in found
        if isinstance(place, FoundQuotes) and place.score >= SURE
    ]


def _indexed(
    wanted: Mapping[int, str], text: str, limit: int, spoken: str
) -> tuple[dict[int, Claimed], IndexedPage]:
    """Return the sentences to look for, and a page."""
    language = spoken_language(text)
    claims = {
        at: quotes.claimed(said[:MAX_BOUND_CLAIM], language, spoken=spoken) for at, said in wanted.items()
    }
    page = quotes.IndexedPage(
        text, frozenset[str]().union(*(claim.stems for claim in claims.values())), limit, language
    )
    return claims, page


def _claim(text: str, number: int, found: FoundQuotes) -> Claim:
    first, *others = found.quotes
    more = tuple(FurtherPassage(quote.text, quote.start, quote.end) for quote in others)
    return Claim(text, number, first.text, first.start, first.end, found.score, more=more, bound=True)
