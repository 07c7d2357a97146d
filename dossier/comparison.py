"""Two jobs side by side."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from dossier.job_types import Claim, UsageView


class StepSide(Struct, frozen=True):
    """One turn of one job.

    Calls, tokens and cost are those of the turn, whichever job paid them.
    """

    tool: str
    words: str
    found: int  # sources
    read: int  # pages
    failed: int  # calls
    calls: int
    tokens: int
    cost_usd: float | None  # None: not all prices are known
    reused: bool  # a fork has it from its origin


class StepPair(Struct, frozen=True):
    """The turns of the same number in two jobs.

    None where a job has no such turn.
    """

    step: int
    a: StepSide | None
    b: StepSide | None


class SourceSide(Struct, frozen=True):
    """A source in a job that the other one does not have."""

    number: int
    url: str
    title: str
    read: bool


class SharedSource(Struct, frozen=True):
    """A source that both jobs have.

    It is listed under the number that it carries in each.
    """

    url: str
    title: str
    a: int
    b: int


class SourceDiff(Struct, frozen=True):
    """What was found, compared by url."""

    both: tuple[SharedSource, ...]
    only_a: tuple[SourceSide, ...]
    only_b: tuple[SourceSide, ...]


class ClaimDiff(Struct, frozen=True):
    """The sentences of the reports that have a quote.

    They are compared by their text.
    """

    both: tuple[str, ...]
    only_a: tuple[Claim, ...]
    only_b: tuple[Claim, ...]


class UsageDiff(Struct, frozen=True):
    """What each job has used.

    A fork's reused calls are on its origin's bill alone.
    """

    a: UsageView
    b: UsageView


class ChangedField(Struct, frozen=True):
    """A field of the request in both jobs."""

    field: str
    a: Any
    b: Any


class Diff(Struct, frozen=True):
    """Two jobs compared."""

    a: UUID
    b: UUID
    common_prefix: int  # turns at the start that are the same in both
    requests: tuple[ChangedField, ...]
    steps: tuple[StepPair, ...]
    sources: SourceDiff
    claims: ClaimDiff
    usage: UsageDiff
