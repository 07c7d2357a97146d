"""A reply in progress is in the log, wasted text included."""

import asyncio

import msgspec
import pytest

from app.agent.ports import BadReply
from app.domain import events as e
from app.errors import ProviderError
from app.worker import progress
from dossier.request import Limits
from tests.replays import assert_all_replay
from tests.scripted import ScriptedModel
from tests.steps import submitted_job, until, whole_log
from tests.worker.working import over, types, working


class SlowWriter(ScriptedModel):
    """Write a few words of its second reply, then do `then`."""

    def __init__(self, then):
        super().__init__()
        self.then = then
        self.may_go_on = asyncio.Event()

    async def next_step(self, ask, texts, writing=None):
        if ask.step == 2 and not ask.corrections:
            writing.start()
            writing.think("Hm. ")
            writing.say('{"reasoning"')
            await self.then(self)
        return await super().next_step(ask, texts, writing)


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(progress, "FIRST_REPORT", 0.05)
    monkeypatch.setattr(progress, "MAX_INTERVAL", 0.05)


async def wait(model):
    await model.may_go_on.wait()


async def refuse(model):
    raise BadReply("no step", e.Usage(100, 10, cost_usd=0.01))


async def break_off(model):
    model.then = proceed
    raise ProviderError("network", "broke off", retryable=True)


async def proceed(model):
    pass


async def test_progress_is_recorded_where_it_changed_and_a_replay_passes_over_it(house, often):
    house.model = SlowWriter(wait)
    submitted = await submitted_job(house.writer)

    async def reported():
        return "call_progressed" in await types(house, submitted.id)

    async with working(house):
        await until(reported)
        house.model.may_go_on.set()
        job = await over(house, submitted.id)

    told = [row for row in await whole_log(house.engine, job.id) if row.type == "call_progressed"]
    assert [row.data for row in told] == ['{"key":"2/model","state":"writing","tokens":3}']
    assert job.stop_reason == "answered"
    await assert_all_replay(house.engine)


@pytest.mark.parametrize("then", [refuse, break_off], ids=lambda then: then.__name__)
async def test_a_reply_that_was_refused_or_broke_off_is_kept(house, then):
    house.model = SlowWriter(then)
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    assert await said_in(house, job) == [b'{"reasoning"']
    assert job.stop_reason == "answered"
    await assert_all_replay(house.engine)


async def test_what_a_model_was_writing_at_the_deadline_is_kept(house):
    house.model = SlowWriter(wait)
    job = await submitted_job(house.writer, limits=Limits(deadline_seconds=1))
    async with working(house):
        job = await over(house, job.id)

    assert set(await said_in(house, job)) == {b'{"reasoning"'}
    await assert_all_replay(house.engine)


async def said_in(house, job):
    """The replies that came to nothing, as they are kept."""
    failures = [row for row in await whole_log(house.engine, job.id) if row.type == "call_failed"]
    names = [name for row in failures if (name := row_field(row, "said_sha256"))]
    kept = await house.writer.recall(names)
    return [kept[name] for name in names]


def row_field(row, name):
    return msgspec.json.decode(row.data).get(name)
