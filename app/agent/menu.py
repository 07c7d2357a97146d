"""The tools that a turn may choose from.

Nothing is written before something was read, unless nothing can be. A tool that brought nothing again and
again is left out. Where this leaves nothing to choose, the model cannot go on, and the stand-in does.
"""

from collections.abc import Sequence

from app.agent.effects import unreadable, worn_out
from app.agent.limits import FINAL_TOOLS, bounds, is_forced, usable
from app.domain.job import Job
from app.domain.research import Turn
from app.domain.tools import Clarify

STAND_IN_SHARE = 3  # of the searches one in so many is kept, until a page was read, for what stands in
TRIED = 2  # searches that found nothing at all, after which a model may say so
PLAN_RULES = 9  # agent_rules from which an answered question is followed by a plan
PLANNING = frozenset({"generate_plan", "adapt_plan"})


def menu(job: Job) -> tuple[str, ...]:
    """Return the tools that state and limits allow the model.

    None if it cannot go on.
    """
    if job.agent_rules < 2:
        return _first_menu(job)
    may_end = has_read(job) or not may_research(job) or seems_empty(job) or has_no_model(job)
    if is_forced(job):
        return FINAL_TOOLS if may_end else ()
    if not job.research.turns:
        return ("clarify", "generate_plan") if job.request.clarify else ("generate_plan",)
    if job.agent_rules >= PLAN_RULES and has_only_asked(job.research.turns):
        return ("generate_plan",)
    worn = worn_out(job)
    wanted = (_planning(job), *_researching(job, kept_searches(job)), *(FINAL_TOOLS if may_end else ()))
    offered = tuple(tool for tool in wanted if tool not in worn)
    return offered if set(offered) - PLANNING else ()


def has_only_asked(turns: Sequence[Turn]) -> bool:
    """Return True if the agent has done nothing but ask the caller."""
    return all(isinstance(turn.function, Clarify) for turn in turns)


def stand_in_menu(job: Job) -> tuple[str, ...]:
    """Return the stand-in's tools: further research, and always the report."""
    has_turns = job.research.stand_in_turns + 1 < bounds(job).turns
    if job.agent_rules < 2 or not may_research(job) or not has_turns:
        return FINAL_TOOLS
    return (_planning(job), *_researching(job), *FINAL_TOOLS)


def _planning(job: Job) -> str:
    return "adapt_plan" if job.research.plan else "generate_plan"


def _researching(job: Job, kept: int = 0) -> tuple[str, ...]:
    tools = ("web_search",) if searches_left(job) > kept else ()
    return (*tools, "read_pages") if reads_left(job) and _has_unread(job) else tools


def searches_left(job: Job) -> int:
    """Searches that may still be made."""
    return max(0, bounds(job).searches - job.research.bill.searches)


def reads_left(job: Job) -> int:
    """Pages that may still be read."""
    return max(0, bounds(job).reads - job.research.bill.reads)


def what_is_left(job: Job) -> tuple[int, int, int]:
    """Return the turns, searches and pages left, this turn included."""
    turns = max(1, bounds(job).turns - job.research.model_turns)
    return turns, max(0, searches_left(job) - kept_searches(job)), reads_left(job)


def kept_searches(job: Job) -> int:
    """Return the searches reserved for the stand-in.

    They are kept while a model has found nothing that it read.
    """
    return 0 if has_read(job) else bounds(job).searches // STAND_IN_SHARE


def has_read(job: Job) -> bool:
    """True once there is a page to write from."""
    return any(source.sha256 for source in usable(job))


def may_research(job: Job) -> bool:
    """Return True while time and money allow another page."""
    tripped = job.research.tripped
    if job.research.is_finishing:
        return False
    if tripped and (job.research.is_late or tripped.limit in ("max_cost_usd", "max_calls")):
        return False
    return bool(searches_left(job) or (reads_left(job) and _has_unread(job)))


def seems_empty(job: Job) -> bool:
    """Return True if the model's searches found no readable page."""
    if _has_unread(job):
        return False
    return bool(usable(job)) or job.research.bill.searches >= TRIED


def has_no_model(job: Job) -> bool:
    """Return True if no language model decides.

    What selects sentences has a plan to its end, and nothing stands in for it.
    """
    return job.agent_rules >= 3 and job.research.author == "extractive"


def _has_unread(job: Job) -> bool:
    failed = unreadable(job.research)
    return any(source.sha256 is None and source.number not in failed for source in usable(job))


def _first_menu(job: Job) -> tuple[str, ...]:
    """The menu of jobs that were submitted under the first rules."""
    if is_forced(job):
        return FINAL_TOOLS
    research, most, bill = job.research, bounds(job), job.research.bill
    if not research.turns:
        return ("clarify", "generate_plan") if job.request.clarify else ("generate_plan",)
    tools = ["adapt_plan"] if research.plan else ["generate_plan"]
    if bill.searches < most.searches:
        tools.append("web_search")
    if bill.reads < most.reads and any(source.sha256 is None for source in usable(job)):
        tools.append("read_pages")
    return (*tools, *FINAL_TOOLS)
