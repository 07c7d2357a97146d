"""The store keeps its promises after any sequence of steps.

A state machine makes the steps, of workers, callers and zombies.
"""

import asyncio
import contextlib
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain.history import check
from app.domain.history.job_evidence import CancelAnswer
from app.domain.job import LEASED, Job
from app.errors import JobAlreadyOver, Refused
from app.store import log, queue
from app.store.database import connect, fetch, make_engine
from app.store.history import histories
from app.store.wake import Wake
from app.store.writer import Writer
from app.worker.rescue import assume, rescue
from dossier.job_types import OVER
from dossier.problems import DossierError
from dossier.request import ResearchRequest

LEASE = timedelta(hours=1)  # leases end where a rule says so, not by themselves
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))  # so many at random; 0: a few, always the same
STEPS = 30  # rules of one example

EXPIRE = "UPDATE leases SET expires_at = now() - interval '1 s' WHERE job_id = $1"
FREE = "DELETE FROM leases WHERE job_id = $1"
SILENCE = "UPDATE jobs SET retry_at = now() - interval '1 s' WHERE job_id = $1"

ASKING = e.InputRequested(("Which one?",), (), ("The planet.",), 600)


class Held:
    """Hold a job as one worker knows it, zombie or not."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.calls = 0


class Machine(RuleBasedStateMachine):
    """Drive jobs and their holders, judging the state in Postgres."""

    jobs = Bundle("jobs")
    held = Bundle("held")
    url = ""  # of the database
    seen: ClassVar[Counter[str]] = Counter()  # rules that did something, over all examples

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.engine = make_engine(self.url, pool_size=2)
        self.writer = Writer(self.engine, Wake(self.engine, None))
        self.ids: list[UUID] = []
        self.cancels: dict[UUID, list[CancelAnswer]] = {}

    def do(self, work):
        return self.runner.run(work)

    def load(self, job_id: UUID) -> Job:
        return self.do(handle.load(self.writer, job_id))

    # Callers

    @initialize(target=jobs)
    def begin(self):
        return multiple(*(self.submit(attempts) for attempts in (1, 3)))

    @rule(target=jobs, attempts=st.integers(1, 3))
    def submit(self, attempts):
        work = handle.submit(
            self.writer, ResearchRequest("why?"), tenant="default", terms=handle.Terms(attempts)
        )
        job, _ = self.do(work)
        self.ids.append(job.id)
        return job.id

    @rule(job_id=jobs)
    def cancel(self, job_id):
        before = self.load(job_id)
        try:
            after = self.do(handle.handle(self.writer, before, c.RequestCancel(), actor="api"))
        except JobAlreadyOver:
            self.cancels.setdefault(job_id, []).append(CancelAnswer(409))
        else:
            answer = CancelAnswer(200, after.completed_at) if after.is_over else CancelAnswer(202)
            self.cancels.setdefault(job_id, []).append(answer)
            self.seen["cancelled while running"] += before.is_leased

    @rule(job_id=jobs)
    def answer(self, job_id):
        with contextlib.suppress(Refused):
            self.do(
                handle.handle(self.writer, self.load(job_id), c.ProvideInput(("That one.",)), actor="api")
            )
            self.seen["answered"] += 1

    # Workers

    @rule(target=held, count=st.integers(1, 3))
    def claim(self, count):
        leases = self.do(queue.claim(self.engine, "w", count, LEASE))
        assert len(leases) <= count
        found = self.do(log.load(self.engine, [lease.job_id for lease in leases]))
        assert all(found[lease.job_id].epoch == lease.epoch for lease in leases)
        return multiple(*(Held(job) for job in found.values()))

    def write(self, held: Held, command: c.Command) -> bool:
        """Write as the holder, which changes nothing if it is a zombie."""
        now = self.load(held.job.id)
        is_owner = now.epoch == held.job.epoch and now.status in LEASED
        try:
            held.job = self.do(
                handle.handle(self.writer, held.job, command, actor="worker:w", epoch=held.job.epoch)
            )
        except Refused:
            assert self.load(now.id) == now, "a refused command has changed something"
            self.seen["refused a zombie" if not is_owner else "refused its owner"] += 1
            return False
        assert is_owner, f"a zombie of epoch {held.job.epoch} got through: {now}"
        self.seen[type(command).__name__] += 1
        return True

    @rule(held=held)
    def record(self, held):
        held.calls += 1
        key = f"{held.job.epoch}/{held.calls}"
        asked = e.CallRequested(key, "search", "test", "0" * 64, "boil?")
        if self.write(held, c.RecordEvents(held.job.epoch, (asked,))):
            done = e.CallCompleted(key, e.Usage(searches=1), 5, "0" * 64, 2)
            assert self.write(held, c.RecordEvents(held.job.epoch, (done,)))

    @rule(held=held)
    def finish(self, held):
        self.write(held, c.CompleteJob(held.job.epoch, "answered"))

    @rule(held=held, curable=st.booleans())
    def fail(self, held, curable):
        at = datetime.now(UTC) - timedelta(seconds=1)  # due at once
        self.write(held, c.FailAttempt(held.job.epoch, "network", "no", curable, at))

    @rule(held=held)
    def release(self, held):
        self.write(held, c.ReleaseAttempt(held.job.epoch))

    @rule(held=held)
    def ask(self, held):
        self.write(held, c.RecordEvents(held.job.epoch, (ASKING,)))

    @rule(held=held)
    def confirm(self, held):
        self.write(held, c.ConfirmCancel(held.job.epoch))

    @rule(held=held)
    def beat(self, held):
        now = self.load(held.job.id)
        lives = now.epoch == held.job.epoch and now.status in LEASED and self.has_lease(now.id)

        async def beat():
            connection = await connect(self.url)
            try:
                return await queue.beat(connection, {held.job.id: held.job.epoch}, LEASE)
            finally:
                await connection.close()

        assert self.do(beat()) == ({held.job.id} if lives else set())

    def has_lease(self, job_id: UUID) -> bool:
        return bool(self.do(fetch(self.engine, "SELECT FROM leases WHERE job_id = $1", job_id)))

    # What befalls them

    @rule(job_id=jobs, how=st.sampled_from((EXPIRE, FREE)), noticed=st.booleans())
    def lease_ends(self, job_id, how, noticed):
        self.do(fetch(self.engine, how, job_id))
        if noticed:
            self.rescue()

    @rule()
    def rescue(self):
        self.seen["rescued"] += self.do(rescue(self.writer, "r"))

    @rule(job_id=jobs)
    def nobody_answers(self, job_id):
        job = self.load(job_id)
        if job.status == "input_required":
            self.do(fetch(self.engine, SILENCE, job_id))
            self.do(assume(self.writer, "r"))
            self.seen["assumed"] += 1

    @rule(held=held)
    def restart(self, held):
        """A process that starts anew knows what the log knows."""
        held.job = replace(self.load(held.job.id), epoch=held.job.epoch)

    # The promises

    @invariant()
    def every_promise_holds(self):
        for history in self.gather():
            assert check(replace(history, cancels=tuple(self.cancels.get(history.job_id, ())))) == []

    def gather(self):
        async def gather():
            return [found async for found in histories(self.engine, self.ids)]

        return self.do(gather()) if self.ids else []

    def teardown(self):
        """Bring each job to its end, out of the next example's way.

        That must be possible from everywhere.
        """
        for job_id in self.ids:
            with contextlib.suppress(JobAlreadyOver):
                self.do(handle.handle(self.writer, self.load(job_id), c.RequestCancel(), actor="api"))
            self.do(fetch(self.engine, FREE, job_id))
        with contextlib.suppress(DossierError):
            self.do(rescue(self.writer, "r"))
        for history in self.gather():
            assert check(replace(history, at_rest=True)) == []
            assert history.rows[-1].status in OVER
        self.do(self.engine.dispose())
        self.runner.close()


WANTED = {"refused a zombie", "rescued", "CompleteJob", "FailAttempt", "ReleaseAttempt", "RecordEvents"}
ROUNDS = (
    6  # at most: which job a claim finds first is not in hypothesis's hands, and a round may go without one
)


async def test_the_promises_hold_after_every_step_of_whatever_happens(database_url):
    class Here(Machine):
        url = database_url
        seen: ClassVar = Counter()

    chosen = settings(
        max_examples=EXAMPLES or 25,
        database=None,
        phases=tuple(Phase) if EXAMPLES else (Phase.generate,),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    for number in range(ROUNDS):
        chance = Here if EXAMPLES else seed(number)(Here)
        await asyncio.to_thread(run_state_machine_as_test, chance, settings=chosen)
        if (+Here.seen).keys() >= WANTED:
            return
    pytest.fail(f"some things never happened: {Here.seen}")
