"""Workers die at each named place, and nothing is lost.

They are real processes, and each repeated call is on record.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from app import handle
from app.domain import events as e
from app.domain.history import check
from app.store.history import histories
from app.worker.crash import JOB_PLACES, VARIABLE
from dossier.request import ResearchRequest
from tests.mocks.openai import OpenAIMock
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock
from tests.steps import until

QUESTION = "At how many degrees does water boil?"
LEASE = "1"  # seconds; the next worker takes over soon


class Providers(NamedTuple):
    """What bills: every request that they got was paid for."""

    model: OpenAIMock
    search: TavilyMock
    environment: dict[str, str]

    @property
    def paid(self) -> int:
        return len(self.model.requests) + len(self.search.requests)


@pytest.fixture
async def providers() -> AsyncIterator[Providers]:
    async with contextlib.AsyncExitStack() as stack:
        model, search = OpenAIMock(None), TavilyMock(None)
        environment = {
            "OPENAI_BASE_URL": await stack.enter_async_context(served(model)),
            "TAVILY_BASE_URL": await stack.enter_async_context(served(search)),
            "TAVILY_API_KEY": "tvly-test",
            "DOSSIER_LEASE_SECONDS": LEASE,
        }
        yield Providers(model, search, environment)


async def test_workers_that_die_at_every_named_place_lose_nothing_and_repeat_only_what_was_in_flight(
    fleet, writer, providers
):
    places = [*JOB_PLACES, *(f"{place}:3" for place in JOB_PLACES if place != "after_claim")]
    jobs = [
        (await handle.submit(writer, ResearchRequest(QUESTION), tenant="default", terms=handle.Terms(50)))[
            0
        ].id
        for _ in places
    ]
    dying = [fleet.worker(**providers.environment, **{VARIABLE: place}) for place in places]
    await fleet.start()
    assert {await worker.ended() for worker in dying} == {-9}
    await fleet.worker(concurrency=4, **providers.environment).start()

    async def over():
        found = [await handle.load(writer, job_id) for job_id in jobs]
        return found if all(job.is_over for job in found) else None

    ended = await until(over, seconds=90)
    assert {(job.status, job.stop_reason) for job in ended} == {("completed", "answered")}
    found = [replace(history, at_rest=True) async for history in histories(writer.engine, jobs)]
    assert [violation for history in found for violation in check(history)] == []
    assert_repeats_are_on_record(found, providers)


def assert_repeats_are_on_record(found, providers):
    """Assert that each paid request has its result or is a repeat.

    A repeat was in flight when its worker died.
    """
    events = [row.recorded().event for history in found for row in history.rows]
    settled = sum(isinstance(event, e.CallCompleted) for event in events)
    repeats = sum(isinstance(event, e.CallRequested) and event.repeat > 0 for event in events)
    assert repeats, "no worker died with a call in flight"
    assert settled <= providers.paid <= settled + repeats
