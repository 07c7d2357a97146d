"""Compute a job's limits from its `effort` and the caller's `limits`.

A share of the money, the tokens and the time is kept back for the report. When the rest is used up
`budget_reached` is recorded, and from then on only the report is left.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from app.domain.events import BudgetReached
from app.domain.job import Job
from app.domain.persistent_vector import PersistentVector
from app.domain.research import Source
from app.text.urls import allowed
from dossier.job_types import StopReason
from dossier.request import Effort

RESERVE = 0.2  # of money, tokens and time, kept for the report
MAX_RESERVE = 60.0  # seconds; no report takes longer, however long the job

FINAL_TOOLS = ("write_report", "answer")


class Bounds(Struct, frozen=True):
    """What one job may use at most."""

    turns: int  # filled schemas; the last one can only write the report
    searches: int
    reads: int
    calls: int  # model, search and read calls together
    hits: int  # results asked of each search
    seconds: int  # of work, from the first attempt's start


PRESETS: dict[Effort, Bounds] = {
    "quick": Bounds(turns=5, searches=3, reads=5, calls=15, hits=5, seconds=120),
    "standard": Bounds(turns=12, searches=9, reads=15, calls=45, hits=5, seconds=600),
    "deep": Bounds(turns=30, searches=30, reads=50, calls=150, hits=8, seconds=1800),
}


class ThreadBounds(Struct, frozen=True):
    """What the threads of one job may use at most."""

    at_once: int  # threads that work at the same time
    threads: int  # of the plan and the lead together
    steps: int  # of one thread, its first search among them
    rounds: int  # times that the lead may open threads for what is missing
    critics: int  # threads that a critique may open; 0: there is no critique
    words: int  # of a report without a wished length


THREAD_PRESETS: dict[Effort, ThreadBounds] = {
    "quick": ThreadBounds(at_once=1, threads=2, steps=2, rounds=0, critics=0, words=300),
    "standard": ThreadBounds(at_once=3, threads=5, steps=3, rounds=1, critics=0, words=1100),
    "deep": ThreadBounds(at_once=8, threads=12, steps=5, rounds=2, critics=3, words=3500),
}
# Times the calls of one thread of turns: each page takes one more, to extract evidence.
THREADED_CALLS = 2


def thread_bounds(job: Job) -> ThreadBounds:
    """Return what the effort allows the threads."""
    return THREAD_PRESETS[job.request.effort]


def bounds(job: Job) -> Bounds:
    """Return the preset of the effort, with the caller's limits in place."""
    preset, limits = PRESETS[job.request.effort], job.request.limits
    return Bounds(
        turns=preset.turns,
        searches=preset.searches if limits.max_searches is None else limits.max_searches,
        reads=preset.reads,
        calls=limits.max_calls or preset.calls * (THREADED_CALLS if job.loop == "threads" else 1),
        hits=preset.hits,
        seconds=limits.deadline_seconds or preset.seconds,
    )


def reached(job: Job) -> BudgetReached | None:
    """Return the limit that another model call would exceed.

    The call is taken to be as dear as the dearest so far. A reserve is kept.
    """
    bill, limits, calls = job.research.bill, job.request.limits, bounds(job).calls
    cost, tokens = limits.max_cost_usd, limits.max_tokens
    if cost is not None and bill.cost_usd + bill.dearest_call > cost * (1 - RESERVE):
        return BudgetReached("max_cost_usd", bill.cost_usd, cost)
    if tokens is not None and bill.tokens + bill.longest_call > tokens * (1 - RESERVE):
        return BudgetReached("max_tokens", bill.tokens, tokens)
    if bill.calls + 1 >= calls:
        return BudgetReached("max_calls", bill.calls, calls)
    return None


def affordable(job: Job) -> bool:
    """Return True if another model call fits into the limits.

    It is taken to be as dear as the dearest so far, with the reserve kept.
    """
    bill, limits = job.research.bill, job.request.limits
    cost, tokens = limits.max_cost_usd, limits.max_tokens
    return (
        (cost is None or bill.cost_usd + bill.dearest_call <= cost)
        and (tokens is None or bill.tokens + bill.longest_call <= tokens)
        and bill.calls < bounds(job).calls
    )


def overrun(job: Job, seconds: float) -> BudgetReached:
    """Return the event of a deadline after `seconds` of work."""
    return BudgetReached("deadline_seconds", round(seconds, 3), bounds(job).seconds)


def seconds_left(job: Job, worked: float) -> float:
    """Return the seconds until the report must begin, or end.

    It must end in time once a limit was reached.
    """
    whole = bounds(job).seconds
    kept = 0.0 if job.research.tripped else min(MAX_RESERVE, RESERVE * whole)
    return whole - kept - worked


def patience_ends(job: Job) -> datetime | None:
    """Return the last time to try a provider, None if never failing."""
    since = job.failing_since
    return since + timedelta(seconds=bounds(job).seconds) if since else None


def is_forced(job: Job) -> StopReason | None:
    """Why only the report is left, or None."""
    tripped = job.research.tripped
    if tripped is not None:
        return "deadline" if tripped.limit == "deadline_seconds" else "budget_reached"
    if job.research.is_finishing:
        return "finish_requested"
    taken = job.research.turns_taken if job.agent_rules < 2 else job.research.model_turns
    return "max_iterations" if taken + 1 >= bounds(job).turns else None


def may_use(job: Job, url: str) -> bool:
    """True if the request allows the domain of this url."""
    sources = job.request.sources
    return allowed(url, sources.allowed_domains, sources.blocked_domains)


def usable(job: Job) -> PersistentVector[Source]:
    """Return the sources that the request allows.

    Only a fork can have others, from before.
    """
    found, sources = job.research.sources, job.request.sources
    if not job.research.forked or not (sources.allowed_domains or sources.blocked_domains):
        return found
    return PersistentVector(source for source in found if may_use(job, source.url))
