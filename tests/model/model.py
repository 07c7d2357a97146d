"""Model claim, lease, fence and finish, small enough to explore whole.

Each action below is one statement of the store, or one thing that happens to a worker. Postgres commits a
statement whole or not at all, so between two actions anything else may happen: a worker that is slow is a
worker whose next action comes late. Workers have no clock here and do not fence themselves, as
`app.worker.beats` makes them do: what holds in the model does not rest on that.

A job is one paid call and its end. Time is counted in what is left of each lease, so it never runs out.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

LEASED = ("running", "cancelling")
OVER = ("completed", "failed", "cancelled")
HEIRS = 1  # how often a dead worker's place is taken, where the design knows workers by their names


class Job(NamedTuple):
    """Stand for a row of `jobs`, and its log's one paid call."""

    status: str = "pending"
    epoch: int = 0
    attempt: int = 0
    call: str = "unknown"  # then requested, then completed


class Lease(NamedTuple):
    """A row of `leases`."""

    epoch: int
    left: int  # ticks
    worker: str = ""  # only where the design looks at it


class Hold(NamedTuple):
    """Hold what a worker believes to work on, and how far.

    That may long be over.
    """

    job: int
    epoch: int
    attempt: int
    view: str  # claimed; then, of the call: fresh, announced, paid, done
    unheard: str | None = None  # the next view, or "" for none: written, but the answer was lost


class Worker(NamedTuple):
    """A process that works on one job at a time."""

    name: str
    hold: Hold | None = None
    frozen: bool = False


class State(NamedTuple):
    """Everything, at one moment."""

    jobs: tuple[Job, ...]
    leases: tuple[Lease | None, ...]
    workers: tuple[Worker, ...]
    found: tuple[int, ...]  # for each job the epoch that a rescuer found lost and will expire next, or 0


class Write(NamedTuple):
    """What a step did to a job, and under which epoch."""

    job: int
    what: str
    epoch: int


class Step(NamedTuple):
    """One action: how a trace tells it, and where it leads."""

    label: str
    state: State
    write: Write | None = None
    helps: bool = True  # False: a fault or a wish, on which progress must not depend
    at: int = 0  # the worker's place, or the job's number


Accepts = Callable[[Job, Hold], bool]


def by_epoch(job: Job, hold: Hold) -> bool:
    """`j.epoch = c.fence AND j.status IN ('running','cancelling')` in log.APPEND."""
    return job.epoch == hold.epoch and job.status in LEASED


class Design(NamedTuple):
    """What the variants differ in. The defaults are Dossier."""

    fence: Accepts = by_epoch
    finish: Accepts | None = None  # the fence of job_completed, where it has one of its own
    beat: str = "epoch"  # what a beat goes by: "epoch", "job", "worker", or "insert": an upsert
    rescue: str = "lease"  # what a rescuer looks for: no live "lease", or the row of a dead "worker"
    rechecks: bool = True  # decide refuses ExpireLease for an epoch that is not the newest
    resets: bool = False  # a hand-back sets the attempts back to none, instead of giving back its own
    trusts: str = (
        "lease"  # whose epoch a worker works under: that of its "lease", or of the "job" as it read it
    )
    looks_first: bool = (
        True  # a worker whose answer did not come looks whether it is written, and writes once
    )
    announces_first: bool = True  # the intent is committed before the call is made
    without: tuple[str, ...] = ()  # actions that do not happen
    lease: int = 2  # ticks without a beat
    attempts: int = 2
    releases: int = 1  # the newest epoch that may still be handed back, which bounds the epochs

    @property
    def by_name(self) -> bool:
        """Whether it matters what a worker is called."""
        return self.beat == "worker" or self.rescue == "worker"


def start(jobs: int = 1, workers: str = "AB") -> State:
    """log.SUBMIT: jobs that wait, and workers that hold nothing."""
    return State((Job(),) * jobs, (None,) * jobs, tuple(Worker(name) for name in workers), (0,) * jobs)


# What the statements do


def claims(design: Design, state: State) -> Iterator[Step]:
    """queue.CLAIM: a pending job runs under the next epoch, and is leased."""
    for at, worker in enumerate(state.workers):
        for number, job in enumerate(state.jobs):
            if worker.frozen or worker.hold or job.status != "pending":
                continue
            running = job._replace(status="running", epoch=job.epoch + 1, attempt=job.attempt + 1)
            hold = Hold(number, running.epoch, running.attempt, "claimed")
            lease = Lease(running.epoch, design.lease, worker.name if design.by_name else "")
            after = with_hold(with_lease(with_job(state, number, running), number, lease), at, hold)
            label = f"{worker.name} claims {told(state, number)}: epoch {hold.epoch}, attempt {hold.attempt}"
            yield Step(label, after, Write(number, "attempt_started", hold.epoch), at=at)


