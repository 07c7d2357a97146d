"""The model's steps lead where it says when run on Postgres.

Ticks are hours: a lease is given in hours, and time passes by moving `expires_at` back.
"""

import contextlib
import random
from datetime import UTC, datetime, timedelta

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain.history import check
from app.errors import DatabaseUnavailable, LeaseLost
from app.store import log, queue
from app.store.database import connect, fetch
from app.store.history import histories
from app.worker.patient_writer import PatientWriter
from dossier.request import ResearchRequest
from tests.model.model import ACTIONS, LEASED, Design, State, Step, is_lost, start, steps

DESIGN = Design(releases=2)
QUESTION = ResearchRequest("why?")
TICK = timedelta(hours=1)
LENGTH = 25  # random steps after each way, at most

REFUSABLE = frozenset({"announces", "settles", "finishes", "releases", "expires", "beats", "reads"})
REFUSED = {"refused: it is nobody's", "refused: it is another's"}
KINDS = {(action.__name__, "accepted") for action in ACTIONS if action.__name__ != "sweeps"} | {
    (action, refused) for action in REFUSABLE for refused in REFUSED
}

Way = tuple[tuple[str, Step], ...]


def kind(action: str, step: Step, before: State) -> tuple[str, str]:
    """Name the action, and whether the model has Postgres accept it.

    If not, the name says who has the job.
    """
    kept = action == "reads" and step.state.workers[step.at].hold is not None
    if action not in REFUSABLE or step.write or kept:
        return action, "accepted"
    return action, "refused: it is " + ("another's" if before.jobs[0].status in LEASED else "nobody's")


def ways() -> dict[tuple[str, str], Way]:
    """The shortest way to each kind of step."""
    found, seen, open_ = {}, {start()}, [(start(), ())]
    for state, way in open_:
        for action, step in steps(DESIGN, state):
            longer = (*way, (action, step))
            found.setdefault(kind(action, step, state), longer)
            if step.state not in seen:
                seen.add(step.state)
                open_.append((step.state, longer))
        if found.keys() == KINDS:
            return found
    raise AssertionError(f"No way leads to {KINDS - found.keys()}.")


class Deaf:
    """Writes, and does not hear the answer."""

    def __init__(self, writer) -> None:
        self._writer = writer
        self.catch_up = writer.catch_up

    async def append(self, change) -> bool:
        if await self._writer.append(change):
            raise DatabaseUnavailable("The server closed the connection.")
        return False


