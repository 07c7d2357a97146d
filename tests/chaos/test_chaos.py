"""Run every kind of fault once: nothing is lost, doubled or stuck.

This is `make chaos` in small. A failure prints the seed; CHAOS_SEED plays the same plan again.
"""

import os
import random

import pytest

from tests.chaos import faults
from tests.chaos.postgres import running_postgres
from tests.chaos.world import judge, under_load, world

SEED = os.environ.get("CHAOS_SEED") or str(random.randrange(2**32))

PLAN = (
    faults.kill_worker,
    faults.freeze_worker,
    faults.cut_network,
    faults.restart_postgres,
    faults.cut_network,
    faults.cut_backends,
    faults.kill_worker,
    faults.refuse_commits,
    faults.crowd_out,
    faults.cut_network,
    faults.kill_server,
    faults.kill_worker,
)


@pytest.mark.timeout(700)
async def test_nothing_is_lost_doubled_or_stuck_whatever_is_killed_frozen_cut_or_refused():
    print(f"CHAOS_SEED={SEED}")  # noqa: T201 - for pytest
    dice = random.Random(SEED)
    async with running_postgres() as postgres, world(postgres, SEED, workers=1, thinking=0.4) as made:
        await made.hire(CHAOS_CLOCK_OFF=str(faults.MINUTES)).start()  # nobody can be sure of a clock
        async with faults.wired_worker(made), under_load(made, pause=1.5) as load:
            for strike in PLAN:
                await strike(made, dice)
                await made.whole()
        verdict = await judge(made, "short", load)

    print(verdict)  # noqa: T201 - for `pytest -rA`
    assert verdict.violations == []
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert verdict.faults == len(PLAN)
    assert verdict.repeats, "no call was in flight when something died"
