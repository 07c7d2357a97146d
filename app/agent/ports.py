"""Define the agent's ports: models that decide, searches that find.

Each implementation passes the conformance tests in tests/providers/. Errors come out as ProviderError
with a type and whether trying again can help; nothing else may come out.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from msgspec import UNSET, Struct, UnsetType

from app.agent.brief import Brief
from app.domain.events import FailedPart, UnmetBounds, Usage, WritingState
from app.domain.research import Turn
from app.domain.tools import NextStep
from app.errors import ProviderError
from dossier.job_types import Support
from dossier.request import Effort, Length, SearchScope

UNJUDGED = "none"  # the provider that is named where nobody judges or embeds
# Names of providers whose calls never cost anything.
FREE = frozenset({"extractive", "corpus", "searxng", "wikipedia", UNJUDGED})


class SeenSource(Struct, frozen=True):
    """A source as the model sees it.

    `sha256` is the key of its text once it was read.
    """

    number: int
    url: str
    title: str
    excerpt: str
    sha256: str | None = None
    # How well it fits the search, where that is known; left out of the JSON elsewhere.
    score: float | UnsetType = UNSET
    coverage: float | UnsetType = UNSET


class FollowUp(Struct, frozen=True):
    """What a fork is asked beyond the original question."""

    instruction: str
    after: int  # the turn that it was said after; 0: before the first
    title: str = ""
    content: str = ""  # of the report that was written before, markdown; "" if there was none


class Repair(Struct, frozen=True):
    """A report to repair, and a line for each fault."""

    title: str
    content: str  # markdown, as it was written
    fallen: tuple[str, ...]


class PlanReview(Struct, frozen=True):
    """What the person made of the plan."""

    after: int  # the turn that drafted it
    steps: tuple[str, ...]
    remarks: tuple[str, ...]


class ReportWish(Struct, frozen=True, omit_defaults=True):
    """What the person wants of the report."""

    instructions: str = ""
    language: str = ""  # a BCP 47 tag
    length: Length | None = None
    outline: tuple[str, ...] = ()


class Ask(Struct, frozen=True):
    """Everything that a model is told in one turn.

    Its JSON is what is hashed and stored as the input.
    """

    query: str
    today: str  # ISO date of the job's start
    effort: Effort
    step: int  # of this turn, from 1
    menu: tuple[str, ...]  # names of the tools that are still allowed
    goal: str
    plan: tuple[str, ...]
    turns: tuple[Turn, ...]  # the turns so far
    sources: tuple[SeenSource, ...]
    corrections: tuple[str, ...] = ()  # what was wrong with the replies to this very question so far
    answers: tuple[str, ...] = ()  # the caller's answers to the agent's questions, or the assumptions
    # Left out of the JSON where there is none: the inputs of all other jobs keep their hashes.
    follow_up: FollowUp | UnsetType = UNSET
    repair: Repair | UnsetType = UNSET
    stands_in: bool | UnsetType = UNSET  # a model began this, and could not go on
    left: tuple[int, int, int] | UnsetType = UNSET  # turns, this one among them, searches, and pages
    # For each turn, what of it brought nothing, and why.
    notes: tuple[tuple[str, ...], ...] | UnsetType = UNSET
    wish: ReportWish | UnsetType = UNSET
    review: PlanReview | UnsetType = UNSET
    output_schema: dict[str, Any] | UnsetType = UNSET  # of what the report fills besides
    every_search_failed: bool | UnsetType = UNSET  # so nothing can be said of the sources
    is_unsearched: bool | UnsetType = UNSET  # the report is wanted before anything was searched for
    weighs: bool | UnsetType = UNSET  # evidence is weighed by many signs; unset in jobs of older rules
    meets_numbers: bool | UnsetType = UNSET  # a page of another number answers nothing; so is this
    keeps_dots: bool | UnsetType = UNSET  # a question is not parted at the dot of "No. 2"; so is this
    words: str | UnsetType = UNSET  # about how many a report has by its effort; unset in jobs of older rules
    # For each turn, what the server's counts had told by then; 0: nothing yet. Unset in jobs of older rules.
    bytes_per_token: tuple[float, ...] | UnsetType = UNSET


class JudgedClaim(Struct, frozen=True):
    """A claim as a judge sees it."""

    text: str
    quote: str
    context: str  # of the quote in its page


class ModelReply(Struct, frozen=True):
    """A filled schema, and what it cost."""

    step: NextStep
    usage: Usage = Usage()
    repaired: tuple[str, ...] = ()  # what of the reply was repaired or clipped to make it a step
    prompt_bytes: int = 0  # of the text whose tokens the server counted; 0: not known


class Writing:
    """A model's reply in progress, which the worker reads during the call.

    It reads it after the call, too.
    """

    def __init__(self) -> None:
        self.state: WritingState = "reading"
        self.is_used = False  # somebody writes into it
        self._said: list[str] = []
        self._pieces = 0
        self._characters = 0

    @property
    def tokens(self) -> int:
        """Estimate the tokens so far.

        Servers send one at a time, or several at once.
        """
        return max(self._pieces, self._characters // 5)

    @property
    def said(self) -> str:
        """What was written so far."""
        return "".join(self._said)

    def start(self, state: WritingState = "reading") -> None:
        """Begin again: what was written before is dropped."""
        self.state, self.is_used = state, True
        self._said.clear()
        self._pieces = self._characters = 0

    def say(self, piece: str) -> None:
        """Add to the reply."""
        self._count(piece, "writing")
        self._said.append(piece)

    def think(self, piece: str) -> None:
        """Add to the thoughts, which are counted and not kept."""
        self._count(piece, "thinking")

    def _count(self, piece: str, state: WritingState) -> None:
        self.state, self.is_used = state if piece else self.state, True
        self._pieces += bool(piece)
        self._characters += len(piece)


class BadReply(ProviderError):
    """The model gave a paid reply that is not a legal step.

    The message says what is wrong with it in words that can be told to the model.
    """

    def __init__(self, message: str, usage: Usage, said: str = "") -> None:
        super().__init__("validation", message, retryable=False)
        self.usage = usage
        self.said = said  # the reply, as far as it is known


class PartlyPaid(ProviderError):
    """A call of several requests failed after some of them were paid."""

    def __init__(self, error: ProviderError, usage: Usage) -> None:
        super().__init__(
            error.error_type, str(error), retryable=error.retryable, retry_after=error.retry_after
        )
        self.usage = usage


class SearchBounds(Struct, frozen=True, omit_defaults=True):
    """When the pages wanted were published, and for whom."""

    published_after: date | None = None
    published_before: date | None = None
    language: str | None = None  # a BCP 47 tag
    region: str | None = None  # a country of ISO 3166

    @property
    def main_language(self) -> str:
        """Return the language without its region, "" for any."""
        return (self.language or "").lower().partition("-")[0]


UNBOUNDED = SearchBounds()


class Hit(Struct, frozen=True):
    """A page that a search offers."""

    url: str
    title: str
    excerpt: str
    score: float  # 0..1, comparable within one search
    # The engine that found it, where several were asked; left out of the JSON elsewhere.
    engine: str | UnsetType = UNSET
    # 0..1: the share of the query, weighed by rarity in all that can be found, that the excerpt has.
    coverage: float | UnsetType = UNSET
    # Of documents that are found by words and by meaning: their place in each list, from 1, and the cosine.
    words_rank: int | UnsetType = UNSET
    meaning_rank: int | UnsetType = UNSET
    cosine: float | UnsetType = UNSET
    # Of documents that were sorted again: the places before and after, from 1, and the reranker's own score.
    search_rank: int | UnsetType = UNSET
    rerank_rank: int | UnsetType = UNSET
    relevance: float | UnsetType = UNSET


class SearchReply(Struct, frozen=True):
    """What a search found, best first, possibly nothing."""

    hits: tuple[Hit, ...]
    usage: Usage = Usage()
    failed_parts: tuple[FailedPart, ...] = ()  # of a search that asks several providers
    unmet_bounds: tuple[UnmetBounds, ...] = ()  # who did not search by what was asked of time and place
    embedder: str = ""  # the provider that embedded the query, where documents were found by meaning too
    reranker: str = ""  # the provider that sorted the documents again


class PageReply(Struct, frozen=True):
    """The text of a page, and what it tells of itself."""

    text: str
    usage: Usage = Usage()
    published: str = ""  # as `day_told` returns it
    language: str = ""  # ISO 639-1


class TextReply(Struct, frozen=True):
    """What a model wrote for a brief."""

    text: str
    usage: Usage = Usage()


class Judgement(Struct, frozen=True):
    """The verdict on the claim with this place, from 0."""

    claim: int
    support: Support
    reason: str = ""


class JudgeReply(Struct, frozen=True):
    """A judge's verdicts, possibly without some claims."""

    judgements: tuple[Judgement, ...]
    usage: Usage = Usage()


