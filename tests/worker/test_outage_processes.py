"""An outage ends for three worker processes with their own breakers."""

from functools import partial

import pytest

from app import handle
from app.domain import events as e
from app.providers.http import make_client
from tests.chaos.processes import Fleet
from tests.mocks.openai import OpenAIMock
from tests.mocks.serving import served
from tests.steps import submitted_job, until, whole_log
from tests.worker.outage import FAULTS, MOST, Provider, assert_each_announced_call_is_made, repeat_of

WORKERS = 3
JOBS = 6
QUESTION = "At how many degrees Celsius does water boil in place 3?"
# Where it begins: among calls at once.
PATHS = {"two_calls": "/search", "four_calls": "/extract", "five_calls": "/extract"}
LEAST = {"two_calls": 2, "four_calls": 4, "five_calls": 5}
MODEL = {"five_calls": "five_pages"}  # without a model four pages are read at once
# test_outage.py has every fault with two and with five calls, in one process.
CASES = list(zip(PATHS, FAULTS, strict=True))
OF_OUTAGE = e.AttemptStarted | e.AttemptReleased | e.CallFailed
QUICK = {"DOSSIER_CALL_SECONDS": "0.5", "DOSSIER_RETRY_SECONDS": "0.05", "DOSSIER_LOG_LEVEL": "ERROR"}


@pytest.fixture
async def provider():
    provider = Provider()
    await provider.open()
    yield provider
    await provider.close()


@pytest.fixture
async def model(calls):
    """Set a model on a socket if the case has one."""
    if calls not in MODEL:
        yield {}
        return
    async with make_client() as client, served(mock := OpenAIMock(client)) as url:
        mock.play(MODEL[calls])
        yield {"OPENAI_API_KEY": mock.key, "OPENAI_BASE_URL": f"{url}/v1", "DOSSIER_MODEL": "gpt-4.1-mini"}


@pytest.fixture
async def workers(database_url, writer, provider, model, tmp_path):
    address = f"http://127.0.0.1:{provider.port}"
    fleet = Fleet(database_url, tmp_path)
    for _ in range(WORKERS):
        fleet.worker(2, TAVILY_API_KEY="tvly-key", TAVILY_BASE_URL=address, **QUICK, **model)
    await fleet.start()
    yield fleet
    fleet.stop()


async def facts(house, job):
    return [row.recorded() for row in await whole_log(house, job.id)]


async def has_waited(engine, job):
    released = [fact for fact in await facts(engine, job) if isinstance(fact.event, e.AttemptReleased)]
    return len(released) > 1


async def has_ended(writer, job):
    seen = await handle.load(writer, job.id)
    return seen if seen.is_over else None


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("calls", "fault"), CASES)
async def test_jobs_of_three_processes_go_on_after_an_outage(engine, writer, provider, workers, calls, fault):
    provider.strike = (PATHS[calls], fault)
    jobs = [await submitted_job(writer, QUESTION) for _ in range(JOBS)]
    for job in jobs:
        await until(partial(has_waited, engine, job), 60)
    await provider.heal()
    ended = [await until(partial(has_ended, writer, job), 60) for job in jobs]

    seen = set()
    for job in ended:
        happened = [fact.event for fact in await facts(engine, job)]
        seen |= {event.worker for event in happened if isinstance(event, e.AttemptStarted)}
        assert (job.status, job.attempt) == ("completed", 1)
        assert not any(turn.failed for turn in job.research.turns)
        assert most_at_once(happened) >= LEAST[calls]
        assert sum(isinstance(event, OF_OUTAGE) for event in happened) < MOST
        assert all(repeat_of(event) == 0 for event in happened)
        assert_each_announced_call_is_made(happened)
    assert len(seen) == WORKERS


def most_at_once(happened):
    """How many searches or reads the largest turn has."""
    keys = {event.key for event in happened if isinstance(event, e.CallRequested) and event.kind != "model"}
    turns = [key.split("/")[0] for key in keys]
    return max(map(turns.count, turns))
