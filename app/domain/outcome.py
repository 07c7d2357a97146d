"""Derive a job's outcome, and the sentence for it, from the log."""

import re
from collections import Counter

from msgspec import Struct

from app.domain.counts import many
from app.domain.events import AGENT_RULES, RERANKER
from app.domain.research import Research
from dossier.job_types import Outcome, StopReason

MAX_OUTCOME_TEXT = 500  # characters
FULL_STOP_RULES = 10  # agent_rules from which what failed is said without its full stop
PEOPLE_RULES = 11  # agent_rules from which a model's failure is told as to people
REUSE_RULES = 9  # agent_rules from which the searches that a fork took over count as made
_OF_THE_MODEL = {"your reply": "its reply", "you refused": "it refused", "you chose": "it chose"}
_TO_THE_MODEL = re.compile("|".join(_OF_THE_MODEL), re.IGNORECASE)
COMPLETE: frozenset[StopReason] = frozenset({"answered", "no_evidence"})


class WorkTally(Struct, frozen=True):
    """The work that counts, and the work that failed for good."""

    searches: int
    found: int
    read: int
    set_aside: int = 0  # read, and of another time or language than was wanted
    taken_over: int = 0  # searches of the job that this one is a fork of


def tally(research: Research, rules: int = AGENT_RULES) -> WorkTally:
    """Count searches answered, pages found, and pages read."""
    taken_over = research.bill.reused_searches if rules >= REUSE_RULES else 0
    read = sum(source.sha256 is not None for source in research.sources)
    aside = sum(source.set_aside is not None for source in research.sources)
    return WorkTally(max(0, research.bill.searches), len(research.sources), read, aside, taken_over)


def outcome(research: Research, reason: StopReason, rules: int = AGENT_RULES) -> Outcome | None:
    """Return the outcome of an ending job, or None without a report.

    Args:
        research: what is known of the job at its end.
        reason: why it ends.
        rules: of the agent, by which the job is worked on; before 4, a job that was stopped
            before it read what it found had found nothing.
    """
    if research.report is None:
        return "not_researched" if reason == "error" else None
    done = tally(research, rules)
    if not research.report.claims:
        looked = done.read or ((done.searches or done.taken_over) and not research.failed_reads)
        was_stopped = rules >= 4 and reason not in COMPLETE and done.found and not done.read
        is_told = looked and not was_stopped and reason != "model_failed"
        return "not_found" if is_told else "not_researched"
    mostly_failed = 0 < done.searches < research.failed_searches
    missed = sum(not part.provider.startswith(RERANKER) for part in research.missed_parts)
    never_whole = 0 < done.searches <= missed
    return "partial" if reason not in COMPLETE or mostly_failed or never_whole else "answered"


def sentence(research: Research, reason: StopReason, rules: int = AGENT_RULES) -> str:
    """Say in one line what was done: searches, pages, and what failed."""
    done = tally(research, rules)
    parts = [*_searched(research, done), *_missed(research, rules), *_read(research, done)]
    if research.model_failures and reason in {"model_failed", "error"}:
        times = "once" if research.model_failures == 1 else f"{research.model_failures} times"
        why = _told_of(research.model_error) if rules >= PEOPLE_RULES else research.model_error
        parts.append(f"the model failed {times}: {why.rstrip('.')}")
    return ", ".join(parts)[:MAX_OUTCOME_TEXT]


def _told_of(error: str) -> str:
    """Tell a person why the model failed."""
    if not _TO_THE_MODEL.search(error):
        return error
    fault = error.partition(" Your reply was: ")[0].partition(". ")[0]
    return _TO_THE_MODEL.sub(lambda found: _OF_THE_MODEL[found[0].lower()], fault)


def _searched(research: Research, done: WorkTally) -> list[str]:
    if failed := research.failed_searches:
        return [f"{failed} of {many(done.searches + failed, 'search', 'searches')} failed"]
    if done.searches:
        return [many(done.searches, "search", "searches")]
    return [] if done.taken_over else ["nothing was searched for"]


def _missed(research: Research, rules: int) -> list[str]:
    """Name each failed provider beside one that answered.

    Say how often it failed, and why the last time.
    """
    missed = research.missed_parts
    end = "." if rules >= FULL_STOP_RULES else ""
    last = {part.provider: part.error_message.rstrip(end) for part in missed}
    times = Counter(part.provider for part in missed)
    return [f"{provider} failed {many(times[provider], 'time')}: {why}" for provider, why in last.items()]


def _read(research: Research, done: WorkTally) -> list[str]:
    if not done.found:
        return ["no page found"] if done.searches or done.taken_over else []
    found = f"{many(done.found, 'page')} found"
    aside = [f"{done.set_aside} set aside"] if done.set_aside else []
    if done.read:
        unread = f" ({research.failed_reads} could not be read)" if research.failed_reads else ""
        return [found, f"{done.read} read{unread}", *aside]
    unread = "none could be read" if research.failed_reads else "none read"
    return [found, *(aside or [unread])]
