"""A job that kills its workers is given up, while others complete."""

from app import handle
from app.domain.history import check
from app.store import queue
from app.store.history import histories
from app.worker.crash import VARIABLE
from dossier.request import ResearchRequest
from tests.steps import until

ATTEMPTS = 2
BESIDE = 3


async def test_a_job_that_kills_its_worker_each_time_fails_with_the_cause_and_harms_no_other(fleet, writer):
    poison, _ = await handle.submit(
        writer, ResearchRequest("Boil?", priority=100), tenant="default", terms=handle.Terms(ATTEMPTS)
    )
    lease = {"DOSSIER_LEASE_SECONDS": "0.5"}
    dying = [fleet.worker(**lease, **{VARIABLE: "after_claim"}) for _ in range(ATTEMPTS)]
    for worker in dying:  # each is the only one there is, so it is the poisoned job that it takes
        await until(lambda: due(writer, poison.id), seconds=90)
        await worker.start()
        assert await worker.ended() == -9
    others = [
        (await handle.submit(writer, ResearchRequest("Boil?"), tenant="default", terms=handle.Terms(3)))[0]
        for _ in range(BESIDE)
    ]
    await fleet.worker(concurrency=2).start()

    async def over():
        found = [await handle.load(writer, job.id) for job in (poison, *others)]
        return found if all(job.is_over for job in found) else None

    dead, *beside = await until(over, seconds=90)
    assert (dead.status, dead.failure.error_type, dead.attempt) == ("failed", "worker_lost", ATTEMPTS)
    assert {(job.status, job.attempt) for job in beside} == {("completed", 1)}
    assert [violation async for history in histories(writer.engine) for violation in check(history)] == []


async def due(writer, job_id) -> bool:
    """Say whether the job can be claimed or rescued now."""
    job = await handle.load(writer, job_id)
    return job.status == "pending" or job_id in {lost.job_id for lost in await queue.lost(writer.engine, 10)}
