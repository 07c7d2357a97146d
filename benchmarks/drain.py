"""Drain jobs that do nothing with one worker.

Claim, start, complete, with log, hash chain and fence.
"""

import asyncio

import asyncpg
import psutil

from app.domain.commands import CompleteJob
from app.process_memory import settle
from app.settings import Settings
from app.store.database import driver_url, fetch
from app.wiring import Container
from app.worker.attempt import Attempt
from benchmarks.database import Cluster, fill
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.table import Line, Take, line

CONCURRENCY = 400
BATCH = 50  # jobs that the yardstick claims and completes at once

COMPLETED = "SELECT count(*) FROM events WHERE type = 'job_completed'"

# The least that a queue with a history can do: no fence, no lease, no hash, no retry.
TABLES = """
    DROP TABLE IF EXISTS bare_jobs, bare_events;
    CREATE TABLE bare_jobs (job_id bigint PRIMARY KEY, status text NOT NULL, rank bigint NOT NULL)
        WITH (fillfactor = 80);
    CREATE INDEX ON bare_jobs (rank, job_id) WHERE status = 'pending';
    CREATE TABLE bare_events (job_id bigint, seq integer, type text NOT NULL, data json NOT NULL,
        occurred_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (job_id, seq))"""

ENQUEUE = """
    WITH jobs AS (
        INSERT INTO bare_jobs SELECT number, 'pending', number FROM generate_series(1, $1::integer) AS number
        RETURNING job_id
    )
    INSERT INTO bare_events SELECT job_id, 1, 'job_submitted', '{}' FROM jobs"""

CLAIM = """
    WITH taken AS MATERIALIZED (
        SELECT job_id FROM bare_jobs WHERE status = 'pending' ORDER BY rank, job_id LIMIT $1::integer
        FOR UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE bare_jobs j SET status = 'running' FROM taken WHERE j.job_id = taken.job_id
    )
    INSERT INTO bare_events SELECT job_id, 2, 'attempt_started', '{}' FROM taken RETURNING job_id"""

COMPLETE = """
    WITH moved AS (
        UPDATE bare_jobs SET status = 'completed' WHERE job_id = ANY($1::bigint[]) RETURNING job_id
    )
    INSERT INTO bare_events SELECT job_id, 3, 'job_completed', '{}' FROM moved"""


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    pairs = []
    for _ in range(scale.rounds):
        async with cluster.database() as url:
            pairs.append((await ours(cluster, url, scale.jobs), await _bare(cluster, url, scale.jobs)))
    note = (
        f"{scale.jobs:,} jobs; the yardstick is bare SQL with an event for each change, {BATCH} jobs at once"
    )
    return [line(f"jobs drained, {CONCURRENCY} at a time", pairs, "≥ 13,000/s, ≤ 45 + 40 µs", note)]


async def ours(cluster: Cluster, url: str, count: int) -> Take:
    """Drain `count` jobs with one worker in this process."""
    house = Container(Settings(), url)
    await fill(house.writer, count)
    settle()  # as `serve` and `worker` do
    over = set()

    async def perform(attempt: Attempt) -> None:
        try:
            await attempt.carry_out(CompleteJob(attempt.epoch, "answered"))
        finally:  # also where it is cut: the worker has to end, and the log says what was completed
            over.add(attempt.job_id)
            if len(over) == count:
                worker.drain()

    worker = house.worker(CONCURRENCY, perform)
    hearing = asyncio.create_task(house.wake.run())
    meter = Meter(psutil.Process(), cluster.postmaster)
    meter.start()
    await worker.run()
    spent = meter.stop()
    completed = (await fetch(house.engine, COMPLETED))[0][0]
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await house.engine.dispose()
    return take(spent, completed)


async def _bare(cluster: Cluster, url: str, count: int) -> Take:
    connection = await asyncpg.connect(driver_url(url))
    await connection.execute(TABLES)
    await connection.execute(ENQUEUE, count)
    meter = Meter(psutil.Process(), cluster.postmaster)
    meter.start()
    while claimed := await connection.fetch(CLAIM, BATCH):
        await connection.execute(COMPLETE, [row[0] for row in claimed])
    spent = meter.stop()
    await connection.close()
    return take(spent, count)


def take(spent: tuple[float, float, float], count: int) -> Take:
    """Return what a meter read for each of `count` jobs."""
    seconds, python, postgres = spent
    return Take(count / seconds, None, None, 1e6 * python / count, 1e6 * postgres / count)
