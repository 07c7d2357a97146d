"""What makes a citation a fact: each [n] is bound to a quote in a page that was read, or is taken out."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from app.agent import quotes
from app.domain.events import ReportWritten
from app.domain.research import Research
from app.text import prose
from app.text.urls import clean
from dossier.job import Claim

MAX_CONTENT = 200_000  # characters, as in the schema that the model fills
MAX_TITLE = 300  # characters
MAX_CITATIONS = 500  # that are looked up; the rest are taken out, because each takes time and a claim
MAX_CLAIM = 2000  # characters of a sentence that are looked for
MAX_LINE = 300  # characters of a sentence that is listed
MAX_LISTED = 50  # sentences without a citation
MAX_REMOVED = 200
MAX_PAGE = 1_000_000  # characters of a page that are indexed at most
MAX_INDEXED = 5_000_000  # characters of all pages together; each gets its share

NO_SOURCE = "no such source"
NOT_READ = "found but not read"
NO_TEXT = "the text of the page is gone"
TOO_MANY = f"only {MAX_CITATIONS} citations are checked"
OWN_LIST = "The report’s own list of sources ({} lines): the list is kept by the log"

Place = tuple[int, int]  # index of a sentence, number of a source


class _Checked(Struct, frozen=True):
    """What came of each citation, in the order of the report."""

    claims: Mapping[Place, Claim]
    refused: Mapping[Place, str]


def bind(
    title: str,
    content: str,
    confidence: str,
    research: Research,
    texts: Mapping[str, str],
    refused: Mapping[tuple[str, int], str] | None = None,
) -> ReportWritten:
    """The report as it may be delivered: every [n] that is left stands on a quote.

    A sentence whose citation does not hold stays, without its [n], and is listed in `unverified`; the
    citation and the reason are listed in `removed`. Links to other places than the sources become text.

    Args:
        title: cleaned to one line of at most MAX_TITLE characters.
        content: markdown, cut at MAX_CONTENT characters.
        confidence: the model's own word for it, passed on.
        research: its sources say which numbers exist and which pages were read.
        texts: the stored pages by their sha256.
        refused: why a claim and its source, which a judge refused, are to be taken out.

    Returns:
        `coverage` is the share of the sentences that claim something and have a citation that holds,
        `support` the share of the citations that hold among those that the model wrote. Without such
        sentences or citations they are 0.0: nothing is supported.
    """
    report = prose.read(content[:MAX_CONTENT], {source.url for source in research.sources})
    checked = _check(report.sentences, research, texts, refused or {})
    backed = {sentence for sentence, _ in checked.claims}
    claiming = [at for at, sentence in enumerate(report.sentences) if sentence.is_claim]
    written = len(checked.claims) + len(checked.refused)
    return ReportWritten(
        title=clean(title, MAX_TITLE),
        content=prose.write(report, lambda *place: place in checked.claims),
        confidence=confidence,
        claims=tuple(checked.claims.values()),
        coverage=_share(sum(at in backed for at in claiming), len(claiming)),
        support=_share(len(checked.claims), written),
        removed=tuple(_removed(report, checked.refused)),
        unverified=tuple(_unverified(report.sentences, backed)),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _check(
    sentences: Iterable[prose.Sentence],
    research: Research,
    texts: Mapping[str, str],
    judged: Mapping[tuple[str, int], str],
) -> _Checked:
    """Look each citation up; sentences and pages are worked out once."""
    cited = {(at, number): sentence for at, sentence in enumerate(sentences) for number in sentence.numbers}
    digests = {source.number: source.sha256 for source in research.sources}
    claims, refused = dict[Place, Claim](), dict[Place, str]()
    asked = dict[int, dict[Place, quotes.Claimed]]()
    for place, sentence in cited.items():
        if reason := _missing(place[1], digests, texts):
            refused[place] = reason
        elif sum(map(len, asked.values())) >= MAX_CITATIONS:
            refused[place] = TOO_MANY
        else:
            asked.setdefault(place[1], {})[place] = quotes.claimed(sentence.text[:MAX_CLAIM])
    limit = min(MAX_PAGE, MAX_INDEXED // max(1, len(asked)))
    for number, places in asked.items():
        wanted = frozenset[str]().union(*(claim.stems for claim in places.values()))
        page = quotes.Page(texts[digests[number] or ""], wanted, limit)
        for place, claim in places.items():
            found = judged.get((claim.text, number)) or page.find(claim)
            if isinstance(found, str):
                refused[place] = found
            else:
                claims[place] = _claim(claim, number, found)
    return _Checked(dict(sorted(claims.items())), dict(sorted(refused.items())))


def _missing(number: int, digests: Mapping[int, str | None], texts: Mapping[str, str]) -> str | None:
    """Why there is no page to look in."""
    if number not in digests:
        return NO_SOURCE
    digest = digests[number]
    if digest is None:
        return NOT_READ
    return None if digest in texts else NO_TEXT


def _claim(claim: quotes.Claimed, number: int, quote: quotes.Quote) -> Claim:
    return Claim(claim.text, number, quote.text, quote.start, quote.end, quote.score)


def _removed(report: prose.Prose, refused: Mapping[Place, str]) -> Iterable[str]:
    """One line for each citation that was taken out."""
    for at, ((sentence, number), reason) in enumerate(refused.items()):
        if at == MAX_REMOVED:
            yield f"… and {len(refused) - at} more"
            break
        yield f"[{number}] in “{_line(report.sentences[sentence].text, 120)}”: {reason}"
    if report.own_list:
        yield OWN_LIST.format(report.own_list)


def _unverified(sentences: Iterable[prose.Sentence], backed: set[int]) -> list[str]:
    """The sentences that claim something, or wanted to, and stand on nothing."""
    bare = (
        s.text for at, s in enumerate(sentences) if at not in backed and s.text and (s.is_claim or s.numbers)
    )
    return [_line(text, MAX_LINE) for text, _ in zip(bare, range(MAX_LISTED), strict=False)]


def _line(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
