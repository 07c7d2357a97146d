"""Replaying what a test has left in its database."""

from collections.abc import Container
from uuid import UUID

from app.domain.caller import ANYBODY
from app.replay import replay
from app.store.database import fetch

# Whoever writes a job's events by hand is not the agent; a run of the agent has had replies, under a lease.
RUNS = """
    SELECT DISTINCT job_id FROM events
    WHERE type IN ('call_completed', 'call_failed') AND epoch IS NOT NULL"""


async def assert_all_replay(engine, but: Container[UUID] = ()) -> int:
    """Assert that every run of the agent replays, returning how many."""
    runs = [row[0] for row in await fetch(engine, RUNS) if row[0] not in but]
    for job_id in runs:
        outcome = await replay(engine, ANYBODY, job_id)
        assert outcome.first_difference is None, outcome.first_difference
        assert not outcome.missing
        assert outcome.same
        assert outcome.events_compared
    return len(runs)