class Vectors(Struct, frozen=True):
    """One vector for each text, in the order of the texts."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage = Usage()


class PassageMatch(Struct, frozen=True):
    """A passage near to the claim with this place, from 0."""

    claim: int
    start: int  # characters into the page
    end: int
    score: float  # cosine


class EmbedReply(Struct, frozen=True):
    """The passages nearest to some claims, best first for each."""

    matches: tuple[PassageMatch, ...]
    usage: Usage = Usage()


class Relevance(Struct, frozen=True):
    """A score for each passage, in their order.

    What a score means depends on the model; a higher one is better.
    """

    scores: tuple[float, ...]
    usage: Usage = Usage()


class Reranker(Protocol):
    """Tells how well passages answer a question."""

    name: str

    async def rerank(self, query: str, passages: Sequence[str]) -> Relevance:
        """Return a score for each passage. Raises ProviderError."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors that are near where the meanings are."""

    name: str
    threshold: float  # the least cosine of a sentence and its translation

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text. Raises ProviderError."""
        ...


class Judge(Protocol):
    """Judges whether quotes mean what the claims citing them say.

    It is a model, or one made for entailment.
    """

    name: str

    async def judge(self, claims: Sequence[JudgedClaim], writing: Writing | None = None) -> JudgeReply:
        """Verdicts from the claims, the quotes and their context alone.

        Raises BadReply for an answer that cannot be read, ProviderError for everything else.
        """
        ...


class Model(Protocol):
    """Decides the next step."""

    name: str

    async def next_step(
        self, ask: Ask, texts: Mapping[str, str], writing: Writing | None = None
    ) -> ModelReply:
        """Fill the schema for one turn.

        `texts` holds the pages that were read, by their sha256.

        What is written on the way stands in `writing`, also where the call ends in an error. A model that
        asks a server bounds its own waits, because only it knows how long it stood in a queue.

        Raises BadReply for an answer that is not a legal step, ProviderError for everything else.
        """
        ...


class BriefModel(Protocol):
    """Does one piece of a threaded job's work."""

    name: str

    async def fulfil(
        self, brief: Brief, texts: Mapping[str, str], writing: Writing | None = None
    ) -> TextReply:
        """Return what the model wrote, without its thoughts.

        `texts` holds the page of an extraction, by its sha256.

        Raises ProviderError; BadReply for a reply that was cut off or refused.
        """
        ...


class Search(Protocol):
    """Finds pages and reads them."""

    name: str
    scope: SearchScope

    async def search(
        self,
        query: str,
        limit: int,
        *,
        allowed: Sequence[str] = (),
        blocked: Sequence[str] = (),
        bounds: SearchBounds = UNBOUNDED,
    ) -> SearchReply:
        """At most `limit` hits, best first. Raises ProviderError.

        The domains `allowed` and `blocked`, and the bounds, are passed on to engines that can search by
        them; they promise nothing about the hits.
        """
        ...

    async def read(self, url: str) -> PageReply:
        """The text of a page that this search returned. Raises ProviderError."""
        ...
