"""Choose the calls to cut where the report is wanted now.

What is in flight then is cut, unless it is a model's call that can only bring the report.
"""

from msgspec.structs import replace

from app.agent.limits import is_forced
from app.agent.menu import has_no_model, has_read
from app.domain.job import Job
from app.domain.research import Call
from app.domain.threaded_work import is_thread_key


def to_cut(job: Job) -> tuple[Call, ...]:
    """Return the open calls that a finish does not wait for."""
    research = job.research
    return tuple(
        call
        for call in research.calls
        if call.key in research.open_at_finish and not call.settled and not _stays(job, call)
    )


def _stays(job: Job, call: Call) -> bool:
    """Return True for a model's call that writes, or waits.

    Where it waits, nothing is in flight, and the log shows that the model is away.
    """
    if call.kind != "model":
        return False
    if is_thread_key(call.key):
        return call.key.split("/")[1] in ("open", "section", "report")
    return call.error is not None or _can_only_write(job, call)


def _can_only_write(job: Job, call: Call) -> bool:
    before = replace(job, research=replace(job.research, is_finishing=False))
    is_last = is_forced(before) is not None and job.research.draft is None
    return is_last and not call.fallback and not needs_stand_in(job)


def needs_stand_in(job: Job) -> bool:
    """Return True if the report is written without the model.

    So it is where nothing was read, and where the model is away.
    """
    research = job.research
    if not research.is_finishing or has_no_model(job):
        return False
    is_away = any(call.kind == "model" and call.error and call.error.retryable for call in research.calls)
    return is_away or not has_read(job)
