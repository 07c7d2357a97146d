"""Workers as operators see them, and what operators order."""

import asyncio
import contextlib
import os
import signal
import sys

import asyncpg
import httpx
import pytest

from app.domain import commands as c
from app.errors import LeaseLost
from app.handle import load
from app.store import workers
from app.store.analyst_session import connected
from app.store.database import fetch
from dossier import ApiError, AsyncDossier
from dossier.version import __version__
from tests.conftest import serving
from tests.steps import as_worker, claimed_job, running_job, submitted_job, until, whole_log
from tests.worker.working import over, working


async def complete(attempt):
    await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))


@pytest.fixture
async def client(api):
    async with AsyncDossier(str(api.base_url)) as client:
        yield client


@contextlib.asynccontextmanager
async def process(database_url, **environment):
    """A real worker process."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker", "--concurrency", "3"),
        env={**os.environ, "DATABASE_URL": database_url, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.wait()


async def only_worker(engine, *states):
    """Return the only worker, once in one of these states."""

    async def seen():
        found = (await workers.read_workers(engine)).workers
        return found[0] if found and found[0].state in states else None

    return await until(seen)


async def test_a_frozen_worker_is_shown_as_silent_and_comes_back(engine, database_url):
    async with process(database_url, DOSSIER_LEASE_SECONDS="1.5") as worker:
        shown = await only_worker(engine, "ready")
        assert shown.pid == worker.pid
        assert shown.name.startswith(f"{shown.host}-{worker.pid}-")
        assert (shown.slots, shown.version, shown.jobs, shown.outages) == (3, __version__, (), ())

        worker.send_signal(signal.SIGSTOP)
        frozen = await only_worker(engine, "silent")
        assert frozen.beat_at >= shown.beat_at

        worker.send_signal(signal.SIGCONT)
        await only_worker(engine, "ready")
        worker.terminate()
        assert await worker.wait() == 0
        stopped = await only_worker(engine, "stopped")
        assert stopped.stopped_at is not None


async def test_a_worker_that_is_drained_from_outside_ends_its_process(engine, database_url):
    async with process(database_url, DOSSIER_LEASE_SECONDS="1.5") as worker:
        shown = await only_worker(engine, "ready")

        assert await workers.drain_worker(engine, shown.name)

        assert await worker.wait() == 0
        await only_worker(engine, "stopped")
        assert not await workers.drain_worker(engine, shown.name)


async def test_a_worker_shows_its_jobs_and_outages(house, engine):
    started, release = asyncio.Event(), asyncio.Event()

    async def work(attempt):
        started.set()
        await release.wait()
        await complete(attempt)

    house.outages.note("search", "It answered 503." + "x" * 1000)
    house.researching = lambda: work
    async with house.running(2):
        job = await submitted_job(house.writer)
        await started.wait()

        async def told():
            [one] = (await workers.read_workers(engine)).workers
            return one if one.jobs and one.outages else None

        shown = await until(told)
        release.set()
        await over(house, job.id)

    assert shown.jobs == (job.id,)
    assert shown.outages[0].provider == "search"
    assert len(shown.outages[0].error) == 200


@pytest.mark.parametrize("alone", [False, True])
async def test_a_paused_worker_claims_nothing_and_goes_on_with_what_it_holds(house, client, alone):
    release = asyncio.Event()

    async def work(attempt):
        await release.wait()
        await complete(attempt)

    async with working(house, work) as worker:
        held = await submitted_job(house.writer)
        await until(lambda: _status(house, held.id, "running"))
        await only_worker(house.engine, "ready")
        name = worker.name if alone else None

        assert (await client.pause_workers(name)).workers[0].state == "paused"
        await until(lambda: _paused(worker))
        waiting = await submitted_job(house.writer)
        release.set()
        await over(house, held.id)
        await asyncio.sleep(1.5)  # longer than between two looks at the queue
        assert (await load(house.writer, waiting.id)).status == "pending"

        assert (await client.resume_workers(name)).workers[0].state == "ready"
        await over(house, waiting.id)


async def _status(house, job_id, status):
    return (await load(house.writer, job_id)).status == status


async def _paused(worker):
    return worker._paused


async def test_a_worker_that_starts_while_all_are_paused_claims_nothing(house, client):
    await client.pause_workers()
    job = await submitted_job(house.writer)
    async with working(house, complete):
        await asyncio.sleep(1.5)
        assert (await load(house.writer, job.id)).status == "pending"
        await client.resume_workers()
        await over(house, job.id)


async def test_an_order_to_a_worker_that_is_not_there_is_refused(client):
    for order in (client.pause_workers, client.resume_workers, client.drain_worker):
        with pytest.raises(ApiError) as refused:
            await order("db1-4711-3fa2c1")
        assert refused.value.code == "worker_not_found"


async def test_the_queue_is_shown_by_priority_and_age(writer, client, engine):
    late = await submitted_job(writer, priority=-5)
    for priority in (0, 50, 50):
        await submitted_job(writer, priority=priority)
    await fetch(engine, "UPDATE jobs SET created_at = created_at - interval '1 h' WHERE job_id = $1", late.id)

    shown = await client.queue()

    assert [(one.priority, one.waiting, one.retrying) for one in shown.priorities] == [
        (50, 2, 0),
        (0, 1, 0),
        (-5, 1, 0),
    ]
    assert shown.priorities[2].oldest_seconds >= 3600
    assert [one.priority for one in shown.next] == [50, 50, 0, -5]
    assert shown.next[3].job_id == late.id


async def test_a_requeued_job_costs_no_attempt_and_its_worker_cannot_write(writer, client, engine):
    job = await running_job(writer)

    view = await client.requeue(job.id)

    assert (view.status, view.attempt) == ("pending", 0)
    row = (await whole_log(engine, job.id))[-1]
    assert (row.type, row.epoch) == ("attempt_released", job.epoch)
    with pytest.raises(LeaseLost):
        await as_worker(writer, job, c.CompleteJob(job.epoch, "answered"))
    assert (await claimed_job(writer)).id == job.id

    with pytest.raises(ApiError) as refused:
        await client.requeue((await submitted_job(writer)).id)
    assert refused.value.code == "job_not_held"


async def test_a_failed_job_is_retried_once_in_a_new_job(writer, client):
    job = await running_job(writer)
    fail = c.FailAttempt(job.epoch, "auth", "The key was refused.", False, job.updated_at)
    await as_worker(writer, job, fail)

    made, again = await client.retry(job.id), await client.retry(job.id)

    assert made.job_id == again.job_id != job.id
    view = await client.job(made.job_id)
    assert (view.status, view.query, view.forked_from.job_id) == ("pending", "why?", job.id)
    with pytest.raises(ApiError) as refused:
        await client.retry(made.job_id)
    assert refused.value.code == "job_not_failed"


async def test_analysts_see_workers_as_operators_do(house, database_url):
    async with working(house, complete) as worker:
        await only_worker(house.engine, "ready")
        async with connected(database_url, 60) as analyst:
            [row] = await analyst.fetch("SELECT name, state, slots, jobs, outages FROM report.workers")

    assert tuple(row)[:4] == (worker.name, "ready", 2, 0)


async def test_scrapes_count_workers_by_state(house):
    async with serving(house, workers=1) as url, httpx.AsyncClient(base_url=url) as http:
        await only_worker(house.engine, "ready")
        shown = (await http.get("/metrics")).text
        assert 'dossier_workers{state="ready"} 1.0' in shown
        assert "dossier_claims_paused 0.0" in shown


async def test_a_locked_row_of_a_worker_costs_no_lease(house, database_url):
    """A beat that cannot show the worker still keeps its jobs.

    Leases come first.
    """
    release = asyncio.Event()

    async def work(attempt):
        await release.wait()
        await complete(attempt)

    async with working(house, work):
        job = await submitted_job(house.writer)
        await until(lambda: _status(house, job.id, "running"))
        await only_worker(house.engine, "ready")
        other = await asyncpg.connect(database_url)
        async with other.transaction():
            await other.execute("SELECT FROM workers FOR UPDATE")
            await asyncio.sleep(3)  # three leases
        await other.close()
        assert (await load(house.writer, job.id)).epoch == 1
        release.set()
        await over(house, job.id)


async def test_workers_that_are_long_silent_are_forgotten(engine, owner):
    sql = """INSERT INTO workers (name, host, pid, version, slots, lease_seconds, outages, beat_at)
             VALUES ($1, 'h', 1, '1', 1, $2::float8, '[]', now() - interval '61 min')"""
    await fetch(owner, sql, "short", 10.0)
    await fetch(owner, sql, "long", 3600.0)

    await workers.forget_workers(engine)

    assert [one.name for one in (await workers.read_workers(engine)).workers] == ["long"]
