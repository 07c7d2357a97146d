"""Run one attempt at a job, under one lease and epoch."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.agent.finishing import to_cut
from app.agent.ports import Writing
from app.domain import commands as c
from app.domain import events as e
from app.domain.change import change
from app.domain.job import Job
from app.errors import FinishPending
from app.handle import handle
from app.store.writer import Writer
from app.worker import crash
from app.worker.patient_writer import PatientWriter

# After these the worker has nothing more to do with the job.
FINAL_COMMANDS = (c.CompleteJob, c.FailAttempt, c.ReleaseAttempt, c.ConfirmCancel)

MAX_SAID = 400_000  # characters of a reply that was refused, or broke off

WriteResultT = TypeVar("WriteResultT")


class Attempt:
    """The job as this worker knows it.

    All writes go through it.
    """

    def __init__(self, writer: Writer, job: Job, worker: str, at: datetime | None = None) -> None:
        """Work on `job`, which was claimed `at` a time of Postgres's clock."""
        self.writer = PatientWriter(writer)
        self.metrics = writer.metrics
        self.job = job
        self.epoch = job.epoch
        self.outcome = "lost"  # until the last write says how it ended
        self.ending = False  # its last write is under way, which ends its lease: that lease is not lost
        self.has_begun = False  # its task runs
        self.draining = False  # set when the worker wants to stop: finish the step, start no other
        self.writings: dict[str, Writing] = {}  # what models write, by the keys of their calls
        self.patience: asyncio.Timeout | None = None  # of the calls in flight, where they can be cut
        self._actor = f"worker:{worker}"
        self._writing = asyncio.Lock()
        self._begun = (at or datetime.now(UTC), time.monotonic())

    @property
    def job_id(self) -> UUID:
        """The job's id."""
        return self.job.id

    def now(self) -> datetime:
        """Return Postgres's time, as this machine's clock may be wrong."""
        at, since = self._begun
        return at + timedelta(seconds=time.monotonic() - since)

    async def carry_out(self, command: c.Command) -> Job:
        """Carry out a command.

        Raise Refused if the fence rejects it. That is LeaseLost or CancelPending.
        """
        return await self.in_turn(lambda: self.write(command))

    async def record(self, *events: e.Event) -> Job:
        """Write down what happened."""
        return await self.carry_out(c.RecordEvents(self.epoch, events))

    async def in_turn(self, work: Callable[[], Awaitable[WriteResultT]]) -> WriteResultT:
        """Look at the job and write what follows, one at a time.

        Calls of one turn can end at the same time.

        Not interrupted by a cancel: what was begun is written, and the next worker sees it.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[WriteResultT] = loop.create_future()
        loop.create_task(self._alone(work, answer))  # noqa: RUF006 - held by what it waits for
        return await answer

    async def _alone(
        self, work: Callable[[], Awaitable[WriteResultT]], answer: asyncio.Future[WriteResultT]
    ) -> None:
        """Work, and answer, unless nobody waits any more.

        asyncio.shield does the same with one more future and one more turn of the loop.
        """
        try:
            async with self._writing:
                result = await work()
        except asyncio.CancelledError:
            answer.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(result)

    async def write(self, command: c.Command) -> Job:
        """Carry out a command, only within `in_turn`."""
        if self.job.research.is_finishing and isinstance(command, c.RecordEvents | c.CompleteJob):
            command = replace(command, knows_finish=True)
        self.ending = isinstance(command, FINAL_COMMANDS)
        crash.reached("before_commit")
        try:
            self.job = await handle(
                self.writer, self.job, command, actor=self._actor, epoch=self.epoch, at=self.now()
            )
        except FinishPending:
            await self.refresh()
            raise
        crash.reached("after_commit")
        if self.ending or self.job.status == "input_required":
            self.outcome = _outcome(command, self.job)
        return self.job

    def age(self) -> float:
        """Return for how many seconds it has worked."""
        return time.monotonic() - self._begun[1]

    async def refresh(self) -> Job:
        """Reload the job from the log, only within `in_turn`."""
        self.job = await self.writer.catch_up(self.job)
        return self.job

    async def look_for_finish(self) -> None:
        """Cut the calls in flight if the report is wanted now."""
        await self.in_turn(self.refresh)
        patience = self.patience
        if to_cut(self.job) and patience is not None and not patience.expired():
            patience.reschedule(asyncio.get_running_loop().time())

    async def keep_said(self, said: str) -> str | UnsetType:
        """Store a model's rejected text, which may be paid, and name it."""
        if not said:
            return UNSET
        body = said[:MAX_SAID].encode("utf-8", "replace")
        await self.writer.keep([body])
        return sha256(body).hexdigest()

    async def keep_writings(self) -> dict[str, str | UnsetType]:
        """Store what models wrote until cut off, and return the blobs' names.

        They are named by the keys of the calls.
        """
        return {key: await self.keep_said(writing.said) for key, writing in self.writings.items()}

    def preview(self, job: Job, events: tuple[e.Event, ...]) -> Job:
        """Return the job as it will be after these events."""
        return change(job, events, self.now(), self._actor, self.epoch).job


def _outcome(command: c.Command, job: Job) -> str:
    """Say in one word how an attempt ended."""
    if job.is_over or job.status == "input_required":
        return job.status
    return "retried" if isinstance(command, c.FailAttempt) else "released"
