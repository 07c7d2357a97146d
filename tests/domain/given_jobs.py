"""Jobs and times that tests begin with."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain import events as e
from app.domain.events import Recorded
from app.domain.job import Job, fold
from dossier.request import ResearchRequest

JOB = UUID("01890000-0000-7000-8000-000000000001")


T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


LATER = T0 + timedelta(minutes=1)


SUBMITTED = e.JobSubmitted(ResearchRequest("why?"), "default", 2, agent_rules=e.AGENT_RULES)


STARTED = e.AttemptStarted(1, "w")


def given(*events: e.Event, epoch: int = 1) -> Job:
    """Return the job after these events, stamping worker events with `epoch`."""
    facts = [
        Recorded(JOB, seq, T0 + timedelta(seconds=seq), "test", epoch, event)
        for seq, event in enumerate(events, 1)
    ]
    return fold(JOB, facts)
