"""How long a lagging thread is waited for follows from the others."""

from datetime import UTC, datetime, timedelta

import pytest

from app.agent.lagging import lag_ends
from app.domain import events as e
from app.domain.job import Job
from app.domain.research import Research
from app.domain.threaded_work import Thread, ThreadedWork, ThreadStep
from dossier.request import Limits, ResearchRequest

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP = (ThreadStep(1, ("bridges",)),)
WORK = ThreadedWork(
    (Thread(1, "a", None, STEP, closed=e.ThreadClosed(1, "answered")), Thread(2, "b", None, STEP))
)


def waited(took, *, rules=e.AGENT_RULES, seconds=1800):
    """Seconds that thread 2 has once thread 1 ended after `took`."""
    since = BEGAN + timedelta(seconds=took)
    request = ResearchRequest("why?", effort="deep", limits=Limits(deadline_seconds=seconds))
    job = Job(
        None, request=request, loop="threads", agent_rules=rules, working_since=BEGAN, threads_since=since,
        research=Research(work=WORK),
    )  # fmt: skip
    return (lag_ends(job) - since).total_seconds()


@pytest.mark.parametrize(
    ("took", "seconds", "wanted"),
    [(10, 1800, 60), (200, 1800, 200), (900, 1800, 360), (10, 100, 20)],
    ids=["at least a minute", "as long as the others", "a fifth of the time", "of a short job too"],
)
def test_a_lagging_thread_has_as_long_as_the_others_took(took, seconds, wanted):
    assert waited(took, seconds=seconds) == wanted


def test_under_older_rules_it_has_a_fifth_of_the_time():
    assert waited(10, rules=8) == 360
