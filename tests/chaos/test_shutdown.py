"""SIGTERM finishes or hands back work, and costs nobody an attempt."""

import asyncio
import signal
from typing import ClassVar

import pytest
from msgspec.structs import replace

from app.domain import events as e
from app.domain.history import check
from app.store.database import fetch
from app.store.history import histories
from tests.chaos.load import Load
from tests.chaos.world import OVER
from tests.mocks.openai import OpenAIMock, success
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock
from tests.steps import submitted_job, until

NEVER = "3600"  # seconds; longer than any test
OPEN = "SELECT count(*) FROM jobs WHERE status NOT IN ('completed','failed','cancelled')"


async def held(mock, request):
    await mock.go.wait()
    return success(mock, request)


class HeldModel(OpenAIMock):
    """Answers `held` calls once `go` is set."""

    profiles: ClassVar = {**OpenAIMock.profiles, "held": held}

    def __init__(self):
        super().__init__(None)
        self.go = asyncio.Event()
        self.play("held")


@pytest.fixture
async def model():
    return HeldModel()


@pytest.fixture
async def environment(model):
    async with served(model) as openai, served(TavilyMock(None)) as tavily:
        yield {"OPENAI_BASE_URL": openai, "TAVILY_BASE_URL": tavily, "TAVILY_API_KEY": "tvly-test"}
        model.go.set()


async def facts(engine, job_id) -> list[e.Event]:
    [history] = [history async for history in histories(engine, [job_id])]
    assert check(history) == []
    return [row.recorded().event for row in history.rows]


async def asked(model, count=1):
    """So many calls have reached the provider."""

    async def look():
        return len(model.requests) >= count

    await until(look, seconds=90)


def released(events) -> list[e.AttemptReleased]:
    return [event for event in events if isinstance(event, e.AttemptReleased)]


def repeated(events) -> int:
    return sum(isinstance(event, e.CallRequested) and event.repeat > 0 for event in events)


async def test_sigterm_lets_the_step_in_flight_finish_and_hands_the_job_back_at_no_cost(
    fleet, writer, model, environment
):
    worker = fleet.worker(**environment, DOSSIER_DRAIN_SECONDS="60")
    job = await submitted_job(writer)
    await worker.start()
    await asked(model)

    worker.signal(signal.SIGTERM)
    await asyncio.sleep(0.5)
    assert worker.is_running  # it waits for the call
    model.go.set()

    assert await worker.ended() == 0
    events = await facts(writer.engine, job.id)
    assert released(events) == [e.AttemptReleased(1, "shutdown")]
    assert sum(isinstance(event, e.CallRequested) for event in events) == 1
    assert sum(isinstance(event, e.CallCompleted) for event in events) == 1  # it was waited for
    assert len(model.requests) == 1

    await finished_elsewhere(fleet, writer, environment, model)
    events = await facts(writer.engine, job.id)
    assert [event.attempt for event in events if isinstance(event, e.AttemptStarted)] == [1, 1]
    assert repeated(events) == 0


async def finished_elsewhere(fleet, writer, environment, model):
    """The next worker brings the job to its end."""
    model.go.set()
    await fleet.worker(**environment).start()

    async def over():
        return (await fetch(writer.engine, OPEN))[0][0] == 0

    await until(over, seconds=90)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_hands_back_at_once_what_is_in_flight(
    fleet, writer, model, environment, second
):
    worker = fleet.worker(**environment, DOSSIER_DRAIN_SECONDS=NEVER)
    job = await submitted_job(writer)
    await worker.start()
    await asked(model)
    worker.signal(signal.SIGTERM)
    await asyncio.sleep(0.5)
    assert worker.is_running  # it waits for the call

    worker.signal(second)

    assert await worker.ended() == 0  # long before the call or the window
    assert released(await facts(writer.engine, job.id)) == [e.AttemptReleased(1, "shutdown")]
    await finished_elsewhere(fleet, writer, environment, model)
    events = await facts(writer.engine, job.id)
    assert [event.attempt for event in events if isinstance(event, e.AttemptStarted)] == [1, 1]
    assert repeated(events) == 1  # it was in flight, and that is on record


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_makes_a_server_hand_back_at_once_too(
    fleet, writer, model, environment, second
):
    server = fleet.server(workers=1, **environment, DOSSIER_DRAIN_SECONDS=NEVER)
    job = await submitted_job(writer)
    await server.start()
    await asked(model)
    server.signal(signal.SIGTERM)
    await asyncio.sleep(0.5)
    assert server.is_running

    server.signal(second)

    assert await server.ended() == 0
    assert released(await facts(writer.engine, job.id)) == [e.AttemptReleased(1, "shutdown")]


async def test_after_the_window_what_is_still_in_flight_is_handed_back(fleet, writer, model, environment):
    worker = fleet.worker(**environment, DOSSIER_DRAIN_SECONDS="0.3")
    job = await submitted_job(writer)
    await worker.start()
    await asked(model)

    assert await worker.terminate() == 0

    assert released(await facts(writer.engine, job.id)) == [e.AttemptReleased(1, "shutdown")]


@pytest.mark.timeout(300)
async def test_a_rolling_restart_under_load_loses_and_repeats_nothing(fleet, writer, model, environment):
    model.play("slow")
    model.delay = 0.1
    patient = {**environment, "DOSSIER_DRAIN_SECONDS": "60", "DOSSIER_LEASE_SECONDS": "30"}
    servers = [fleet.server(), fleet.server()]
    workers = [fleet.worker(2, **patient), fleet.worker(2, **patient)]
    await fleet.start()
    load = Load([server.url for server in servers], "rolling", pause=0.4)

    calling = asyncio.create_task(load.run(3))
    await asked(model, 4)  # each worker has a job, or will have the other one's when its turn comes
    codes = [await roll(program) for program in (*workers, *servers)]
    load.stop()
    await calling

    assert codes == [0, 0, 0, 0]
    assert load.complaints == []
    await everything_is_over(writer.engine)
    found = [history async for history in histories(writer.engine, load.created)]
    assert [violation for history in found for violation in check(told(history, load))] == []
    events = [row.recorded().event for history in found for row in history.rows]
    assert released(events), "no worker was told to stop in the middle of a job"
    assert repeated(events) == 0
    assert not any(isinstance(event, e.LeaseExpired | e.AttemptFailed) for event in events)
    assert {history.rows[-1].type for history in found} <= OVER - {"job_failed"}


async def roll(program) -> int:
    """Stop the program, start it again, and return its exit code."""
    code = await program.terminate()
    await program.start()
    return code


async def everything_is_over(engine):
    async def over():
        return (await fetch(engine, OPEN))[0][0] == 0

    await until(over, seconds=90)


def told(history, load):
    return replace(
        history,
        acknowledged=tuple(load.created[history.job_id]),
        cancels=tuple(load.cancels.get(history.job_id, ())),
        readers=tuple(load.readers.get(history.job_id, ())),
        at_rest=True,
    )
