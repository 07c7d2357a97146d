"""Claims take turns among tenants, so one's flood delays nobody."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from app import handle
from app.domain import commands as c
from app.store import queue
from app.store.database import fetch
from app.store.queue import NO_DEADLINE
from dossier.request import ResearchRequest
from tests.steps import LEASE, as_worker, claimed_job, submitted_job, until
from tests.worker.working import working

# The same job again and again, with its first event: enough for a worker to begin with it.
FLOOD_JOBS = """
    WITH made AS (
        INSERT INTO jobs SELECT (jsonb_populate_record(j, jsonb_build_object(
            'job_id', overlay(j.job_id::text PLACING lpad(to_hex(n), 12, '0') FROM 25)))).*
        FROM jobs j, generate_series(1, $2::integer) AS n WHERE j.job_id = $1 RETURNING job_id
    )
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, occurred_at,
                        prev_hash, hash)
    SELECT made.job_id, seq, type, schema_version, status, progress, data, actor, occurred_at, prev_hash, hash
    FROM made, events e WHERE e.job_id = $1"""


async def submitted(writer, tenant, count=1, **fields):
    jobs = [handle.submit(writer, ResearchRequest("why?", **fields), tenant=tenant) for _ in range(count)]
    return [job.id for job, _ in await asyncio.gather(*jobs)]


async def claimed(engine, count, after=""):
    return await queue.claim_in_turn(engine, "w", count, LEASE, NO_DEADLINE, after)


async def test_each_tenant_gets_an_equal_share_of_a_claim(writer):
    for tenant in ("a", "b", "c"):
        await submitted(writer, tenant, 5)

    leases = await claimed(writer.engine, 6)

    assert [lease.turn for lease in leases] == ["a", "a", "b", "b", "c", "c"]


async def test_claims_of_one_job_go_round_the_tenants_and_each_in_its_own_order(writer):
    ids = {tenant: await submitted(writer, tenant, 3) for tenant in ("a", "b", "c")}
    [urgent] = await submitted(writer, "b", priority=50)

    turns, after = [], "b"
    for _ in range(10):
        [lease] = await claimed(writer.engine, 1, after)
        turns.append((after := lease.turn, lease.job_id))

    assert [tenant for tenant, _ in turns] == ["c", "a", "b", "c", "a", "b", "c", "a", "b", "b"]
    assert [job for tenant, job in turns if tenant == "b"] == [urgent, *sorted(ids["b"])]
    assert await claimed(writer.engine, 1, after) == []


async def test_more_tenants_than_a_claim_takes_are_all_served_before_one_is_again(writer):
    for number in range(7):
        await submitted(writer, f"t{number}", 2)

    turns, after = [], "t3"
    while leases := await claimed(writer.engine, 3, after):
        turns += [lease.turn for lease in leases]
        after = turns[-1]

    assert turns[:7] == ["t4", "t5", "t6", "t0", "t1", "t2", "t3"]
    assert Counter(turns) == {f"t{number}": 2 for number in range(7)}


async def test_workers_at_once_claim_each_job_of_each_tenant_once(writer):
    ids = [job for tenant in ("a", "b", "c", "d") for job in await submitted(writer, tenant, 20)]

    async def work(after):
        taken = []
        while leases := await claimed(writer.engine, 3, after):
            taken += [lease.job_id for lease in leases]
            after = leases[-1].turn
        return taken

    taken = [job for one in await asyncio.gather(*(work(after) for after in "abcdaz")) for job in one]

    assert sorted(taken) == sorted(ids)


async def test_retries_of_one_tenant_take_half_of_a_claim_at_most(writer):
    past = datetime.now(UTC) - timedelta(seconds=5)
    await submitted(writer, "a", 8)
    for job in [await claimed_job(writer) for _ in range(8)]:
        await as_worker(writer, job, c.FailAttempt(job.epoch, "network", "x", True, past))
    await submitted(writer, "b", 8)

    assert (await queue.peek(writer.engine)).shared
    assert Counter(lease.turn for lease in await claimed(writer.engine, 8)) == {None: 4, "b": 4}
    while leases := await claimed(writer.engine, 2, "b"):
        last = leases
    assert last


async def test_only_where_several_tenants_wait_do_claims_go_round(writer):
    assert not (await queue.peek(writer.engine)).shared
    await submitted(writer, "a", 2)
    assert not (await queue.peek(writer.engine)).shared
    await submitted(writer, "b")
    assert (await queue.peek(writer.engine)).shared


async def test_ten_thousand_jobs_of_one_tenant_do_not_hold_up_the_one_of_another(house, owner):
    flood = await submitted_job(house.writer)
    await fetch(owner, FLOOD_JOBS, flood.id, 10_000)
    [other] = await submitted(house.writer, "other")

    async def work(attempt):
        await asyncio.sleep(0.02)  # or the worker would be through with all of them soon
        await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))

    async with working(house, work, concurrency=2):
        await until(lambda: over(house.engine, other))

    [(done,)] = await fetch(
        owner, "SELECT count(*) FROM jobs WHERE tenant = 'default' AND status = 'completed'"
    )
    assert done < 1000


async def over(engine, job_id):
    [(completed_at,)] = await fetch(engine, "SELECT completed_at FROM jobs WHERE job_id = $1", job_id)
    return completed_at
