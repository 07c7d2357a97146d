"""Play jobs through a worker and Postgres over the tests' library."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from app import handle
from app.agent.extractive import Extractive
from app.domain.caller import ANYBODY
from app.domain.events import CallCompleted, CallFailed, CallRequested, Recorded, StepReasoned
from app.domain.job import Job
from app.settings import Settings
from app.store import embedded, log
from app.store.migrate import migrate
from app.wiring import Container
from app.worker.providers import Tools
from dossier.request import Limits, ResearchRequest
from tests.agent.library import QUERY, Library
from tests.folders import passable_folder
from tests.replays import assert_all_replay

HOURS = Limits(deadline_seconds=4 * 3600)  # a machine that is busy is no reason to end
LOG = 100_000  # events


class PlayedContainer(Container):
    """A process's collaborators, with one model and the library."""

    def __init__(self, url: str) -> None:
        super().__init__(Settings(lease_seconds=30.0), url)
        self.model = Extractive()

    def tools(self) -> Tools:
        """The model that is played now, and its stand-in."""
        library = Library()
        return Tools(self.model, Extractive(), lambda _: library)


@contextlib.asynccontextmanager
async def postgres() -> AsyncIterator[PlayedContainer]:
    """The product over an empty embedded Postgres."""
    with passable_folder("dossier-model-") as folder:
        server = await asyncio.to_thread(embedded.start, folder)
        try:
            await asyncio.to_thread(migrate, server.get_uri())
            house = PlayedContainer(server.get_uri())
            yield house
            await house.engine.dispose()
        finally:
            await asyncio.to_thread(server.cleanup)


async def play(house: PlayedContainer, model, effort: str) -> dict[str, object]:
    """Return the figures of one job, and replay its log."""
    house.model = model
    request = ResearchRequest(QUERY, effort=effort, limits=HOURS)
    submitted, _ = await handle.submit(house.writer, request, tenant="default")
    began = time.monotonic()
    worker = house.worker(1)
    running = asyncio.create_task(worker.run())
    while not (job := await handle.load(house.writer, submitted.id)).is_over:
        await asyncio.sleep(1)
        if running.done():
            break
    worker.drain()
    await running
    await assert_all_replay(house.engine)
    facts = [row.recorded() for row in await log.read(house.engine, ANYBODY, job.id, 0, LOG)]
    return told(job, facts, model.name, time.monotonic() - began)


def told(job: Job, facts: list[Recorded], name: str, seconds: float) -> dict[str, object]:
    """Return what a job came to."""
    events = [fact.event for fact in facts]
    asked = {
        event.key
        for event in events
        if isinstance(event, CallRequested) and event.kind == "model" and event.provider == name
    }
    refused = [event for event in events if isinstance(event, CallFailed) and event.key in asked]
    replies = [event for event in events if isinstance(event, CallCompleted) and event.key in asked]
    report = job.research.report
    return {
        "status": job.status,
        "stop": job.stop_reason,
        "claims": len({claim.text for claim in report.claims}) if report else 0,
        "bound": sum(claim.bound for claim in report.claims) if report else 0,
        "coverage": report.coverage if report else 0.0,
        "parts": [part.author for part in report.parts or ()] if report else [],
        "written_by": job.research.author,
        "asked": len(asked),
        "repaired": [note for event in replies for note in event.repaired or ()],
        "refused": [event.error_message[:200] for event in refused],
        "tools": [type(event.function).__name__ for event in events if isinstance(event, StepReasoned)],
        "tokens": [job.research.bill.input_tokens, job.research.bill.output_tokens],
        "events": len(events),
        "seconds": round(seconds),
    }
