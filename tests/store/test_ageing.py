"""Priority ages, so that no job is overtaken for ever.

It is a soak of simulated hours through the real claim.
"""

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import commands as c
from app.domain.change import change
from app.domain.decide import decide
from app.domain.job import Job
from app.store import log, queue
from app.store.projections import HEAD_START
from dossier.request import ResearchRequest
from tests.steps import LEASE

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
TAKEN = 4  # jobs a minute
HOURS = 10
LOWEST, HIGHEST = -100, 100
RANGE = timedelta(seconds=HEAD_START * (HIGHEST - LOWEST))


async def submitted(writer, moment: datetime, priorities) -> dict:
    """Submit a job of each priority at `moment`, returning when by job."""
    from uuid_utils.compat import uuid7

    changes = []
    for priority in priorities:
        empty = Job(uuid7())
        command = c.SubmitJob(ResearchRequest("why?", priority=priority), "default", 3)
        changes.append(change(empty, decide(command, empty), moment, "api", None))
    await log.submit(writer.engine, changes)
    return {one.job.id: (moment, one.job.request.priority) for one in changes}


class Soak:
    """Simulate hours, in which jobs' times of arrival set the order.

    The clock of Postgres does not.
    """

    def __init__(self, writer) -> None:
        self._writer = writer
        self._waiting = {}
        self.waits: list[tuple[int, timedelta]] = []  # priority and wait of each that was claimed
        self.overtaken: list[str] = []

    async def run(self, coming, hours):
        """`coming` says which priorities come in a minute."""
        now = START
        while now < START + timedelta(hours=hours):
            self._waiting |= await submitted(self._writer, now, coming(now))
            for lease in await queue.claim(self._writer.engine, "w", TAKEN, LEASE):
                self._note(*self._waiting.pop(lease.job_id), now)
            now += STEP

    def _note(self, moment, priority, now):
        self.waits.append((priority, now - moment))
        for other_moment, other in self._waiting.values():
            if moment - other_moment > timedelta(seconds=HEAD_START * (priority - other)):
                self.overtaken.append(f"{other} of {other_moment} by {priority} of {moment}")


async def test_the_lowest_priority_is_served_after_its_range_under_a_steady_stream_of_the_highest(writer):
    """There is always work of the highest priority.

    It is all that can be done, and one job an hour has the lowest.
    """
    soak, backlog = Soak(writer), 2 * TAKEN
    grace = STEP * (backlog // TAKEN + 1)

    def coming(now):
        lowest = [LOWEST] if now.minute == 0 else []
        return [*lowest, *[HIGHEST] * (TAKEN - len(lowest) + (backlog if now == START else 0))]

    await soak.run(coming, HOURS)

    low = [wait for priority, wait in soak.waits if priority == LOWEST]
    assert len(low) == HOURS - RANGE // timedelta(hours=1)  # those of the last two hours wait still
    assert RANGE <= min(low) <= max(low) <= RANGE + grace
    assert max(wait for priority, wait in soak.waits if priority == HIGHEST) <= grace


@pytest.mark.parametrize("coming", [TAKEN, 2 * TAKEN])
async def test_no_job_is_overtaken_by_one_that_came_more_than_36_seconds_a_point_later(writer, coming):
    """This holds even while the backlog grows."""
    soak, dice = Soak(writer), random.Random(coming)

    await soak.run(lambda _now: dice.choices(range(LOWEST, HIGHEST + 1), k=coming), 3)

    assert len(soak.waits) == 3 * 60 * TAKEN
    assert soak.overtaken == []


async def test_an_hour_of_waiting_is_worth_a_hundred_points(writer):
    old = await submitted(writer, START, [0])
    behind = await submitted(writer, START + timedelta(seconds=HEAD_START * 100 + 1), [100])
    before = await submitted(writer, START + timedelta(seconds=HEAD_START * 100 - 1), [100])

    claimed = [(await queue.claim(writer.engine, "w", 1, LEASE))[0].job_id for _ in range(3)]

    assert claimed == [*before, *old, *behind]
