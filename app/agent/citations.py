"""Bind each citation to a quote in a page, or remove it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import ParamSpec

from msgspec import Struct

from app.agent import given, quotes, unnumbered
from app.agent.given import Asked, GivenQuotes
from app.agent.numbered_pages import NumberedPages
from app.agent.quotes import Claimed, FoundQuotes, PartialQuote
from app.domain.events import RULES, ReportWritten, Unquoted
from app.domain.research import Research
from app.domain.tools import SourceQuote
from app.text import meaning, prose
from app.text.numbers import both
from app.text.spoken import spoken_language
from app.text.urls import clean
from dossier.job_types import Claim, FurtherPassage

MAX_CONTENT = 200_000  # characters, as in the schema that the model fills
MAX_SOURCE_TITLE = 300  # characters
MAX_CITATIONS = 500  # that are looked up; the rest are taken out, because each takes time and a claim
MAX_CLAIM = 2000  # characters of a sentence that are looked for
MAX_LISTED_SENTENCE = 300  # characters of a sentence that is listed
MAX_LISTED = 50  # sentences without a citation
MAX_REMOVED = 200
MAX_INDEXED_PAGE = 1_000_000  # characters of a page that are indexed at most
MAX_INDEXED = 5_000_000  # characters of all pages together; each gets its share

NO_SOURCE = "no such source"
NOT_READ = "found but not read"
FOREIGN = "the page is in another language, and no quote was given for this"
NO_TEXT = "the text of the page is gone"
TOO_MANY = f"only {MAX_CITATIONS} citations are checked"
OWN_LIST = "The report’s own list of sources ({} lines): the list is kept by the log"

STRANGE = "“{}” numbers the results of another system: it names no source"
THOUGHT = "What the model thought ({} characters) was left in the report"
UNION = 0.6  # of a claim's words, which passages of several sources must have together

Place = tuple[int, int, int]  # index of a sentence, of a clause in it, number of a source
Clause = tuple[int, int]
ExamineP = ParamSpec("ExamineP")


class Judged(Struct, frozen=True):
    """What a judge's verdicts and embeddings change in a report."""

    refused: Mapping[tuple[str, int], str]  # why a claim and its source are taken out
    meant: tuple[Claim, ...] = ()  # sentences without a citation that are supported, with their passages
    matched: tuple[Claim, ...] = ()  # citations that words find no quote for, with their passages


class Examined(Struct, frozen=True):
    """A checked report, and its citations that no words decide."""

    report: ReportWritten
    unquoted: tuple[Unquoted, ...]


class _Checked(Struct, frozen=True):
    """What came of each citation, in the order of the report."""

    claims: Mapping[Place, Claim]
    refused: Mapping[Place, str]
    bound: Mapping[int, Claim]  # by the index of their sentence, which has no citation that holds


def examine(
    title: str,
    content: str,
    confidence: str,
    research: Research,
    texts: Mapping[str, str],
    judged: Judged | None = None,
    quotes: Sequence[SourceQuote] = (),
    *,
    is_bound: bool = False,
) -> Examined:
    """Return the deliverable report: every remaining [n] has a quote.

    A sentence whose citation does not hold stays, without its [n], and is listed in `unverified`; the
    citation and the reason are listed in `removed`. Links to other places than the sources become text.

    Args:
        title: cleaned to one line of at most MAX_SOURCE_TITLE characters.
        content: markdown, cut at MAX_CONTENT characters.
        confidence: the model's own word for it, passed on.
        research: its sources say which numbers exist and which pages were read.
        texts: the stored pages by their sha256.
        judged: what a judge refused or found supported, and what embeddings found.
        quotes: what the model copied from the pages; only what is there counts.
        is_bound: whether a sentence without a citation that holds gets one where a page says the same.

    Returns:
        `coverage` is the share of the sentences that claim something and have a citation that holds,
        `support` the share of the citations that hold among those that the model wrote. Without such
        sentences or citations they are 0.0: nothing is supported.
    """
    known = {source.url for source in research.sources}
    report = prose.read(content[:MAX_CONTENT], known, {source.number for source in research.sources})
    pages = _pages(research, texts)
    gave = given.look_up(quotes, pages)
    judged = judged or Judged({})
    check = _Check(report, research, texts, judged, gave)
    checked = check.run({claim.text: claim for claim in judged.meant}, is_bound=is_bound)
    backed = {sentence for sentence, _, _ in checked.claims} | checked.bound.keys()
    claiming = [at for at, sentence in enumerate(report.sentences) if sentence.is_claim]
    written = len(checked.claims) + len(checked.refused)
    written_report = ReportWritten(
        title=clean(title, MAX_SOURCE_TITLE),
        content=prose.write(report, lambda *place: place in checked.claims, _numbers(checked.bound)),
        confidence=confidence,
        claims=_in_order(checked),
        coverage=_share(sum(at in backed for at in claiming), len(claiming)),
        support=_share(len(checked.claims), written),
        removed=tuple(_removed(report, checked.refused, gave.refused)),
        unverified=tuple(_unverified(report.sentences, backed, checked.refused)),
        rules=RULES,
    )
    return Examined(written_report, tuple(check.unquoted))


