"""Measure from a submission to the job's start.

One job at a time, on an idle worker.
"""

import asyncio
import random
import statistics
import time

import asyncpg

from app.store.database import driver_url
from benchmarks.child import Child, child
from benchmarks.database import Cluster
from benchmarks.scale import Scale
from benchmarks.submit import BODY
from benchmarks.table import Line, Take, line
from benchmarks.web import post

PAUSE = (0.02, 0.03)  # seconds between two jobs: longer than wake-ups are coalesced, so the worker is idle
CONCURRENCY = "4"

# The least that two connections can do: insert and notify, hear and claim.
TABLE = """
    CREATE TABLE bare_jobs (job_id bigint PRIMARY KEY, status text NOT NULL);
    CREATE INDEX ON bare_jobs (job_id) WHERE status = 'pending'"""
SUBMIT = """
    WITH added AS (INSERT INTO bare_jobs VALUES ($1::bigint, 'pending'))
    SELECT pg_notify('bare', $1::bigint::text)"""
CLAIM = """
    UPDATE bare_jobs SET status = 'running' WHERE job_id = (
        SELECT job_id FROM bare_jobs WHERE status = 'pending' ORDER BY job_id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING job_id"""


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    """Three ways in turn, job by job."""
    async with (
        cluster.database() as one_url, cluster.database() as two_url, cluster.database() as bare_url,
        child("benchmarks.server", "api", one_url, CONCURRENCY) as (both, both_port),
        child("benchmarks.server", "api", two_url) as (_, api_port),
        child("benchmarks.server", "worker", two_url, CONCURRENCY) as (worker, _),
    ):  # fmt: skip
        one, two, bare = await _Http.open(both_port, both), await _Http.open(api_port, worker), _Bare()
        await bare.open(bare_url)
        await asyncio.sleep(1)  # until everybody listens
        ways = (one, two, bare)
        taken = [[await _idle(way) for way in ways] for _ in range(scale.starts)]
        await bare.close()
    ones, twos, bares = (_take(list(times)) for times in zip(*taken, strict=True))
    note = f"{scale.starts} jobs, one at a time; the yardstick is insert and notify, hear and claim"
    return [
        line("POST to start, one process", [(ones, bares)], "p50 ≤ 5, p99 ≤ 20", note),
        line("POST to start, API and worker", [(twos, bares)], "p50 ≤ 5, p99 ≤ 20", note),
    ]


async def _idle(way: "_Http | _Bare") -> float:
    await asyncio.sleep(random.uniform(*PAUSE))
    return await way.submit_to_start()


def _take(seconds: list[float]) -> Take:
    ordered = sorted(seconds)
    return Take(None, 1000 * statistics.median(ordered), 1000 * ordered[int(len(ordered) * 0.99)])


class _Http:
    """Submit to the API, and learn when the job starts.

    The process with the worker says when.
    """

    @classmethod
    async def open(cls, port: bytes, worker: Child) -> "_Http":
        self = cls()
        self._reader, self._sender = await asyncio.open_connection("127.0.0.1", int(port))
        self._worker = worker
        return self

    async def submit_to_start(self) -> float:
        sent = time.monotonic_ns()
        self._sender.write(post("/jobs", BODY).encode())
        _, started = (await self._worker.hear()).split()
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        await self._reader.readexactly(length)
        return (int(started) - sent) / 1e9


class _Bare:
    """Two connections: one inserts and notifies, the other hears and claims."""

    async def open(self, url: str) -> None:
        self._submitting = await asyncpg.connect(driver_url(url))
        self._claiming = await asyncpg.connect(driver_url(url))
        await self._submitting.execute(TABLE)
        self._heard = asyncio.Event()
        await self._claiming.add_listener("bare", lambda *_: self._heard.set())
        self._job_id = 0

    async def close(self) -> None:
        await self._submitting.close()
        await self._claiming.close()

    async def submit_to_start(self) -> float:
        self._job_id += 1
        sent = time.monotonic_ns()
        submitting = asyncio.create_task(self._submitting.execute(SUBMIT, self._job_id))
        await self._heard.wait()
        self._heard.clear()
        await self._claiming.fetch(CLAIM)
        started = time.monotonic_ns()
        await submitting
        return (started - sent) / 1e9
