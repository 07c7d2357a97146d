"""Show a job as it moves.

A person gets one live view, everything else plain lines.

Both come from the events alone: the board folds them as the server does.
"""

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import msgspec
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from app.cli.printing import cost_in_words
from app.cli.questions import put_questions
from app.cli.terminal import counted, err, harmless, is_interactive, line
from app.domain import events as e
from app.domain import upcast
from app.domain.job import Job, evolve
from app.domain.research import TURNS_PER_STEP
from app.domain.words import aside_in_words, step_in_words
from dossier import Dossier, JobEvent

BAR = 40  # columns
QUIET = 5.0  # seconds without an event until the board says so


class Board:
    """The live view of one job."""

    def __init__(self, job_id: UUID) -> None:
        self.job = Job(job_id)
        self._began = self._heard = time.monotonic()
        self._spinner = Spinner("dots")

    def see(self, followed: JobEvent) -> None:
        """Take the next event in.

        seq 1 starts the job from its beginning.
        """
        job = Job(self.job.id) if followed.seq == 1 else self.job
        fact = e.Recorded(job.id, followed.seq, followed.at, "", None, fact_in(followed))
        self.job = evolve(job, fact)
        self._heard = time.monotonic()

    def __rich__(self) -> RenderableType:
        """Return the view.

        rich asks for it several times a second.
        """
        return Group(self._status(), self._bar(), *self._plan(), self._counts())

    def _status(self) -> RenderableType:
        self._spinner.update(text=Text(harmless(self.job.current_step or "Connecting"), style="bold"))
        return self._spinner

    def _bar(self) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        elapsed = time.monotonic() - self._began
        bar = ProgressBar(total=100, completed=self.job.progress, width=BAR)
        row.add_row(bar, f"{self.job.progress:3} %", f"{elapsed:.1f} s", self.job.status)
        return row

    def _plan(self) -> Iterator[Text]:
        done = steps_done(self.job)
        for number, step in enumerate(self.job.research.plan):
            tick, style = ("✓", "green") if number < done else ("·", "dim")
            yield Text(f"  {tick} {harmless(step)}", style=style, overflow="ellipsis", no_wrap=True)

    def _counts(self) -> Text:
        quiet = time.monotonic() - self._heard
        more = f" · nothing new for {quiet:.0f} s" if quiet > QUIET else ""
        return Text(f"  {counts(self.job)}{more}", style="dim")


def steps_done(job: Job) -> int:
    """Return how many steps of the plan are done.

    The turns so far decide. With the report, all steps are done.
    """
    research = job.research
    if research.report:
        return len(research.plan)
    if research.work.threads:
        return sum(thread.closed is not None for thread in research.work.threads[: len(research.plan)])
    return min(len(research.plan), max(0, len(research.turns) - 1) // TURNS_PER_STEP)


def counts(job: Job) -> str:
    """What the research has come to so far."""
    found = len(job.research.sources)
    read = sum(source.sha256 is not None for source in job.research.sources)
    bill = job.research.bill
    is_free = not bill.cost_usd and not bill.unpriced_calls
    cost = "" if is_free else f" · {cost_in_words(bill.cost_usd, bill.unpriced_calls)}"
    sources = f"{counted(found, 'source')} found, {read} read"
    return f"{counted(bill.searches, 'search', 'searches')} · {sources} · {counted(bill.calls, 'call')}{cost}"


def watch(dossier: Dossier, job_id: UUID, after: int = 0) -> None:
    """Show the job on standard error until it is over.

    A person gets the board, everything else lines.

    A person is also asked what the agent wants to know; lines say how to answer.
    """
    events = dossier.stream(job_id, after)
    if after == 0 and is_interactive():
        _show(events, Board(job_id), lambda asked: put_questions(dossier, job_id, asked))
    else:
        for followed in events:
            if words := in_words(followed):
                line(f"[{followed.progress:3} %] {harmless(words)}")


def _show(events: Iterator[JobEvent], board: Board, ask: Callable[[e.InputRequested], None]) -> None:
    with Live(board, console=err, refresh_per_second=10, transient=True) as live:
        for followed in events:
            board.see(followed)
            if isinstance(asked := fact_in(followed), e.InputRequested):
                live.stop()
                ask(asked)
                live.start()
    line(f"{board.job.status}: {counts(board.job)}")


def fact_in(followed: JobEvent) -> e.Event:
    """Return the event as the domain knows it.

    An event of another server's version becomes `Unrecognised`.
    """
    return upcast.load_sent(followed.type, msgspec.json.encode(followed.data))


def in_words(followed: JobEvent) -> str | None:
    """Return the line of an event.

    None for those that say nothing to a person.
    """
    match fact_in(followed):
        case e.CallRequested(kind="model") | e.CallCompleted():
            return None
        case e.AttemptStarted() as event:
            return f"Attempt {event.attempt} has begun"
        case e.PlanDrafted() as event:
            return "The plan: " + "; ".join(event.steps)
        case e.SourceFound() as event:
            return f"Found [{event.number}] {event.title}"
        case e.PageRead() as event:
            return f"Read [{event.number}], {event.size:,} bytes"
        case e.PageSetAside() as event:
            return f"Set aside [{event.number}]: {aside_in_words(event)}"
        case e.InputRequested() as event:
            questions = " ".join(event.questions)
            if event.plan:
                return f"The plan waits for you: {questions} (dossier answer --approve, or --step …)"
            return f"The agent asks: {questions} (answer with `dossier answer`)"
        case e.InputProvided() as event:
            return ("Assumed: " if event.assumed else "Answered: ") + " ".join(event.answers)
        case e.JobFailed() as event:
            return f"Failed ({event.error_type}): {event.error_message}"
        case e.AttemptFailed() as event:
            return f"Attempt {event.attempt} failed ({event.error_type}): {event.error_message}"
        case e.AttemptReleased(away=e.Away() as away):
            return f"Waiting for {away.provider}: {away.error_message}".removesuffix(": ")
        case event if event.type in OUTCOME_LINES:
            return OUTCOME_LINES[event.type]
        case event:
            return step_in_words(event)


OUTCOME_LINES = {
    "job_submitted": "Submitted, waiting for a worker",
    "attempt_released": "The worker is leaving; another one will continue",
    "lease_expired": "The worker was lost; another one will continue",
    "cancel_requested": "Cancelling",
    "finish_requested": "The report is wanted now",
    "job_cancelled": "Cancelled",
    "job_completed": "Done",
}