def _report_of(examine: Callable[ExamineP, Examined]) -> Callable[ExamineP, ReportWritten]:
    """Return the function that examines and gives the report alone."""

    @wraps(examine)
    def report(*args: ExamineP.args, **kwargs: ExamineP.kwargs) -> ReportWritten:
        return examine(*args, **kwargs).report

    return report


bind = _report_of(examine)


def _numbers(bound: Mapping[int, Claim]) -> dict[int, int]:
    return {sentence: claim.number for sentence, claim in bound.items()}


def _in_order(checked: _Checked) -> tuple[Claim, ...]:
    """The claims as the report has them."""
    own = [((sentence, clause), claim) for (sentence, clause, _), claim in checked.claims.items()]
    found = [((sentence, 0), claim) for sentence, claim in checked.bound.items()]
    return tuple(claim for _, claim in sorted([*own, *found], key=lambda placed: placed[0]))


def _pages(research: Research, texts: Mapping[str, str]) -> NumberedPages:
    return NumberedPages(((source.number, source.sha256) for source in research.sources), texts)


def uncited(report: ReportWritten, research: Research, texts: Mapping[str, str]) -> tuple[Claim, ...]:
    """Return the unverified sentences, each with the passage nearest to it."""
    return unnumbered.nearest(report.unverified, _pages(research, texts))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