def reads(design: Design, state: State) -> Iterator[Step]:
    """Model log.load_each, which says how far the job is.

    It may be another's by now, and then it is let go. A first claim tells the log itself, which is read only
    while the lease holds: then it cannot be another's.
    """
    for at in ready(state, "claimed"):
        worker, hold = state.workers[at], state.workers[at].hold
        job = state.jobs[hold.job]
        hold = hold._replace(view="done" if job.call == "completed" else "fresh")
        if design.trusts == "job":
            hold = hold._replace(epoch=job.epoch)
        after = with_hold(state, at, hold if job.epoch == hold.epoch else None)
        yield Step(f"{worker.name} reads {told(state, hold.job)}", after, at=at)


def beats(design: Design, state: State) -> Iterator[Step]:
    """Model queue.BEAT, one UPDATE of what the worker holds.

    What it does not return is lost, and let go.
    """
    for at, worker in enumerate(state.workers):
        if not worker.frozen and (after := beaten(design, state, at)) != state:
            yield Step(f"{worker.name} beats", after, extended(state, after, worker), helps=False, at=at)


def beaten(design: Design, state: State, at: int) -> State:
    """After the beat of one worker."""
    worker, hold = state.workers[at], state.workers[at].hold
    if design.beat == "worker":  # UPDATE leases … WHERE worker = $1
        return state._replace(leases=tuple(_beaten_by_name(design, state, worker)))
    if (
        hold is None or hold.view == "claimed"
    ):  # a lease that is beaten before would hold a job that nobody knows
        return state
    lease = state.leases[hold.job]
    if design.beat == "insert":  # INSERT INTO leases … ON CONFLICT DO UPDATE
        return with_lease(state, hold.job, Lease(hold.epoch, design.lease))
    if lease and (lease.epoch == hold.epoch or design.beat == "job"):
        return with_lease(state, hold.job, Lease(lease.epoch, design.lease, lease.worker))
    return with_hold(state, at, None)


def _beaten_by_name(design: Design, state: State, worker: Worker) -> Iterator[Lease | None]:
    for lease in state.leases:
        is_mine = lease is not None and lease.worker == worker.name
        yield lease._replace(left=design.lease) if is_mine else lease


def extended(before: State, after: State, worker: Worker) -> Write | None:
    """Return the lease that a beat extended, under its worker's epoch."""
    for number, lease in enumerate(after.leases):
        if lease and lease != before.leases[number]:
            return Write(number, "beat", worker.hold.epoch if worker.hold else lease.epoch)
    return None


def announces(design: Design, state: State) -> Iterator[Step]:
    """log.APPEND of call_requested: the intent."""
    view, then = ("fresh", "announced") if design.announces_first else ("made", "paid")
    for at in ready(state, view):
        move = lambda job: job._replace(call="requested")  # noqa: E731
        yield from append(design, state, at, "call_requested", move, then)


def pays(design: Design, state: State) -> Iterator[Step]:
    """Make the call itself, once for each intent.

    Out in the world there is no fence.
    """
    view, then = ("announced", "paid") if design.announces_first else ("fresh", "made")
    for at in ready(state, view):
        worker, hold = state.workers[at], state.workers[at].hold
        after = with_hold(state, at, hold._replace(view=then))
        yield Step(f"{worker.name} makes the call", after, Write(hold.job, "call", hold.epoch), at=at)


def settles(design: Design, state: State) -> Iterator[Step]:
    """log.APPEND of call_completed: the result."""
    for at in ready(state, "paid"):
        move = lambda job: job._replace(call="completed")  # noqa: E731
        yield from append(design, state, at, "call_completed", move, "done")


def finishes(design: Design, state: State) -> Iterator[Step]:
    """log.APPEND of job_completed, which frees the lease."""
    for at in ready(state, "done"):
        move = lambda job: job._replace(status="completed")  # noqa: E731
        yield from append(design, state, at, "job_completed", move)


def releases(design: Design, state: State) -> Iterator[Step]:
    """Model log.APPEND of attempt_released, which returns job and attempt."""
    for at in working(state):
        if state.workers[at].hold.epoch <= design.releases:
            move = lambda job: job._replace(  # noqa: E731
                status="pending", attempt=0 if design.resets else job.attempt - 1
            )
            for step in append(design, state, at, "attempt_released", move):
                yield step._replace(helps=False)


def confirms(design: Design, state: State) -> Iterator[Step]:
    """log.APPEND of job_cancelled, by the worker that was told to stop."""
    for at in working(state):
        if state.jobs[state.workers[at].hold.job].status == "cancelling":
            yield from append(design, state, at, "job_cancelled", _cancel)


