"""List known designs that lose or double work.

Each must fail, and its entry says how.
"""

from typing import NamedTuple

from tests.model.model import LEASED, Design, Hold, Job, start

# As Dossier is built: nothing but the bounds of the exploration differs.
AS_BUILT = {
    "one job, two workers, four epochs": (Design(attempts=3), start()),
    "one job, three workers, three epochs": (Design(lease=1, without=("freezes",)), start(workers="ABC")),
    "two jobs, two workers": (Design(lease=1, attempts=1, releases=0, without=("freezes",)), start(jobs=2)),
}
# Enough to find what is wrong: leases of one tick, and no freezing, which is nothing but being late.
SMALL = Design(lease=1, without=("freezes",))


class Variant(NamedTuple):
    """Hold a design, the promises it breaks, and the shortest way.

    The way leads to the first of them.
    """

    name: str
    design: Design
    broken: tuple[str, ...]
    trace: tuple[str, ...]


def by_attempt(job: Job, hold: Hold) -> bool:
    return job.attempt == hold.attempt and job.status in LEASED


def by_status(job: Job, hold: Hold) -> bool:
    return job.status == "running"


def by_id(job: Job, hold: Hold) -> bool:
    return True


CLAIMED = "A claims the job: epoch 1, attempt 1"
LOST_AND_TAKEN = (
    CLAIMED,
    "time passes",
    "a rescuer finds epoch 1 of the job lost",
    "the rescuer expires epoch 1 of the job",
)
TAKEN_OVER = (*LOST_AND_TAKEN, "B claims the job: epoch 2, attempt 2")
READ = (CLAIMED, "A reads the job")
CALLED = (
    *READ,
    "A writes call_requested under epoch 1",
    "A makes the call",
    "A writes call_completed under epoch 1",
)

VARIANTS = (
    Variant(
        "no fence at all",
        SMALL._replace(fence=by_id),
        (
            "two_owners", "write_after_the_end", "call_after_a_cancel", "stale_write",
            "repeat_of_a_completed_call",
        ),
        TAKEN_OVER,
    ),
    Variant(
        "a fence by attempt number, which a hand-back resets",
        SMALL._replace(fence=by_attempt, resets=True, releases=2),
        ("two_owners", "stale_write", "repeat_of_a_completed_call"),
        (
            *TAKEN_OVER, "B reads the job", "B writes attempt_released under epoch 2",
            "B claims the job: epoch 3, attempt 1",
        ),
    ),
    Variant(
        "a finish that only asks whether the job is running",
        SMALL._replace(finish=by_status),
        ("stale_write",),
        (
            *CALLED, *LOST_AND_TAKEN[1:], "B claims the job: epoch 2, attempt 2",
            "A writes job_completed under epoch 1",
        ),
    ),
    Variant(
        "a finish that asks nothing",
        SMALL._replace(finish=by_id),
        ("write_after_the_end", "stale_write"),
        (
            *CALLED, "somebody cancels the job", *LOST_AND_TAKEN[1:], "A writes job_completed under epoch 1",
        ),
    ),
    Variant(
        "a beat that goes by the worker's name, not by the epoch",
        Design(beat="worker", without=("freezes",)),
        ("stuck",),
        (CLAIMED, "A loses its connection"),
    ),
    Variant(
        "a beat that goes by the job, not by the epoch",
        Design(beat="job", without=("freezes",)),
        ("beat_by_a_stranger",),
        (
            *READ, "A writes attempt_released under epoch 1, and gets no answer",
            "B claims the job: epoch 2, attempt 1", "time passes", "A beats",
        ),
    ),
    Variant(
        "a beat that brings back a lease that is gone",
        SMALL._replace(beat="insert"),
        ("lease_without_an_owner", "beat_by_a_stranger"),
        (*READ, "A writes attempt_released under epoch 1, and gets no answer", "A beats"),
    ),
    Variant(
        "a rescue that goes by the rows of dead workers",
        Design(rescue="worker", without=("freezes", "forgets")),
        ("stuck",),
        ("A claims the job: epoch 1, attempt 1", "A dies", "the row of worker A is cleaned up"),
    ),
    Variant(
        "a rescue that does not look at the epoch again",
        SMALL._replace(rechecks=False),
        ("rescue_of_the_wrong_epoch",),
        (
            *READ, *LOST_AND_TAKEN[1:3], "A writes attempt_released under epoch 1",
            "A claims the job: epoch 2, attempt 1", "the rescuer expires epoch 1 of the job",
        ),
    ),
    Variant(
        "a worker that writes again when an answer does not come",
        SMALL._replace(looks_first=False),
        ("repeat_of_a_completed_call",),
        (
            *CALLED[:4], "A writes call_completed under epoch 1, and gets no answer",
            "A writes call_completed under epoch 1",
        ),
    ),
    Variant(
        "a call that is made before its intent is committed",
        SMALL._replace(announces_first=False),
        ("call_without_an_intent",),
        (*READ, "A makes the call"),
    ),
    Variant(
        "a worker that takes its epoch from the job as it reads it",
        SMALL._replace(trusts="job"),
        ("two_owners", "repeat_of_a_completed_call"),
        (*TAKEN_OVER, "A reads the job"),
    ),
)  # fmt: skip
