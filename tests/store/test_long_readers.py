"""The queue goes on despite long readers.

One idles in a transaction, four repeat their reads. While they are there, no vacuum may remove what they
could still see, so dead rows and dead entries of indexes pile up. That costs, but every job is done, and a
claim costs no more than those dead entries.
"""

import asyncio
import json

import asyncpg
import pytest

from app.domain import commands as c
from app.store import log, queue
from app.store.database import driver_url, fetch
from tests.steps import LEASE, as_worker, submitted_job

pytestmark = pytest.mark.untouched  # a plan depends on how many pages a table has

READERS = 4
JOBS = 600
ROUNDS = 4  # in which so many jobs come and are done
OWN = 30  # pages that a claim of one job touches where nothing is dead, at most
PER_PAGE = 5  # dead entries that a claim passes over for each further page, at the very least


@pytest.fixture
async def in_the_way(database_url):
    """Hold snapshots open, as an analyst without timeouts would."""
    sessions = [await asyncpg.connect(driver_url(database_url)) for _ in range(1 + READERS)]
    await sessions[0].execute("BEGIN; CREATE TEMPORARY TABLE mine AS SELECT 1; SELECT count(*) FROM jobs")
    for session in sessions[1:]:
        await session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs")
    yield sessions
    for session in sessions:
        await session.close()


async def worked(writer) -> int:
    """Submit, claim and complete a round of jobs, returning how many."""
    for _ in range(JOBS // ROUNDS):
        await submitted_job(writer)
    return await emptied(writer)


async def emptied(writer) -> int:
    done = 0
    while leases := await queue.claim(writer.engine, "w", 10, LEASE):
        found = await log.load(writer.engine, [lease.job_id for lease in leases])
        commands = [as_worker(writer, job, c.CompleteJob(job.epoch, "answered")) for job in found.values()]
        done += sum(job.is_over for job in await asyncio.gather(*commands))
    return done


def nodes(node):
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


async def claim_pages(writer, owner) -> tuple[int, dict]:
    """Count the pages that a claim touches, and return its plan.

    The claim is rolled back.
    """
    await submitted_job(writer)
    connection = await asyncpg.connect(driver_url(owner._url), server_settings={"enable_sort": "off"})
    try:
        await connection.execute(f"PREPARE claim AS {queue.CLAIM}")
        trial = connection.transaction()
        await trial.start()
        [[text]] = await connection.fetch(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE claim (1, 'x', '10s', '1h')"
        )
        await trial.rollback()
    finally:
        await connection.close()
    plan = json.loads(text)[0]["Plan"]
    assert await emptied(writer) == 1
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], plan


async def test_readers_that_hold_a_snapshot_stop_nothing_and_a_claim_stays_a_walk_along_its_index(
    writer, owner, in_the_way
):
    before, _ = await claim_pages(writer, owner)
    held = await fetch(owner, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text")

    done = [await worked(writer) for _ in range(ROUNDS)]
    after, plan = await claim_pages(writer, owner)

    assert done == [JOBS // ROUNDS] * ROUNDS
    statuses = await fetch(owner, "SELECT DISTINCT status FROM jobs")
    assert [row[0] for row in statuses] == ["completed"]
    assert held == await fetch(owner, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text")  # they held on
    scans = [
        node for node in nodes(plan) if node.get("Relation Name") == "jobs" and "Scan" in node["Node Type"]
    ]
    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
    assert "Sort" not in {node["Node Type"] for node in nodes(plan)}
    print(f"pages of a claim: {before} before, {after} after {JOBS} jobs")  # noqa: T201 - for pytest -s
    assert after <= before + JOBS // PER_PAGE


async def test_a_claim_is_as_cheap_as_before_once_the_readers_are_gone(writer, owner, in_the_way):
    for _ in range(ROUNDS):
        await worked(writer)
    crowded, _ = await claim_pages(writer, owner)

    for session in in_the_way:
        await session.close()
    connection = await asyncpg.connect(driver_url(owner._url))
    await connection.execute("VACUUM jobs")
    await connection.close()
    free, _ = await claim_pages(writer, owner)

    assert free <= OWN
    assert free < crowded
