"""Workers that die in the middle, and those that go on."""

import asyncio

import pytest

from app.domain import commands as c
from app.worker.attempt import Attempt
from app.worker.researcher import Researcher
from tests.scripted import SCRIPT, ScriptedModel, ScriptedSearch
from tests.steps import claimed_job, submitted_job, whole_log


class Crash(BaseException):
    """What a SIGKILL is to the code: nothing after it runs."""


class DyingWriter:
    """Write like the real one, then die after `left` appends."""

    def __init__(self, writer, left, *, before_commit):
        self._writer = writer
        self.engine, self.keep, self.recall = writer.engine, writer.keep, writer.recall
        self.catch_up, self.metrics = writer.catch_up, writer.metrics
        self._left = left
        self._before_commit = before_commit
        self.appends = 0

    async def append(self, change):
        self.appends += 1
        if self._before_commit and self.appends > self._left:
            raise Crash
        written = await self._writer.append(change)
        if not self._before_commit and self.appends >= self._left:
            raise Crash
        return written


async def run_once(house, job, writer):
    researcher = Researcher(house.tools(), Attempt(writer, job, "w"))
    await researcher.run()


async def crash_and_resume(house, left, *, before_commit, script=SCRIPT, **fields):
    """Crash a run after `left` appends, and resume it elsewhere."""
    house.model, house.search = ScriptedModel(script), ScriptedSearch()
    await submitted_job(house.writer, query="boil?", **fields)
    job = await claimed_job(house.writer)
    with pytest.raises((Crash, BaseExceptionGroup)):
        await run_once(house, job, DyingWriter(house.writer, left, before_commit=before_commit))
    await asyncio.sleep(0)
    await as_rescue(house, job)
    job = await claimed_job(house.writer)
    await run_once(house, job, house.writer)
    return await whole_log(house.engine, job.id)


async def as_rescue(house, job):
    from app.handle import handle

    await handle(house.writer, job, c.ExpireLease(job.epoch, "silent"), actor="rescue:x")
