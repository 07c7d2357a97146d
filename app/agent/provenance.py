"""Trace a report's sentences to quotes, reads, searches and steps. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict

from app.domain import events as e
from app.domain.events import Recorded
from dossier.evidence import (
    CallMade,
    Discovery,
    ProvenClaim,
    ReasoningView,
    SourceOrigin,
    StepTaken,
    StoredPage,
)


class _Trail(Struct):
    """A log's events, by the names that refer to them."""

    steps: dict[int, StepTaken]
    calls: dict[str, CallMade]
    found: dict[int, tuple[int, e.SourceFound, CallMade | None]]
    pages: dict[int, StoredPage]
    report: tuple[int, e.ReportWritten] | None = None


def claims(log: Iterable[Recorded]) -> Sequence[ProvenClaim]:
    """Return each claim of the report with its origin.

    `log` is a job's log in order; events of other types than TRACES may be missing.
    """
    trail = _trail(log)
    if trail.report is None:
        return ()
    seq, report = trail.report
    return tuple(
        ProvenClaim(
            number,
            claim.text,
            claim.quote,
            claim.start,
            claim.end,
            claim.score,
            seq,
            _origin(trail, claim.number),
            claim.verdict,
            claim.reason,
            claim.more,
            claim.given,
            claim.embedded,
        )
        for number, claim in enumerate(report.claims, 1)
        if claim.number in trail.found
    )


def origins(log: Iterable[Recorded]) -> Mapping[int, SourceOrigin]:
    """Return a job's sources by number, with their origins."""
    trail = _trail(log)
    return {number: _origin(trail, number) for number in trail.found}


def _origin(trail: _Trail, number: int) -> SourceOrigin:
    seq, found, search = trail.found[number]
    return SourceOrigin(number, found.url, found.title, Discovery(seq, search), trail.pages.get(number))


def _trail(log: Iterable[Recorded]) -> _Trail:
    trail = _Trail({}, {}, {}, {})
    for fact in log:
        _note(trail, fact)
    return trail


def _note(trail: _Trail, fact: Recorded) -> None:
    match fact.event:
        case e.StepReasoned(step=step, reasoning=reasoning, function=function):
            name = str(type(function).__struct_config__.tag)
            trail.steps[step] = StepTaken(fact.seq, step, name, ReasoningView(**asdict(reasoning)))
        case e.CallRequested(key=key, about=about):
            # The first announcement is the one that the step led to; a repeat is the same call.
            turn = key.partition("/")[0]
            asked_by = trail.steps.get(int(turn)) if turn.isdecimal() else None
            trail.calls.setdefault(key, CallMade(fact.seq, key, about, asked_by))
        case e.SourceFound() as found:
            trail.found[found.number] = (fact.seq, found, trail.calls.get(found.found_by))
        case (e.PageRead() | e.PageSetAside()) as page:
            read = trail.calls.get(page.read_by)
            trail.pages[page.number] = StoredPage(fact.seq, page.sha256, page.size, read)
        case e.ReportWritten() as report:
            trail.report = (fact.seq, report)
