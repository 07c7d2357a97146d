"""Verify a whole log and rebuild its rows.

The yardstick is a process that only reads and hashes it.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime

import asyncpg
from uuid_utils.compat import uuid7

from app.audit.verify import verify
from app.domain.change import Change, change
from app.domain.events import Event
from app.domain.job import Job
from app.domain.upcast import load
from app.store import blobs
from app.store.database import driver_url, make_engine
from app.store.log import submit
from app.store.rebuild import rebuild_at
from benchmarks.database import Cluster
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.table import Line, Take, line
from tests.reporting.bulk import EVENTS_PER_JOB, succeeding

PAGE = b"Water boils at 100 degrees. " * 300  # what every page, and every reply, of these jobs is
AT_ONCE = 20  # jobs of one statement
TELL_EVERY = 10.0  # seconds between two words of progress
ALL = """
    SELECT job_id, seq, type, schema_version, status, progress, data::text, actor, epoch, occurred_at,
           prev_hash, hash FROM events ORDER BY job_id, seq"""


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    """Verify and rebuild beside a yardstick of one process.

    A chain is hashed from its beginning.
    """
    count = scale.logged // EVENTS_PER_JOB
    async with cluster.database() as url:
        await fill(url, count)
        sides = {"verified": verified, "made again": made_again}
        return [await compare(cluster, url, name, side, scale) for name, side in sides.items()]


async def compare(
    cluster: Cluster, url: str, name: str, side: Callable[[str], Awaitable[int]], scale: Scale
) -> Line:
    rounds = min(2, scale.rounds)
    pairs = [(await taken(cluster, side, url), await taken(cluster, hashed, url)) for _ in range(rounds)]
    aims = {"verified": "≥ 50,000/s", "made again": "1,000,000 in < 60 s"}
    return line(f"events {name}, {scale.logged:,} of them", pairs, aims[name])


async def taken(cluster: Cluster, side: Callable[[str], Awaitable[int]], url: str) -> Take:
    meter, before = Meter(cluster.postmaster, cluster.postmaster), spent()
    meter.start()
    count = await side(url)
    elapsed, _, postgres = meter.stop()
    return Take(count / elapsed, None, None, 1e6 * (spent() - before) / count, 1e6 * postgres / count)


def spent() -> float:
    """Return CPU seconds of this process and its ended children."""
    return sum(os.times()[:4])


async def verified(url: str) -> int:
    found = await verify(url)
    assert found.findings == (), found.findings[:3]
    return found.events


async def made_again(url: str) -> int:
    found = await rebuild_at(url)
    assert (found.changed, found.removed) == (0, 0), found
    return found.events


async def hashed(url: str) -> int:
    """Read every event, and hash its bytes after the hash before."""
    count, connection = 0, await asyncpg.connect(driver_url(url))
    async with connection.transaction():
        async for row in connection.cursor(ALL, prefetch=1000):
            hashlib.sha256(row["prev_hash"] + row["data"].encode()).digest()
            count += 1
    await connection.close()
    return count


# Filling


async def fill(url: str, count: int) -> None:
    """Write so many jobs of fifty events.

    Each goes through the code that writes every job.
    """
    engine, began = make_engine(url), time.perf_counter()
    told = began
    await blobs.put(engine, [PAGE])
    template = list(events())
    for start in range(0, count, AT_ONCE):
        changes = [whole(template) for _ in range(min(AT_ONCE, count - start))]
        assert len(await submit(engine, changes)) == len(changes)
        if time.perf_counter() - told > TELL_EVERY:
            told = time.perf_counter()
            print(
                f"audit: {start:,} of {count:,} jobs after {told - began:.0f} s", file=sys.stderr, flush=True
            )
    await engine.dispose()
    connection = await asyncpg.connect(driver_url(url))
    await connection.execute("VACUUM ANALYZE events, jobs")
    await connection.close()
    print(
        f"audit: {count:,} jobs were made in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True
    )


def events() -> Iterator[Event]:
    name = blobs.digest(PAGE)
    for type_, data in succeeding():
        text = json.dumps(data)
        for digit in "567":
            text = text.replace(digit * 64, name)
        yield load(type_, 1, text)


def whole(template: list[Event]) -> Change:
    """A job from its question to its report, as one append."""
    at, worker = datetime.now(UTC), ("worker:benchmark", 1)
    asked = change(Job(uuid7()), tuple(template[:1]), at, "api", None)
    done = change(asked.job, tuple(template[1:]), at, *worker)
    return Change(done.job, 0, None, asked.rows + done.rows)