class Replay:
    """Hold one job on Postgres, and each modelled worker's memory."""

    def __init__(self, writer, connection, job) -> None:
        self.writer = writer
        self.connection = connection
        self.job = job
        self.held = {}  # place of a worker -> the job as it folded it
        self.sent = {}  # place of a worker -> what it wrote last: from which job on, what, when
        self.found = None

    async def perform(self, action: str, step: Step, before: State) -> bool:
        """Do what the step says, and return whether Postgres accepted it."""
        return await getattr(self, action)(step, before)

    async def claims(self, step, before):
        worker = before.workers[step.at].name
        [lease] = await queue.claim(self.writer.engine, worker, 1, DESIGN.lease * TICK)
        assert (lease.job_id, lease.epoch) == (self.job.id, step.write.epoch)
        return True

    async def reads(self, step, before):
        """As `Worker._take` does: what is another's by now is let go."""
        jobs, _ = await log.load_each(self.writer.engine, [self.job.id])
        self.held[step.at] = jobs[self.job.id]
        return self.held[step.at].epoch == before.workers[step.at].hold.epoch

    async def beats(self, step, before):
        return await self._beat(step.at, before)

    async def _beat(self, at, before):
        hold = before.workers[at].hold
        return bool(await queue.beat(self.connection, {self.job.id: hold.epoch}, DESIGN.lease * TICK))

    async def announces(self, step, before):
        known = self.held[step.at].research.call("1/model")
        repeat = known.repeat + 1 if known else 0
        return await self._record(step, e.CallRequested("1/model", "model", "m", "00", "x", repeat))

    async def pays(self, step, before):
        return True

    async def settles(self, step, before):
        return await self._record(step, e.CallCompleted("1/model", e.Usage(1, 1), 1, "ab", 1))

    async def finishes(self, step, before):
        return await self._write(step, c.CompleteJob(self.held[step.at].epoch, "answered"))

    async def releases(self, step, before):
        return await self._write(step, c.ReleaseAttempt(self.held[step.at].epoch))

    async def confirms(self, step, before):
        return await self._write(step, c.ConfirmCancel(self.held[step.at].epoch))

    async def _record(self, step, event):
        return await self._write(step, c.RecordEvents(self.held[step.at].epoch, (event,)))

    async def _write(self, step, command):
        """Write, sending again after a lost answer as in `asks`."""
        self.sent[step.at] = (self.held[step.at], command, datetime.now(UTC))
        after = step.state.workers[step.at].hold
        is_deaf = after is not None and after.unheard is not None
        return await self._send(step, Deaf(self.writer) if is_deaf else self.writer)

    async def asks(self, step, before):
        """As `PatientWriter` does."""
        return await self._send(step, PatientWriter(self.writer))

    async def _send(self, step, writer):
        held, command, at = self.sent[step.at]
        with contextlib.suppress(DatabaseUnavailable):
            try:
                self.held[step.at] = await handle.handle(
                    writer, held, command, actor=f"worker:{step.at}", epoch=held.epoch, at=at
                )
            except LeaseLost:
                return False
        return True

    async def cancels(self, step, before):
        await handle.handle(self.writer, self.job, c.RequestCancel(), actor="api")
        return True

    async def looks(self, step, before):
        [self.found] = await queue.lost(self.writer.engine, 10)
        assert self.found.epoch == before.jobs[0].epoch
        return True

    async def expires(self, step, before):
        """As `rescue` does, with what it found some time ago."""
        job = await handle.load(self.writer, self.job.id)
        command = c.ExpireLease(self.found.epoch, "silent")
        after = await handle.handle(self.writer, job, command, actor="rescue:r")
        return after.seq > job.seq

    async def ticks(self, step, before):
        await fetch(self.writer.engine, "UPDATE leases SET expires_at = expires_at - $1::interval", TICK)
        return True

    async def beaten_ticks(self, step, before):
        await self.ticks(step, before)
        for at, worker in enumerate(before.workers):
            if worker.hold and worker.hold.view != "claimed" and not worker.frozen:
                await self._beat(at, before)
        return True

    async def forgets(self, step, before):
        return True

    dies = freezes = thaws = forgets

    async def compare(self, state: State) -> None:
        """What Postgres has is what the model says."""
        job, [expected], [lease] = await handle.load(self.writer, self.job.id), state.jobs, state.leases
        [row] = await fetch(
            self.writer.engine, "SELECT status, epoch, attempt FROM jobs WHERE job_id = $1", job.id
        )
        stored = await fetch(self.writer.engine, "SELECT epoch, expires_at > now() FROM leases")
        call = job.research.call("1/model")
        known = "unknown" if call is None else "completed" if call.settled else "requested"
        lost = await queue.lost(self.writer.engine, 10)

        assert (*row, known) == tuple(expected)
        assert [tuple(row) for row in stored] == ([(lease.epoch, lease.left > 0)] if lease else [])
        assert bool(lost) == (expected.status in LEASED and is_lost(DESIGN, state, 0))


async def follow(replay: Replay, way: Way, rng: random.Random) -> None:
    """Follow the way, then a random one, in model and Postgres."""
    state = start()
    for action, step in way:
        state = await take(replay, state, action, step)
    for _ in range(LENGTH):
        if choices := list(steps(DESIGN, state)):
            state = await take(replay, state, *rng.choice(choices))


async def take(replay: Replay, before: State, action: str, step: Step) -> State:
    accepted = await replay.perform(action, step, before)
    assert accepted == (kind(action, step, before)[1] == "accepted"), step.label
    await replay.compare(step.state)
    return step.state


async def test_every_step_of_the_model_leads_postgres_to_where_it_says(writer, owner, database_url):
    connection = await connect(database_url)
    for seed, way in enumerate(ways().values()):
        job, _ = await handle.submit(writer, QUESTION, tenant="default", terms=handle.Terms(DESIGN.attempts))

        await follow(Replay(writer, connection, job), way, random.Random(seed))

        [history] = [history async for history in histories(writer.engine, [job.id])]
        assert check(history) == []
        await fetch(owner, "WITH gone AS (DELETE FROM leases) DELETE FROM jobs")  # the next one is alone
    await connection.close()