def append(
    design: Design, state: State, at: int, what: str, move: Callable[[Job], Job], view: str = ""
) -> Iterator[Step]:
    """`decide` and log.APPEND, which the expected version makes one: accepted, or LeaseLost.

    Without a `view` the worker has nothing more to do with the job.
    """
    worker, hold = state.workers[at], state.workers[at].hold
    job, label = state.jobs[hold.job], f"{worker.name} writes {what} under epoch {hold.epoch}"
    accepts = (design.finish if what == "job_completed" else None) or design.fence
    if not accepts(job, hold):
        yield Step(f"{label}: refused", with_hold(state, at, None), at=at)
        return
    if job.status == "cancelling":
        if what not in ("attempt_released", "job_cancelled"):
            return  # CancelRequested: what is left to do is to confirm it
        move = _cancel
    after, write = moved(state, hold.job, move(job)), Write(hold.job, what, hold.epoch)
    yield Step(label, with_hold(after, at, hold._replace(view=view) if view else None), write, at=at)
    unheard = hold._replace(unheard=view) if design.looks_first else hold
    if design.looks_first or view:
        unknowing = with_hold(after, at, unheard)
        yield Step(f"{label}, and gets no answer", unknowing, write, helps=False, at=at)


def asks(design: Design, state: State) -> Iterator[Step]:
    """Model PatientWriter, which sends again what may not have arrived.

    log.APPEND refuses its version, and log.HOLDS finds what was written.
    """
    for at, worker in enumerate(state.workers):
        hold = worker.hold
        if hold and hold.unheard is not None and not worker.frozen:
            knowing = hold._replace(view=hold.unheard, unheard=None) if hold.unheard else None
            label = f"{worker.name} writes it again, and finds it written"
            yield Step(label, with_hold(state, at, knowing), at=at)


def _cancel(job: Job) -> Job:
    return job._replace(status="cancelled")


def cancels(design: Design, state: State) -> Iterator[Step]:
    """Model log.APPEND of cancel_requested by the API.

    If nobody works on the job, job_cancelled follows with it.
    """
    for number, job in enumerate(state.jobs):
        if job.status in ("pending", "running"):
            status = "cancelled" if job.status == "pending" else "cancelling"
            after = moved(state, number, job._replace(status=status))
            label, write = f"somebody cancels {told(state, number)}", Write(number, "cancel_requested", 0)
            yield Step(label, after, write, helps=False, at=number)


def looks(design: Design, state: State) -> Iterator[Step]:
    """Model queue.LOST: a job to be worked on without a live lease."""
    for number, job in enumerate(state.jobs):
        if job.status in LEASED and not state.found[number] and is_lost(design, state, number):
            label = f"a rescuer finds epoch {job.epoch} of {told(state, number)} lost"
            yield Step(label, with_found(state, number, job.epoch), at=number)


def is_lost(design: Design, state: State, number: int) -> bool:
    """Whether a rescuer would take this job away."""
    lease = state.leases[number]
    if design.rescue == "worker":
        return lease is not None and is_dead(state, lease.worker)
    return lease is None or lease.left == 0


def expires(design: Design, state: State) -> Iterator[Step]:
    """Model a rescue: `decide(ExpireLease)`, and log.APPEND without a fence.

    What was found may be over by now.
    """
    for number, epoch in enumerate(state.found):
        if not epoch:
            continue
        job, after = state.jobs[number], with_found(state, number, 0)
        label = f"the rescuer expires epoch {epoch} of {told(state, number)}"
        if job.status not in LEASED or (design.rechecks and job.epoch != epoch):
            yield Step(f"{label}: refused", after, at=number)
            continue
        status = "failed" if job.attempt >= design.attempts else "pending"
        status = "cancelled" if job.status == "cancelling" else status
        expired = moved(after, number, job._replace(status=status))
        yield Step(label, expired, Write(number, "lease_expired", epoch), at=number)


# What happens beside


def ticks(design: Design, state: State) -> Iterator[Step]:
    """Time passes, whoever has beaten or not."""
    if (after := ticked(state)) != state:
        yield Step("time passes", after, helps=False)


def ticked(state: State) -> State:
    """One tick later."""
    jobs, leases, workers, found = state
    left = [lease and Lease(lease.epoch, max(0, lease.left - 1), lease.worker) for lease in leases]
    return State(jobs, tuple(left), workers, found)


def beaten_ticks(design: Design, state: State) -> Iterator[Step]:
    """Time passes, and every worker that is not frozen beats in time."""
    after = ticked(state)
    for at, worker in enumerate(state.workers):
        if not worker.frozen:
            after = beaten(design, after, at)
    if after != state:
        yield Step("time passes, and all beat", after)


