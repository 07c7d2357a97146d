"""Gather what a model is told in a turn."""

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.agent import judging
from app.agent.effects import effects
from app.agent.limits import FINAL_TOOLS, usable
from app.agent.menu import stand_in_menu, what_is_left
from app.agent.ports import Ask, FollowUp, PlanReview, ReportWish, SeenSource
from app.agent.report_wish import LENGTHS_BY_EFFORT
from app.domain import events as e
from app.domain.job import Job
from app.domain.outcome import tally
from app.domain.research import Research


def turn_ask(job: Job, tools: tuple[str, ...], corrections: tuple[str, ...] = ()) -> Ask:
    """Return what the model is told in the next turn."""
    research = job.research
    return Ask(
        query=job.request.query,
        today=job.started_at.date().isoformat() if job.started_at else "",
        effort=job.request.effort,
        step=len(research.turns) + 1,
        menu=tools,
        goal=research.goal,
        plan=research.plan,
        turns=tuple(research.turns),
        sources=tuple(
            SeenSource(
                source.number,
                source.url,
                source.title,
                source.excerpt,
                source.sha256,
                source.score,
                source.coverage,
            )
            for source in usable(job)
        ),
        corrections=corrections,
        answers=research.answers,
        follow_up=_follow_up(research),
        repair=judging.repair(research) or UNSET,
        left=UNSET if job.agent_rules < 2 else what_is_left(job),
        notes=UNSET if job.agent_rules < 2 else _notes(job),
        wish=_wish(job),
        review=_review(research),
        output_schema=job.request.output_schema or UNSET,
        words=_words(job),
        bytes_per_token=UNSET if job.agent_rules < 4 else tuple(research.bytes_per_token),
        every_search_failed=(job.agent_rules >= 7 and _every_search_failed(job)) or UNSET,
        weighs=job.agent_rules >= 8 or UNSET,
        meets_numbers=job.agent_rules >= 9 or UNSET,
        keeps_dots=job.agent_rules >= 10 or UNSET,
        is_unsearched=(research.is_finishing and not _has_searched(job)) or UNSET,
    )


def _notes(job: Job) -> tuple[tuple[str, ...], ...]:
    """Return each turn's notes, none for a draft to be repaired."""
    notes = tuple(effect.notes for effect in effects(job))
    is_repair = job.agent_rules >= 9 and judging.repair(job.research) is not None
    return (*notes[:-1], ()) if is_repair and notes else notes


def _words(job: Job) -> str | UnsetType:
    """Return the length of a report where the caller wishes none."""
    request = job.request
    return UNSET if job.agent_rules < 9 or request.length else LENGTHS_BY_EFFORT[request.effort]


def _every_search_failed(job: Job) -> bool:
    return job.research.failed_searches > 0 and not _has_searched(job)


def _has_searched(job: Job) -> bool:
    """Return True if a search was answered, of a fork's origin too."""
    done = tally(job.research, job.agent_rules)
    return done.searches + done.taken_over > 0


def stand_in_ask(job: Job) -> Ask:
    """Return what the stand-in is told in the next turn."""
    ask = turn_ask(job, stand_in_menu(job))
    return ask if job.agent_rules < 2 else replace(ask, stands_in=True)


def selection_ask(job: Job) -> Ask:
    """Return the stand-in's ask, which only selects from read pages."""
    return replace(turn_ask(job, FINAL_TOOLS), stands_in=True)


def _review(research: Research) -> PlanReview | UnsetType:
    known = research.review
    return PlanReview(research.reviewed_after, known.steps, known.remarks) if known else UNSET


def _wish(job: Job) -> ReportWish | UnsetType:
    request = job.request
    wish = ReportWish(request.instructions, request.language or "", request.length, request.outline)
    return UNSET if wish == ReportWish() else wish


def _follow_up(research: Research) -> FollowUp | UnsetType:
    forked = research.forked
    if forked is None or not forked.instruction:
        return UNSET
    earlier = forked.earlier or e.Earlier("", "")
    return FollowUp(forked.instruction, forked.reused_turns, earlier.title, earlier.content)
