"""Two jobs side by side: their steps, sources, claims and costs. Pure."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain import events as e
from app.domain.job import Job, evolve
from app.domain.research import Turn
from app.domain.view import usage
from app.domain.words import tool_in_words
from dossier.comparison import (
    ChangedField,
    ClaimDiff,
    Diff,
    SharedSource,
    SourceDiff,
    SourceSide,
    StepPair,
    StepSide,
    UsageDiff,
)
from dossier.job_types import Claim


class _Spent(Struct):
    calls: int = 0
    tokens: int = 0
    cost_usd: float | None = 0.0


class Side:
    """One of two jobs: what a comparison needs of its log."""

    def __init__(self, job_id: UUID, recorded: Iterable[e.Recorded] = ()) -> None:
        self.job = Job(job_id)
        self.spent = dict[int, _Spent]()  # by turn
        self._free = set[str]()  # calls of stand-ins
        for fact in recorded:
            self.note(fact)

    def note(self, fact: e.Recorded) -> None:
        """Take in the next event."""
        self.job = evolve(self.job, fact)
        match fact.event:
            case e.CallRequested(key=key, fallback=True):
                self._free.add(key)
            case e.CallCompleted(key=key, usage=used) | e.CallFailed(key=key, usage=used):
                if key not in self._free:
                    self._charge(key, used)

    def _charge(self, key: str, used: e.Usage) -> None:
        """Add a call to its turn.

        `1/model` is a call of turn 1.
        """
        bill = self.spent.setdefault(int(key.partition("/")[0]), _Spent())
        bill.calls += 1
        bill.tokens += used.input_tokens + used.output_tokens
        both = None if bill.cost_usd is None or used.cost_usd is None else bill.cost_usd + used.cost_usd
        bill.cost_usd = None if both is None else round(both, 9)


def diff(a: Side, b: Side) -> Diff:
    """Compare two jobs that exist."""
    one, other = a.job, b.job
    return Diff(
        a=one.id,
        b=other.id,
        common_prefix=common_prefix(one.research.turns, other.research.turns),
        requests=tuple(_requests(one, other)),
        steps=tuple(
            StepPair(step, *sides) for step, sides in enumerate(zip_longest(_steps(a), _steps(b)), 1)
        ),
        sources=_sources(one, other),
        claims=_claims(one, other),
        usage=UsageDiff(usage(one), usage(other)),
    )


def common_prefix(a: Sequence[Turn], b: Sequence[Turn]) -> int:
    """How many turns at the start are the same: reasoning and choice."""
    same = [(x.reasoning, x.function) == (y.reasoning, y.function) for x, y in zip(a, b, strict=False)]
    return (*same, False).index(False)


def _requests(a: Job, b: Job) -> Iterable[ChangedField]:
    before, after = msgspec.to_builtins(a.request), msgspec.to_builtins(b.request)
    names = [name for name in a.request.__struct_fields__ if before.get(name) != after.get(name)]
    return (ChangedField(name, getattr(a.request, name), getattr(b.request, name)) for name in names)


def _steps(side: Side) -> Iterable[StepSide]:
    research = side.job.research
    forked = research.forked
    for turn in research.turns:
        bill = side.spent.get(turn.step, _Spent())
        yield StepSide(
            tool=str(type(turn.function).__struct_config__.tag),
            words=tool_in_words(turn.function),
            found=len(turn.found),
            read=len(turn.read),
            failed=len(turn.failed),
            calls=bill.calls,
            tokens=bill.tokens,
            cost_usd=bill.cost_usd,
            reused=forked is not None and turn.step <= forked.reused_turns,
        )


def _sources(a: Job, b: Job) -> SourceDiff:
    one = {source.url: source for source in a.research.sources}
    other = {source.url: source for source in b.research.sources}

    def alone(mine: Job, theirs: Iterable[str]) -> tuple[SourceSide, ...]:
        return tuple(
            SourceSide(source.number, source.url, source.title, source.sha256 is not None)
            for source in mine.research.sources
            if source.url not in theirs
        )

    both = (
        SharedSource(url, source.title, source.number, other[url].number)
        for url, source in one.items()
        if url in other
    )
    return SourceDiff(tuple(both), alone(a, other), alone(b, one))


def _claims(a: Job, b: Job) -> ClaimDiff:
    one, other = _claimed(a), _claimed(b)
    texts, others = {claim.text for claim in one}, {claim.text for claim in other}
    return ClaimDiff(
        tuple(dict.fromkeys(claim.text for claim in one if claim.text in others)),
        tuple(claim for claim in one if claim.text not in others),
        tuple(claim for claim in other if claim.text not in texts),
    )


def _claimed(job: Job) -> tuple[Claim, ...]:
    return job.research.report.claims if job.research.report else ()
