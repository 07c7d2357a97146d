"""Decide how long lagging threads and sections are waited for.

The log says which lag, and since when nothing has moved. How late it is by now, the worker's clock says.
"""

from datetime import datetime, timedelta

from app.agent.limits import bounds
from app.domain.job import Job
from app.domain.threaded_work import Thread, is_section_key

LAG = 0.2  # of the job's time: the longest wait for the rest, counted from when the last one ended
MIN_LAG = timedelta(seconds=60)  # a model that is slow by itself is no dead one
PACE_RULES = 9  # agent_rules from which a lagging thread has no more time than the others took
LAG_RULES = 6  # agent_rules from which nobody waits for them until the deadline


def lagging_threads(job: Job) -> tuple[Thread, ...]:
    """Return the threads that work once as many have ended."""
    if not _may_leave(job):
        return ()
    threads = job.research.work.threads
    working = tuple(thread for thread in threads if thread.closed is None)
    return working if 2 * len(working) <= len(threads) else ()


def lag_ends(job: Job) -> datetime | None:
    """Return until when those that lag are waited for.

    None while nothing lags.
    """
    if job.threads_since is None or not (lagging_threads(job) or _sections_lag(job)):
        return None
    return job.threads_since + _patience(job, job.threads_since)


def _patience(job: Job, since: datetime) -> timedelta:
    """Return how long to wait, which follows from the others."""
    most = timedelta(seconds=LAG * bounds(job).seconds)
    if job.agent_rules < PACE_RULES or job.working_since is None:
        return most
    return min(most, max(MIN_LAG, since - job.working_since))


def _may_leave(job: Job) -> bool:
    is_on = job.loop == "threads" and job.agent_rules >= LAG_RULES
    return is_on and job.research.draft is None and not job.research.is_ending


def _sections_lag(job: Job) -> bool:
    """Return True while at most half of the sections are missing."""
    written = len(job.research.work.sections)
    if not written or not _may_leave(job):
        return False
    flying = sum(is_section_key(call.key) for call in job.research.calls if not call.settled)
    return 0 < flying <= written
