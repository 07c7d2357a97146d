"""Search pages by embedding for claims without a quote.

The passages nearest to a claim come from the embedder. Whether one of them carries the claim is decided here,
by numbers, names and negations, as for a quote that the model gave.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from math import isfinite, sqrt
from operator import mul
from typing import Literal

from msgspec import Struct

from app.agent.numbered_pages import NumberedPages
from app.agent.ports import EmbedReply, PassageMatch
from app.agent.quotes import MIN_SENTENCE, claimed, disagreement
from app.domain import events as e
from app.domain.job import Job
from app.text import languages, meaning, proper_names, sentences
from app.text.numbers import figures
from app.text.proper_names import Known
from app.text.spoken import is_foreign, spoken_language
from dossier.job_types import Claim

MAX_EMBEDDED_CLAIMS = 240  # of one draft
CLAIMS_OF_CALL = 40
MATCHED_PASSAGES = 1000  # of one page; with CLAIMS_OF_CALL this bounds the comparisons of a call
MATCHED_PASSAGE = 1200  # characters
MAX_SEARCHED_PAGE = 1_000_000  # characters of a page
NEAREST = 3  # passages of a page that are checked for one claim


class EmbedCall(Struct, frozen=True):
    """Find the passages of one page that are nearest to some claims.

    Without claims it only ends a search that cannot go on.
    """

    key: str
    number: int = 0  # of the source
    claims: tuple[str, ...] = ()
    kind: Literal["embed"] = "embed"

    @property
    def is_empty(self) -> bool:
        """True if nobody is asked: it is free, and in no limit."""
        return not self.claims


class Wanted(Struct, frozen=True):
    """One call's texts: its claims, then its page's passages."""

    claims: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]


def unquoted(job: Job, found: Iterable[e.Unquoted]) -> tuple[e.Unquoted, ...]:
    """Return which claims without a quote are searched for by embedding."""
    is_on = job.embeds and not job.research.is_ending
    return tuple(dict.fromkeys(found))[:MAX_EMBEDDED_CLAIMS] if is_on else ()


def embed_calls(job: Job) -> list[EmbedCall]:
    """Return the calls that search for the newest draft's claims.

    After a limit it is one call that asks nobody.
    """
    research = job.research
    calls = _batches(len(research.turns), (research.draft and research.draft.unquoted) or ())
    if not research.is_ending:
        return calls
    settled = {call.key for call in research.calls if call.settled}
    return [*(call for call in calls if call.key in settled), ending(job)]


def _batches(turn: int, wanted: Sequence[e.Unquoted]) -> list[EmbedCall]:
    of_source = defaultdict[int, list[str]](list)
    for claim in wanted:
        of_source[claim.number].append(claim.text)
    batches = [
        (number, texts[at : at + CLAIMS_OF_CALL])
        for number, texts in sorted(of_source.items())
        for at in range(0, len(texts), CLAIMS_OF_CALL)
    ]
    return [
        EmbedCall(f"{turn}/embed/{n}", number, tuple(texts)) for n, (number, texts) in enumerate(batches, 1)
    ]


def ending(job: Job) -> EmbedCall:
    """Return the call after which the draft goes on as it is."""
    return EmbedCall(f"{len(job.research.turns)}/embed/none")


def wanted_of(call: EmbedCall, page: str) -> Wanted:
    """Return what is embedded for a call."""
    spans = tuple(_passages(page))
    return Wanted(call.claims, spans, (*call.claims, *(page[start:end] for start, end in spans)))


def _passages(page: str) -> list[tuple[int, int]]:
    head = page[:MAX_SEARCHED_PAGE]
    found = sentences.short(head, sentences.spans(head, MIN_SENTENCE))[:MATCHED_PASSAGES]
    return [(start, min(end, start + MATCHED_PASSAGE)) for start, end in found]


def nearest(wanted: Wanted, vectors: Sequence[Sequence[float]], threshold: float) -> tuple[PassageMatch, ...]:
    """Return the NEAREST passages of each claim, from the threshold on."""
    units = [_unit(vector) for vector in vectors]
    claims, passages = units[: len(wanted.claims)], units[len(wanted.claims) :]
    return tuple(
        PassageMatch(at, *wanted.spans[place], score)
        for at, claim in enumerate(claims)
        for score, place in _best(claim, passages)
        if score >= threshold
    )


def _best(claim: Sequence[float], passages: Sequence[Sequence[float]]) -> list[tuple[float, int]]:
    cosines = ((round(sum(map(mul, claim, other)), 4), at) for at, other in enumerate(passages))
    return nlargest(NEAREST, cosines, key=lambda found: (found[0], -found[1]))


def _unit(vector: Sequence[float]) -> list[float]:
    length = sqrt(sum(map(mul, vector, vector)))
    return [value / length for value in vector] if length and isfinite(length) else [0.0] * len(vector)


def matched(
    job: Job, calls: Iterable[EmbedCall], replies: Mapping[str, EmbedReply], texts: Mapping[str, str]
) -> e.PassagesMatched:
    """The passages that carry claims of the draft."""
    pages = NumberedPages(((source.number, source.sha256) for source in job.research.sources), texts)
    spoken = spoken_language(job.research.draft.content) if job.research.draft else ""
    found, asked, embedder = list[Claim](), 0, ""
    for call in calls:
        asked += len(call.claims)
        known, reply = job.research.call(call.key), replies.get(call.key)
        if reply is not None and call.claims:
            embedder = known.provider if known else embedder
            found += _Page(call.number, pages.get(call.number, ""), spoken).carried(call, reply)
    return e.PassagesMatched(embedder, tuple(found), asked - len(found))


class _Page:
    """One page, by which the passages near to claims are checked."""

    def __init__(self, number: int, text: str, spoken: str) -> None:
        self.number, self.text, self.spoken = number, text, spoken
        self.language = spoken_language(text)
        self.spans = _passages(text)
        self.places = {span: at for at, span in enumerate(self.spans)}
        self.known = Known(languages.words(text[:MAX_SEARCHED_PAGE]))

    def carried(self, call: EmbedCall, reply: EmbedReply) -> Iterator[Claim]:
        """Return each claim with the first passage that carries it."""
        best = dict[int, Claim]()
        for match in reply.matches:
            at = self.places.get((match.start, match.end))
            if at is None or match.claim >= len(call.claims) or match.claim in best:
                continue
            if span := self._span(call.claims[match.claim], at):
                text, quote = call.claims[match.claim], self.text[slice(*span)]
                score = min(0.99, match.score)
                best[match.claim] = Claim(text, self.number, quote, *span, score, embedded=True)
        yield from (claim for _, claim in sorted(best.items()))

    def _span(self, text: str, at: int) -> tuple[int, int] | None:
        """Return the passage, with a neighbour if that has the missing number.

        None if it does not carry the claim.
        """
        if self._is_turned(text, at):
            return None
        said = claimed(text, self.language, spoken=self.spoken).figures
        for start, end in self._around(at):
            if not disagreement(said, figures(self.text[start:end], self.language)):
                return start, end
        return None

    def _around(self, at: int) -> Iterator[tuple[int, int]]:
        """Yield a passage alone, with the next, with the one before."""
        yield self.spans[at]
        if at + 1 < len(self.spans):
            yield self.spans[at][0], self.spans[at + 1][1]
        if at:
            yield self.spans[at - 1][0], self.spans[at][1]

    def _is_turned(self, text: str, at: int) -> bool:
        """Return True if a negation, a hedge or a name differs."""
        quote = self.text[slice(*self.spans[at])]
        if meaning.turned(text, quote, self.language, share=0.0):
            return True
        if is_foreign(text, self.spoken, self.language):
            return bool(meaning.turned_across(text, self.spoken, quote, self.language))
        return bool(proper_names.stranger(text, self.spoken or self.language, self.known))
