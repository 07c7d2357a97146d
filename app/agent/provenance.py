"""Why a sentence is in a report: its quote, the read, the search, and the step that asked for it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from app.domain import events as e
from app.domain.events import Recorded
from app.domain.tools import Reasoning

CALLER = "caller"  # found_by of a page whose address stands in the question


class StepTaken(Struct, frozen=True):
    """A step of the agent: event `seq`, in which it reasoned so and chose this tool."""

    seq: int
    step: int
    tool: str
    reasoning: Reasoning


class CallMade(Struct, frozen=True):
    """A call: announced by event `seq`, about this query or address, because of that step."""

    seq: int
    key: str
    about: str
    asked_by: StepTaken | None


class Found(Struct, frozen=True):
    """Event `seq` gave the source its number; `search` is None where the question itself named the page."""

    seq: int
    search: CallMade | None


class PageKept(Struct, frozen=True):
    """Event `seq` stored the page under its sha256."""

    seq: int
    sha256: str
    size: int  # bytes
    read: CallMade | None


class Origin(Struct, frozen=True):
    """Where a source comes from; `page` is None where it was not read."""

    number: int
    url: str
    title: str
    found: Found
    page: PageKept | None


class ProvenClaim(Struct, frozen=True):
    """A claim of the report of event `seq`, and everything that it stands on.

    `quote` is characters `start` to `end` of the page of the source.
    """

    claim: int  # 1, 2, 3 … in the order of the report
    text: str
    quote: str
    start: int
    end: int
    score: float
    seq: int
    source: Origin


class _Trail(Struct):
    """What the log says, by the names that its events use for each other."""

    steps: dict[int, StepTaken]
    calls: dict[str, CallMade]
    found: dict[int, tuple[int, e.SourceFound, CallMade | None]]
    pages: dict[int, PageKept]
    report: tuple[int, e.ReportWritten] | None = None


# The types of events that say where things come from.
TYPES = ("step_reasoned", "call_requested", "source_found", "page_read", "report_written")


def claims(log: Iterable[Recorded]) -> Sequence[ProvenClaim]:
    """Each claim of the report with its origin; none while there is no report.

    `log` is a job's log in order; events of other types than TYPES may be missing.
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
        )
        for number, claim in enumerate(report.claims, 1)
        if claim.number in trail.found
    )


def origins(log: Iterable[Recorded]) -> Mapping[int, Origin]:
    """The sources of a job by their numbers, each with where it comes from."""
    trail = _trail(log)
    return {number: _origin(trail, number) for number in trail.found}


def _origin(trail: _Trail, number: int) -> Origin:
    seq, found, search = trail.found[number]
    return Origin(number, found.url, found.title, Found(seq, search), trail.pages.get(number))


def _trail(log: Iterable[Recorded]) -> _Trail:
    trail = _Trail({}, {}, {}, {})
    for fact in log:
        _note(trail, fact)
    return trail


def _note(trail: _Trail, fact: Recorded) -> None:
    match fact.event:
        case e.StepReasoned(step=step, reasoning=reasoning, function=function):
            name = str(type(function).__struct_config__.tag)
            trail.steps[step] = StepTaken(fact.seq, step, name, reasoning)
        case e.CallRequested(key=key, about=about):
            # The first announcement is the one that the step led to; a repeat is the same call.
            turn = key.partition("/")[0]
            asked_by = trail.steps.get(int(turn)) if turn.isdecimal() else None
            trail.calls.setdefault(key, CallMade(fact.seq, key, about, asked_by))
        case e.SourceFound() as found:
            trail.found[found.number] = (fact.seq, found, trail.calls.get(found.found_by))
        case e.PageRead() as page:
            read = trail.calls.get(page.read_by)
            trail.pages[page.number] = PageKept(fact.seq, page.sha256, page.size, read)
        case e.ReportWritten() as report:
            trail.report = (fact.seq, report)
