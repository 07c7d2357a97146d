"""Where the claims of a report come from."""

from uuid import UUID

from msgspec import Struct

from dossier.job_types import FurtherPassage, Support


class ReasoningView(Struct, frozen=True):
    """What the model thought before it chose a tool."""

    reasoning_steps: tuple[str, ...]
    current_situation: str
    plan_status: str
    enough_data: bool
    remaining_steps: tuple[str, ...]
    task_completed: bool


class StepTaken(Struct, frozen=True):
    """A step of the agent.

    In event `seq` it gave this reasoning and chose this tool.
    """

    seq: int
    step: int
    tool: str
    reasoning: ReasoningView


class CallMade(Struct, frozen=True):
    """A call that a step made.

    Event `seq` announced it, about this query or address.
    """

    seq: int
    key: str
    about: str
    asked_by: StepTaken | None


class SearchRanks(Struct, frozen=True, omit_defaults=True):
    """How well a document fitted the search that found it.

    What is not known is left out: a document that only one list has is without what the other one tells.
    """

    score: float | None = None  # 0..1: how well its words fit
    coverage: float | None = None  # 0..1: the share of the query's words that it has, weighed by rarity
    words_rank: int | None = None  # from 1, where there was a list by meaning beside
    meaning_rank: int | None = None
    cosine: float | None = None  # of the query and its nearest passage
    search_rank: int | None = None  # from 1, of what a reranker sorted again: the place before,
    rerank_rank: int | None = None  # the place after,
    relevance: float | None = None  # and the reranker's own score


class Discovery(Struct, frozen=True, omit_defaults=True):
    """The event that gave the source its number.

    `search` is None where the question itself named the page.
    """

    seq: int
    search: CallMade | None
    ranks: SearchRanks | None = None  # of a document; left out elsewhere


class StoredPage(Struct, frozen=True):
    """Event `seq` stored the page under its sha256."""

    seq: int
    sha256: str
    size: int  # bytes
    read: CallMade | None


class SourceOrigin(Struct, frozen=True):
    """Where a source comes from.

    `page` is None where it was not read.
    """

    number: int
    url: str
    title: str
    found: Discovery
    page: StoredPage | None


class ProvenClaim(Struct, frozen=True):
    """A claim of a report, with all of its evidence.

    Event `seq` wrote the report.

    `quote` is characters `start` to `end` of the page of the source.
    """

    claim: int  # 1, 2, 3 … in the order of the report
    text: str
    quote: str
    start: int
    end: int
    score: float
    seq: int
    source: SourceOrigin
    verdict: Support | None = None  # of a judge; None where none was given
    reason: str = ""  # of the verdict
    more: tuple[FurtherPassage, ...] = ()  # further places of the same page
    given: bool = False  # the model itself copied the quote; it was looked up in the page
    embedded: bool = False  # words found no quote; an embedding found it, and score is its cosine
    page_number: int | None = None  # of the quote, from 1, in a PDF or presentation


class Claims(Struct, frozen=True):
    """The claims of a job's report, each with its evidence.

    They are empty until there is a report.
    """

    job_id: UUID
    seq: int  # of the job's newest event
    claims: tuple[ProvenClaim, ...]
