"""The protocol keeps its promises in every state, and its relatives break."""

import re
from pathlib import Path

import pytest

from tests.model.explore import OF_STATES, OF_STEPS, Walk, explore, witness
from tests.model.model import ACTIONS, OVER, Design, State, Step, start, steps
from tests.model.variants import AS_BUILT, SMALL, VARIANTS, by_attempt

TEXT = (Path(__file__).parents[2] / "docs/reliability.md").read_text()


@pytest.mark.parametrize(("design", "first"), AS_BUILT.values(), ids=AS_BUILT)
def test_no_state_breaks_a_promise_and_each_can_still_come_to_an_end(design, first):
    found = explore(design, first)

    assert found.broken == {}
    assert re.search(rf"^\| .+ \| {found.states:,} \| {found.steps:,} \| none \|$", TEXT, re.MULTILINE), found
    idle = {"sweeps", "releases", "thaws", *design.without}
    assert found.actions >= {action.__name__ for action in ACTIONS} - idle


@pytest.mark.parametrize(
    ("design", "workers"),
    [
        (SMALL._replace(looks_first=False), "AB"),
        (SMALL._replace(attempts=1), "ABC"),
        (Design(rescue="worker", without=("freezes", "forgets")), "AB"),
    ],
)
def test_which_worker_is_which_changes_no_state_no_step_and_nothing_that_breaks(design, workers):
    all_, alike = Walk(design, start(workers=workers), tells_apart=True), Walk(design, start(workers=workers))
    told_apart, found = all_.run(), alike.run()

    assert found.states < told_apart.states / (len(workers) - 0.2)
    assert {alike.key(state) for state in all_.states} == {alike.key(state) for state in alike.states}
    assert (found.actions, found.broken) == (told_apart.actions, told_apart.broken)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_design_that_loses_or_doubles_work_is_found_out(variant):
    found = explore(variant.design)

    assert tuple(found.broken) == variant.broken
    assert found.broken[variant.broken[0]] == variant.trace, "\n".join(found.broken[variant.broken[0]])
    promises = ", ".join(f"`{promise}`" for promise in variant.broken)
    assert f"\n| {variant.name} | " in TEXT
    assert f" | {promises} |\n" in TEXT[TEXT.index(f"\n| {variant.name} | ") :]


def bounds(design: Design) -> Design:
    """The design as built, explored as far as this one."""
    return Design(lease=design.lease, releases=design.releases, without=design.without)


@pytest.mark.parametrize("design", {bounds(variant.design) for variant in VARIANTS})
def test_what_is_found_out_is_what_the_variant_changes_and_not_how_far_it_is_explored(design):
    assert explore(design).broken == {}


def test_an_attempt_that_is_only_given_back_would_be_a_fence_by_accident():
    """Only the holder lowers it, and only by its own attempt.

    So no number comes back while a zombie has it. Any other way to lower it, as a reset by an operator, makes
    it the variant that fails.
    """
    assert explore(Design(fence=by_attempt)).broken == {}


# What no fence in a database can prevent. It is written down so that nobody promises it.


def late_call(before: State, step: Step) -> bool:
    job, what, _ = step.write
    return what == "call" and before.jobs[job].call == "completed"


def rescue_of_a_live_lease(before: State, step: Step) -> bool:
    job, what, _ = step.write
    return what == "lease_expired" and before.leases[job].left > 0


def test_a_worker_that_slept_can_still_make_the_call_that_it_announced():
    """The call is paid under a recorded intent, its result refused.

    So repeats are marked.
    """
    assert witness(Design(lease=1, without=("freezes",)), late_call) == (
        "A claims the job: epoch 1, attempt 1",
        "A reads the job",
        "A writes call_requested under epoch 1",
        "time passes",
        "a rescuer finds epoch 1 of the job lost",
        "the rescuer expires epoch 1 of the job",
        "B claims the job: epoch 2, attempt 2",
        "B reads the job",
        "B writes call_requested under epoch 2",
        "B makes the call",
        "B writes call_completed under epoch 2",
        "A makes the call",
    )


def test_a_beat_that_comes_between_the_look_and_the_rescue_does_not_save_the_attempt():
    """It costs an attempt, and the worker learns with its next beat."""
    assert witness(Design(lease=1, without=("freezes",)), rescue_of_a_live_lease) == (
        "A claims the job: epoch 1, attempt 1",
        "A reads the job",
        "time passes",
        "a rescuer finds epoch 1 of the job lost",
        "A beats",
        "the rescuer expires epoch 1 of the job",
    )


def test_nothing_happens_to_jobs_that_are_over():
    over = start()._replace(jobs=(start().jobs[0]._replace(status="completed"),))

    assert over.jobs[0].status in OVER
    assert list(steps(Design(), over)) == []


def test_every_promise_of_the_model_is_described():
    for promise in (*OF_STEPS, *OF_STATES):
        assert f"\n| `{promise.__name__}` | " in TEXT
