"""How far a job may go: the presets of `effort`, narrowed by the caller's `limits`."""

from msgspec import Struct

from app.domain.events import StopReason
from app.domain.job import Job
from app.domain.request import Effort


class Bounds(Struct, frozen=True):
    """What one job may use at most."""

    turns: int  # filled schemas; the last one can only write the report
    searches: int
    reads: int
    calls: int  # model, search and read calls together
    hits: int  # results asked of each search
    seconds: int  # from the first attempt's start


PRESETS: dict[Effort, Bounds] = {
    "quick": Bounds(turns=5, searches=3, reads=5, calls=15, hits=5, seconds=120),
    "standard": Bounds(turns=12, searches=9, reads=15, calls=45, hits=5, seconds=600),
    "deep": Bounds(turns=30, searches=30, reads=50, calls=150, hits=8, seconds=1800),
}


def bounds(job: Job) -> Bounds:
    """The preset of the job's effort; a limit that the caller gave replaces the preset's."""
    preset, limits = PRESETS[job.request.effort], job.request.limits
    return Bounds(
        turns=preset.turns,
        searches=preset.searches if limits.max_searches is None else limits.max_searches,
        reads=preset.reads,
        calls=limits.max_calls or preset.calls,
        hits=preset.hits,
        seconds=limits.deadline_seconds or preset.seconds,
    )


LAST = ("write_report", "answer")


def is_forced(job: Job) -> StopReason | None:
    """Why only the report is left, or None. One model call is always kept back for it."""
    most = bounds(job)
    if len(job.research.turns) + 1 >= most.turns:
        return "max_iterations"
    return "budget_reached" if job.research.bill.calls + 1 >= most.calls else None


def menu(job: Job) -> tuple[str, ...]:
    """The tools that the state and the limits still allow, at least the report."""
    if is_forced(job):
        return LAST
    research, most, bill = job.research, bounds(job), job.research.bill
    tools = ["adapt_plan"] if research.plan else ["generate_plan"]
    if bill.searches < most.searches:
        tools.append("web_search")
    if bill.reads < most.reads and any(source.sha256 is None for source in research.sources):
        tools.append("read_pages")
    return (*tools, *LAST)
