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


class Discovery(Struct, frozen=True):
    """The event that gave the source its number.

    `search` is None where the question itself named the page.
    """

    seq: int
    search: CallMade | None


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
