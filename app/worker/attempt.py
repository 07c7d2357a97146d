"""One try at one job, under one lease: every write carries its epoch."""

import asyncio
from uuid import UUID

from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.handle import handle
from app.store.writer import Writer


class Attempt:
    """The job as this worker knows it, and the only way for its steps to write."""

    def __init__(self, writer: Writer, job: Job, worker: str) -> None:
        self.writer = writer
        self.job = job
        self.epoch = job.epoch
        self.draining = False  # set when the worker wants to stop: finish the step, start no other
        self._actor = f"worker:{worker}"
        self._writing = asyncio.Lock()  # calls of one turn end at the same time; their events go in turn

    @property
    def job_id(self) -> UUID:
        """The job's id."""
        return self.job.id

    async def carry_out(self, command: c.Command) -> Job:
        """Carry out a command; raises Refused (LeaseLost, CancelRequested) where the fence says no."""
        async with self._writing:
            return await self.carry_out_locked(command)

    async def carry_out_locked(self, command: c.Command) -> Job:
        """The same for a caller that holds `writing` already."""
        self.job = await handle(self.writer, self.job, command, actor=self._actor, epoch=self.epoch)
        return self.job

    @property
    def writing(self) -> asyncio.Lock:
        """Held while looking at the job and writing what follows from it."""
        return self._writing

    async def record(self, *events: e.Event) -> Job:
        """Write down what happened."""
        return await self.carry_out(c.RecordEvents(self.epoch, events))
