"""Explore every state of a design, breadth first.

So each counterexample is a shortest one.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.model.model import LEASED, OVER, Design, Lease, State, Step, start, steps

BY_WORKERS = ("call_requested", "call_completed", "job_completed", "attempt_released", "job_cancelled")
NO_EVENT = ("beat", "call")

Trace = tuple[str, ...]


class Explored(NamedTuple):
    """Hold how far an exploration went, and how promises broke first."""

    states: int
    steps: int
    actions: frozenset[str]  # that happened at all
    broken: dict[str, Trace]


# Promises about a step: whether it is broken, by the state before and what was done


def stale_write(before: State, step: Step) -> bool:
    """No event under an epoch that is not the newest."""
    job, what, epoch = step.write
    return what in BY_WORKERS and epoch != before.jobs[job].epoch


def write_after_the_end(before: State, step: Step) -> bool:
    """A terminal event is the last."""
    job, what, _ = step.write
    return what not in NO_EVENT and before.jobs[job].status in OVER


def repeat_of_a_completed_call(before: State, step: Step) -> bool:
    """A call with a logged result is neither announced nor completed again."""
    job, what, _ = step.write
    return what in ("call_requested", "call_completed") and before.jobs[job].call == "completed"


def call_without_an_intent(before: State, step: Step) -> bool:
    """No call is made before an intent is in the log."""
    job, what, _ = step.write
    return what == "call" and before.jobs[job].call == "unknown"


def call_after_a_cancel(before: State, step: Step) -> bool:
    """After a cancel no call is announced."""
    job, what, _ = step.write
    return what == "call_requested" and before.jobs[job].status in ("cancelling", "cancelled")


def beat_by_a_stranger(before: State, step: Step) -> bool:
    """A lease is kept alive by its owner alone."""
    job, what, epoch = step.write
    return what == "beat" and epoch != before.jobs[job].epoch


def rescue_of_the_wrong_epoch(before: State, step: Step) -> bool:
    """Only the epoch that was found lost is taken away."""
    job, what, epoch = step.write
    return what == "lease_expired" and epoch != before.jobs[job].epoch


OF_STEPS = (
    stale_write, write_after_the_end, repeat_of_a_completed_call, call_without_an_intent, call_after_a_cancel,
    beat_by_a_stranger, rescue_of_the_wrong_epoch,
)  # fmt: skip


# Promises about a state


def two_owners(design: Design, state: State) -> bool:
    """At most one who believes to hold a job may append.

    Who waits for an answer asks before going on.
    """
    holds = [worker.hold for worker in state.workers if worker.hold and worker.hold.unheard is None]
    owned = [hold.job for hold in holds if design.fence(state.jobs[hold.job], hold)]
    return len(owned) != len(set(owned))


def lease_without_an_owner(_design: Design, state: State) -> bool:
    """A lease has the newest epoch, and its job is worked on."""
    return any(
        lease is not None and (lease.epoch != job.epoch or job.status not in LEASED)
        for lease, job in zip(state.leases, state.jobs, strict=True)
    )


OF_STATES = (two_owners, lease_without_an_owner)

STUCK = "stuck"  # from here no job comes to its end, however well everything goes from now on


class Walk:
    """Explore once: the states by distance, and how each was reached.

    Two states that differ only in which worker is which are one, unless it is to tell them apart.
    """

    def __init__(
        self, design: Design, first: State, of_steps: tuple = OF_STEPS, *, tells_apart: bool = False
    ) -> None:
        self.design = design
        self._tells_apart = tells_apart
        self._of_steps = of_steps
        self.states = [first]
        self.steps = 0
        self.actions = set[str]()
        self.broken: dict[str, Trace] = {}
        self._numbers: dict[tuple, int] = {}  # of what workers hold
        self._place = {self.key(first): 0}
        self._came: list[tuple[int, str]] = [(0, "")]
        self._helped_by: list[list[int]] = [[]]  # for each state those that lead to it without a fault

    def run(self) -> Explored:
        """Look at every state and every step."""
        for at, state in enumerate(self.states):  # which grows meanwhile
            for action, step in steps(self.design, state):
                self.actions.add(action)
                self._take(at, state, step)
        self._note_stuck()
        return Explored(len(self.states), self.steps, frozenset(self.actions), self.broken)

    def trace(self, at: int) -> Trace:
        """The steps from the start to a state."""
        labels = []
        while at:
            at, label = self._came[at]
            labels.append(label)
        return tuple(reversed(labels))

    def _take(self, at: int, before: State, step: Step) -> None:
        self.steps += 1
        key = self.key(step.state)
        to = self._place.get(key)
        if to is None:
            to = self._place[key] = len(self.states)
            self.states.append(step.state)
            self._came.append((at, step.label))
            self._helped_by.append([])
            self._note(at, step, [promise for promise in OF_STATES if promise(self.design, step.state)])
        if step.helps:
            self._helped_by[to].append(at)
        if step.write:
            self._note(at, step, [promise for promise in self._of_steps if promise(before, step)])

    def key(self, state: State) -> tuple:
        """Return what stays the same if workers change places.

        The state itself keeps the names by which it was reached first, so each trace is one that happens.
        """
        if self._tells_apart:
            return state
        jobs, leases, workers, found = state
        told = [worker[1:] for worker in workers]
        if self.design.by_name:  # what a lease says of a worker is told of the worker
            told = [(*worker[1:], worker.name[1:], *named(leases, worker.name[0])) for worker in workers]
            leases = tuple(lease and lease[:2] for lease in leases)
        numbers = self._numbers
        return (jobs, leases, found, *sorted([numbers.setdefault(one, len(numbers)) for one in told]))

    def _note(self, at: int, step: Step, broken: Iterable[Callable]) -> None:
        for promise in broken:
            self.broken.setdefault(promise.__name__, (*self.trace(at), step.label))

    def _note_stuck(self) -> None:
        """Backwards from all ends: what is not met can never reach one."""
        ends = [at for at, state in enumerate(self.states) if all(job.status in OVER for job in state.jobs)]
        reach = set(ends)
        while ends:
            fresh = [at for at in self._helped_by[ends.pop()] if at not in reach]
            reach.update(fresh)
            ends.extend(fresh)
        stuck = next((at for at in range(len(self.states)) if at not in reach), None)
        if stuck is not None:
            self.broken[STUCK] = self.trace(stuck)


def named(leases: Iterable[Lease | None], letter: str) -> list[str | None]:
    """Say which successor of a worker each lease names, if any."""
    return [lease.worker[1:] if lease and lease.worker.startswith(letter) else None for lease in leases]


def explore(design: Design, first: State | None = None) -> Explored:
    """Explore a design from submitted jobs and idle workers on."""
    return Walk(design, first or start()).run()


def witness(design: Design, wanted: Callable[[State, Step], bool]) -> Trace | None:
    """Return the shortest way to a `wanted` step, or None."""
    return Walk(design, start(), (wanted,)).run().broken.get(wanted.__name__)