def forgets(design: Design, state: State) -> Iterator[Step]:
    """Lose an answer (`DatabaseUnavailable`), and let the job go.

    The lease is left to expire.
    """
    for at, worker in enumerate(state.workers):
        if worker.hold and not worker.frozen:
            yield Step(f"{worker.name} loses its connection", with_hold(state, at, None), helps=False, at=at)


def dies(design: Design, state: State) -> Iterator[Step]:
    """Kill a worker, frozen or not, and start its successor.

    The successor has a name of its own if names matter.
    """
    for at, worker in enumerate(state.workers):
        if design.by_name and worker.name.count("'") == HEIRS:
            continue
        heir = Worker(worker.name + "'" * design.by_name)
        if heir != worker:
            yield Step(f"{worker.name} dies", with_worker(state, at, heir), helps=False, at=at)


def is_dead(state: State, name: str) -> bool:
    """Say whether a lease names a dead process whose row remains."""
    return name != "" and name not in {worker.name for worker in state.workers}


def sweeps(design: Design, state: State) -> Iterator[Step]:
    """Clean up dead workers, if rescue goes by the rows of workers."""
    for number, lease in enumerate(state.leases):
        if design.rescue == "worker" and lease and is_dead(state, lease.worker):
            after = with_lease(state, number, lease._replace(worker=""))
            yield Step(f"the row of worker {lease.worker} is cleaned up", after, helps=False, at=number)


def freezes(design: Design, state: State) -> Iterator[Step]:
    """A process stops for as long as it likes, perhaps for ever."""
    for at, worker in enumerate(state.workers):
        if worker.hold and not worker.frozen:
            after = with_worker(state, at, worker._replace(frozen=True))
            yield Step(f"{worker.name} freezes", after, helps=False, at=at)


def thaws(design: Design, state: State) -> Iterator[Step]:
    """Thaw a worker, which goes on where it was.

    Progress may count on that only if nobody else is left.
    """
    for at, worker in enumerate(state.workers):
        if worker.frozen:
            after = with_worker(state, at, worker._replace(frozen=False))
            nobody_else = all(other.frozen for other in state.workers)
            yield Step(f"{worker.name} thaws", after, helps=nobody_else, at=at)


ACTIONS = (
    claims, reads, beats, announces, pays, settles, finishes, releases, confirms, asks, cancels, looks,
    expires, ticks, beaten_ticks, forgets, dies, sweeps, freezes, thaws,
)  # fmt: skip


def steps(design: Design, state: State) -> Iterator[tuple[str, Step]]:
    """Everything that can happen next, with the name of the action."""
    for name, action in actions_of(design.without):
        for step in action(design, state):
            yield name, step


@cache
def actions_of(without: tuple[str, ...]) -> list[tuple[str, Callable[[Design, State], Iterator[Step]]]]:
    """All actions but these, by name."""
    return [(action.__name__, action) for action in ACTIONS if action.__name__ not in without]


# Pieces


def ready(state: State, view: str = "") -> list[int]:
    """List the workers that can act on their hold, at this view."""
    return [
        at
        for at, worker in enumerate(state.workers)
        if worker.hold
        and not worker.frozen
        and worker.hold.unheard is None
        and view in ("", worker.hold.view)
    ]


def working(state: State) -> list[int]:
    """The places of the workers that know how far their job is."""
    return [at for at in ready(state) if state.workers[at].hold.view != "claimed"]


def moved(state: State, number: int, job: Job) -> State:
    """Move the row on, freeing the lease of an idle job.

    In log.APPEND that is `freed`.
    """
    after = with_job(state, number, job)
    return after if job.status in LEASED else with_lease(after, number, None)


def told(state: State, number: int) -> str:
    """A job in a trace."""
    return "the job" if len(state.jobs) == 1 else f"job {number + 1}"


# Each is made a million times, and `_replace` takes four times as long.


def with_job(state: State, number: int, job: Job) -> State:
    jobs, leases, workers, found = state
    return State((*jobs[:number], job, *jobs[number + 1 :]), leases, workers, found)


def with_lease(state: State, number: int, lease: Lease | None) -> State:
    jobs, leases, workers, found = state
    return State(jobs, (*leases[:number], lease, *leases[number + 1 :]), workers, found)


def with_found(state: State, number: int, epoch: int) -> State:
    jobs, leases, workers, found = state
    return State(jobs, leases, workers, (*found[:number], epoch, *found[number + 1 :]))


def with_worker(state: State, at: int, worker: Worker) -> State:
    jobs, leases, workers, found = state
    return State(jobs, leases, (*workers[:at], worker, *workers[at + 1 :]), found)


def with_hold(state: State, at: int, hold: Hold | None) -> State:
    name, _, frozen = state.workers[at]
    return with_worker(state, at, Worker(name, hold, frozen))