class _Check:
    """One pass over a report's citations, with sentences and pages cached."""

    def __init__(
        self,
        report: prose.Prose,
        research: Research,
        texts: Mapping[str, str],
        judged: Judged,
        gave: GivenQuotes,
    ) -> None:
        self.report, self.texts, self.judged, self.gave = report, texts, judged.refused, gave
        self.matched = {(claim.text, claim.number): claim for claim in judged.matched}
        self.unquoted = list[Unquoted]()
        self.digests = {source.number: source.sha256 for source in research.sources}
        self.about = {source.number: f"{source.title} {source.url}" for source in research.sources}
        self.language = spoken_language(" ".join(sentence.text for sentence in report.sentences))
        self.claims, self.refused = dict[Place, Claim](), dict[Place, str]()
        self.parts = dict[Place, tuple[Claimed, PartialQuote]]()

    def run(self, meant: Mapping[str, Claim], *, is_bound: bool) -> _Checked:
        """Look each citation up, then those that several sources carry together."""
        asked = self._asked()
        limit = min(MAX_INDEXED_PAGE, MAX_INDEXED // max(1, len(asked)))
        for number, places in asked.items():
            self._look(number, places, limit)
        self._unite()
        return _Checked(
            dict(sorted(self.claims.items())),
            dict(sorted(self.refused.items())),
            (self._bound() if is_bound else {}) | self._meant(meant),
        )

    def _meant(self, meant: Mapping[str, Claim]) -> dict[int, Claim]:
        """The sentences without a citation that a judge found supported."""
        held = {sentence for sentence, _, _ in self.claims}
        return {
            at: meant[sentence.text]
            for at, sentence in enumerate(self.report.sentences)
            if sentence.has_end and at not in held and sentence.text in meant
        }

    def _bound(self) -> dict[int, Claim]:
        """Return uncited sentences that a page says all the same."""
        held = {sentence for sentence, _, _ in self.claims}
        bare = {
            at: sentence.text
            for at, sentence in enumerate(self.report.sentences)
            if sentence.is_claim and sentence.has_end and at not in held
        }
        pages = NumberedPages(self.digests.items(), self.texts)
        found = unnumbered.bound(bare, pages, self.language)
        return {at: claim for at, claim in found.items() if (claim.text, claim.number) not in self.judged}

    def _asked(self) -> dict[int, list[Place]]:
        """The citations of each page that there is."""
        asked, count = dict[int, list[Place]](), 0
        for at, sentence in enumerate(self.report.sentences):
            for clause, said in enumerate(sentence.clauses):
                for number in said.numbers:
                    place = (at, clause, number)
                    if reason := _missing(number, self.digests, self.texts):
                        self.refused[place] = reason
                    elif count >= MAX_CITATIONS:
                        self.refused[place] = TOO_MANY
                    else:
                        asked.setdefault(number, []).append(place)
                        count += 1
        return asked

    def _look(self, number: int, places: Sequence[Place], limit: int) -> None:
        text = self.texts[self.digests[number] or ""]
        language = spoken_language(text)
        claims = [self._claimed(place, language) for place in places]
        wanted = frozenset[str]().union(*(claim.stems | claim.context for claim in claims))
        page = quotes.IndexedPage(text, wanted, limit, language, self.about[number])
        carried = self._given(number, places, claims, page)
        for place, claim, quoted in zip(places, claims, carried, strict=True):
            refused = self.judged.get((claim.text, number))
            found = refused or (quoted if isinstance(quoted, FoundQuotes) else page.find(claim))
            if isinstance(found, FoundQuotes):
                self.claims[place] = _claim(claim, number, found, given=found is quoted)
                continue
            if not refused and (match := self.matched.get((claim.text, number))):
                self.claims[place] = match
                continue
            if found == quotes.NO_PASSAGE and not quoted:
                self.unquoted.append(Unquoted(claim.text, number))
            self.refused[place] = refused or _reason(number, self._why(found, quoted, language))
            if not refused and len(self._clause(place).numbers) > 1 and (part := page.part(claim)):
                self.parts[place] = (claim, part)

    def _clause(self, place: Place) -> prose.Clause:
        return self.report.sentences[place[0]].clauses[place[1]]

    def _claimed(self, place: Place, language: str) -> Claimed:
        clause = self._clause(place)
        return quotes.claimed(
            clause.text[:MAX_CLAIM], language, clause.context[:MAX_LISTED_SENTENCE], self.language
        )

    def _given(
        self, number: int, places: Sequence[Place], claims: Sequence[Claimed], page: quotes.IndexedPage
    ) -> list[FoundQuotes | str]:
        quoted = self.gave.by_source.get(number, ())
        asked = [
            Asked(claim, self.report.sentences[place[0]].text[:MAX_CLAIM], self.language)
            for place, claim in zip(places, claims, strict=True)
        ]
        return given.deal(asked, quoted, page) if quoted else [""] * len(asked)

    def _why(self, found: str, quoted: FoundQuotes | str, language: str) -> str:
        """Explain a removed citation, by the model's own quote if given.

        What that quote lacks tells more than that no other was found.
        """
        if found != quotes.NO_PASSAGE:
            return found
        if isinstance(quoted, str) and quoted:
            return quoted
        is_foreign = language and self.language and language != self.language
        return FOREIGN if is_foreign else found

    def _unite(self) -> None:
        """Sentences that no source carries alone, and several carry together."""
        clauses = dict[Clause, list[Place]]()
        for place in self.parts:
            clauses.setdefault(place[:2], []).append(place)
        for clause, places in clauses.items():
            alone = any(place[:2] == clause for place in self.claims)
            if not alone and len(places) > 1 and (score := self._together(places)):
                for place in places:
                    claim, part = self.parts[place]
                    del self.refused[place]
                    self.claims[place] = _claim(claim, place[2], FoundQuotes((part.quote,), score))

    def _together(self, places: Sequence[Place]) -> float:
        """Return the share of the claim's words in the passages together.

        0.0 if they do not carry the claim.
        """
        found = [self.parts[place] for place in places]
        claim, held = found[0][0], frozenset[str]().union(*(part.held for _, part in found))
        others = [frozenset[str]().union(*(o.held for _, o in found if o is not part)) for _, part in found]
        adds = all(part.held - other for (_, part), other in zip(found, others, strict=True))
        share = _share(len(held & claim.stems), len(claim.stems))
        figures = both(part.figures for _, part in found)
        turned = any(meaning.turned(claim.text, part.quote.text, self.language) for _, part in found)
        strange = frozenset[str].intersection(*(part.strangers for _, part in found))
        is_meant = not turned and not strange and not quotes.disagreement(claim.figures, figures)
        is_carried = adds and share >= UNION and is_meant
        return min(0.99, share) if is_carried else 0.0


def _reason(number: int, reason: str) -> str:
    """A reason that names its page."""
    return reason.replace("the page", f"page {number}", 1)


def _missing(number: int, digests: Mapping[int, str | None], texts: Mapping[str, str]) -> str | None:
    """Why there is no page to look in."""
    if number not in digests:
        return NO_SOURCE
    digest = digests[number]
    if digest is None:
        return NOT_READ
    return None if digest in texts else NO_TEXT


def _claim(claim: Claimed, number: int, found: FoundQuotes, *, given: bool = False) -> Claim:
    first, *others = found.quotes
    more = tuple(FurtherPassage(quote.text, quote.start, quote.end) for quote in others)
    return Claim(claim.text, number, first.text, first.start, first.end, found.score, more=more, given=given)


def cited_in(number: int, text: str) -> str:
    """Name a citation by its number and its clause."""
    return f"[{number}] in “{_line(text, 120)}”"


def _removed(report: prose.Prose, refused: Mapping[Place, str], not_there: Sequence[str]) -> Iterable[str]:
    """Describe each citation, and everything else, that was removed."""
    for at, ((sentence, clause, number), reason) in enumerate(refused.items()):
        if at == MAX_REMOVED:
            yield f"… and {len(refused) - at} more"
            break
        yield f"{cited_in(number, report.sentences[sentence].clauses[clause].text)}: {reason}"
    yield from not_there[:MAX_LISTED]
    yield from map(STRANGE.format, report.strange)
    if report.own_list:
        yield OWN_LIST.format(report.own_list)
    if report.thought:
        yield THOUGHT.format(report.thought)


def _unverified(
    sentences: Iterable[prose.Sentence], backed: set[int], refused: Mapping[Place, str]
) -> list[str]:
    """Return the unsupported sentences, and unsupported parts of others.

    Sentences that claim nothing are left out.
    """
    fallen = {place[:2] for place in refused}
    bare = (
        text
        for at, sentence in enumerate(sentences)
        for text in (_parts(at, sentence, fallen) if at in backed else _whole(sentence))
    )
    return [_line(text, MAX_LISTED_SENTENCE) for text, _ in zip(bare, range(MAX_LISTED), strict=False)]


def _whole(sentence: prose.Sentence) -> list[str]:
    return [sentence.text] if sentence.text and (sentence.is_claim or sentence.clauses) else []


def _parts(at: int, sentence: prose.Sentence, fallen: set[Clause]) -> list[str]:
    """Clauses of a sentence of several that lost their citation."""
    if len(sentence.clauses) < 2:
        return []
    return [said.text for clause, said in enumerate(sentence.clauses) if (at, clause) in fallen]


def _line(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
