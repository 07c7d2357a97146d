"""Trace a report's sentences to quotes, reads, searches and steps. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import asdict

from app.domain import events as e
from app.domain.events import Recorded
from dossier.evidence import (
    CallMade,
    Discovery,
    ProvenClaim,
    ReasoningView,
    SearchRanks,
    SourceOrigin,
    StepTaken,
    StoredPage,
)


class _FirstSeen(NamedTuple):
    """Where a source was found: what of its event a claim shows."""

    seq: int
    url: str
    title: str
    search: CallMade | None
    ranks: SearchRanks | None


class Trail:
    """What a log says of where things come from.

    Events are noted in order; those of other types than TRACES may be missing.
    """

    def __init__(self, log: Iterable[Recorded] = ()) -> None:
        self._steps = dict[int, StepTaken]()
        self._calls = dict[str, CallMade]()
        self._found = dict[int, _FirstSeen]()
        self._pages = dict[int, StoredPage]()
        self._report: tuple[int, e.ReportWritten] | None = None
        for fact in log:
            self.note(fact)

    def note(self, fact: Recorded) -> None:
        """Take in the next event."""
        match fact.event:
            case e.StepReasoned(step=step, reasoning=reasoning, function=function):
                name = str(type(function).__struct_config__.tag)
                self._steps[step] = StepTaken(fact.seq, step, name, ReasoningView(**asdict(reasoning)))
            case e.CallRequested(key=key, about=about):
                # The first announcement is the one that the step led to; a repeat is the same call.
                turn = key.partition("/")[0]
                asked_by = self._steps.get(int(turn)) if turn.isdecimal() else None
                self._calls.setdefault(key, CallMade(fact.seq, key, about, asked_by))
            case e.SourceFound() as found:
                search = self._calls.get(found.found_by)
                self._found[found.number] = _FirstSeen(
                    fact.seq, found.url, found.title, search, ranks_of(found)
                )
            case (e.PageRead() | e.PageSetAside()) as page:
                read = self._calls.get(page.read_by)
                self._pages[page.number] = StoredPage(fact.seq, page.sha256, page.size, read)
            case e.ReportWritten() as report:
                self._report = (fact.seq, report)

    def claims(self) -> Sequence[ProvenClaim]:
        """Return each claim of the report with its origin."""
        if self._report is None:
            return ()
        seq, report = self._report
        return tuple(
            ProvenClaim(
                number,
                claim.text,
                claim.quote,
                claim.start,
                claim.end,
                claim.score,
                seq,
                self._origin(claim.number),
                claim.verdict,
                claim.reason,
                claim.more,
                claim.given,
                claim.embedded,
            )
            for number, claim in enumerate(report.claims, 1)
            if claim.number in self._found
        )

    def origins(self) -> Mapping[int, SourceOrigin]:
        """Return the job's sources by number, with their origins."""
        return {number: self._origin(number) for number in self._found}

    def _origin(self, number: int) -> SourceOrigin:
        found = self._found[number]
        discovery = Discovery(found.seq, found.search, found.ranks)
        return SourceOrigin(number, found.url, found.title, discovery, self._pages.get(number))


def ranks_of(found: e.SourceFound) -> SearchRanks | None:
    """Return how well a document fitted, None for a web page."""
    told = {name: getattr(found, name) for name in SearchRanks.__struct_fields__}
    known = {name: value for name, value in told.items() if value is not UNSET}
    return SearchRanks(**known) if known else None
