"""Promise 9 across jobs: each committed event once, in one order."""

import asyncio
import contextlib
import json
import random

import asyncpg
import pytest

from app.domain import commands as c
from app.domain.caller import ANYBODY, Caller
from app.store import event_feed, queue
from app.store.database import connect, driver_url, fetch
from app.store.event_feed import FEED_START, SCAN, Cursor
from tests.steps import LEASE, as_worker, claimed_job, completed_job, submitted_job, until
from tests.store.restored import RESTORED

WRITERS = 16
TRANSACTIONS = 15  # of each writer
PAUSE = 0.01  # seconds, at most, between two steps of a transaction

WRITE = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash)
    VALUES ($1, $2, 'call_failed', 1, 'running', 0, '{}', 'worker:w', 1, now(), '', '')"""

IN_ORDER = "SELECT job_id, seq FROM events ORDER BY xid, position"

# What others read by. The first forgets who commits late; the second, that a newer transaction may take
# an older position.
NAIVE = "SELECT position, job_id, seq FROM events WHERE position > $1 ORDER BY position"
POPULAR = """
    SELECT position, job_id, seq FROM events
    WHERE position > $1 AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY position"""


class Writing:
    """Write to a job of its own as the application's role."""

    def __init__(self, connection, job_id):
        self.connection = connection
        self.job_id = job_id
        self.seq = 1

    async def begin(self):
        await self.connection.execute("BEGIN")

    async def take_xid(self):
        await self.connection.execute("SELECT pg_current_xact_id()")

    async def write(self):
        self.seq += 1
        await self.connection.execute(WRITE, self.job_id, self.seq)
        return self.job_id, self.seq

    async def commit(self):
        await self.connection.execute("COMMIT")


class PositionReader:
    """Reads by position alone, with one of the statements above."""

    def __init__(self, engine, statement):
        self.engine = engine
        self.statement = statement
        self.cursor = 0
        self.seen = []

    async def poll(self):
        for position, job_id, seq in await fetch(self.engine, self.statement, self.cursor):
            self.cursor = position
            self.seen.append((job_id, seq))


class FeedReader:
    """Reads the feed, page by page."""

    def __init__(self, engine, limit=7, after=FEED_START, tenant="default", types=None):
        self.engine = engine
        self.question = (tenant, limit, types)
        self.cursor = after
        self.seen = []
        self.pages = []

    async def turn(self):
        tenant, limit, types = self.question
        page = await event_feed.read(self.engine, Caller(tenant), self.cursor, limit, types)
        assert len(page.entries) <= limit
        assert self.cursor <= page.next_after <= page.head
        self.cursor = page.next_after
        self.seen += [(entry.row.job_id, entry.row.seq) for entry in page.entries]
        self.pages.append(page)
        return page

    async def poll(self):
        """Up to the head."""
        while (page := await self.turn()).next_after != page.head:
            pass

    async def until_seen(self, count):
        """Poll until `count` events came, while vacuum may hold the feed back."""

        async def enough():
            await self.poll()
            return len(self.seen) >= count

        await until(enough)


@pytest.fixture
async def writing(writer, database_url):
    """Opens connections that write, each to a new job."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened():
            job = await submitted_job(writer)
            connection = await connect(database_url)
            stack.push_async_callback(connection.close)
            return Writing(connection, job.id)

        yield opened


async def test_who_takes_a_position_first_and_commits_last_is_read_all_the_same(engine, writing):
    slow, quick = await writing(), await writing()
    ours, naive = FeedReader(engine), PositionReader(engine, NAIVE)
    await ours.until_seen(2)
    await slow.begin()
    early = await slow.write()
    late = await quick.write()

    await naive.poll()
    await ours.poll()
    assert len(ours.seen) == 2  # held back
    await slow.commit()
    await naive.poll()
    await ours.until_seen(4)

    assert early not in naive.seen  # so the order above is one that loses events
    assert ours.seen[2:] == [early, late]


async def test_a_newer_transaction_that_takes_an_older_position_is_read_all_the_same(engine, writing):
    older, newer = await writing(), await writing()
    ours, popular = FeedReader(engine), PositionReader(engine, POPULAR)
    await ours.until_seen(2)
    await older.begin()
    await older.take_xid()
    await newer.begin()
    first_place = await newer.write()
    second_place = await older.write()
    await older.commit()

    async def sees_it():
        await popular.poll()
        return second_place in popular.seen

    await until(sees_it)
    await ours.until_seen(3)
    await newer.commit()
    await ours.until_seen(4)

    await popular.poll()
    assert first_place not in popular.seen
    assert ours.seen[2:] == [second_place, first_place]


async def hurry(writing, chance):
    """Commit transactions of a few events, with pauses, savepoints and rollbacks."""
    for _ in range(TRANSACTIONS):
        kept = writing.seq
        await writing.begin()
        if chance.random() < 0.5:
            await writing.take_xid()
        for _ in range(chance.choice((1, 1, 2, 3))):
            await asyncio.sleep(chance.uniform(0, PAUSE))
            await writing.write()
            if chance.random() < 0.2:
                await writing.connection.execute("SAVEPOINT here")
                await writing.write()
                await writing.connection.execute(f"{chance.choice(('ROLLBACK TO', 'RELEASE'))} here")
                [[writing.seq]] = await writing.connection.fetch(
                    "SELECT max(seq) FROM events WHERE job_id = $1", writing.job_id
                )
        await asyncio.sleep(chance.uniform(0, PAUSE))
        if chance.random() < 0.1:
            await writing.connection.execute("ROLLBACK")
            writing.seq = kept
        else:
            await writing.commit()


async def test_sixteen_writers_that_commit_out_of_order_lose_the_feed_no_event_and_double_none(
    engine, owner, writing
):
    writers = [await writing() for _ in range(WRITERS)]
    ours, naive, popular = FeedReader(engine), PositionReader(engine, NAIVE), PositionReader(engine, POPULAR)
    done = asyncio.Event()

    async def follow(reader):
        while not done.is_set():
            await reader.poll()

    following = [asyncio.create_task(follow(reader)) for reader in (ours, naive, popular)]
    await asyncio.gather(*(hurry(each, random.Random(number)) for number, each in enumerate(writers)))
    done.set()
    await asyncio.gather(*following)
    committed = [tuple(row) for row in await fetch(owner, IN_ORDER)]
    for reader in (naive, popular):
        await reader.poll()
    await ours.until_seen(len(committed))

    assert len(committed) > WRITERS * TRANSACTIONS
    assert ours.seen == committed
    assert set(committed) - set(naive.seen)
    assert set(committed) - set(popular.seen)


async def test_the_events_of_a_job_come_in_the_order_of_their_seq(writer, engine):
    await asyncio.gather(*(submitted_job(writer) for _ in range(20)))
    for _ in range(20):
        await claimed_job(writer)
    jobs = [await completed_job(writer) for _ in range(3)]

    ours = FeedReader(engine)
    await ours.until_seen(20 * 2 + 3 * 3)

    for job_id in {job_id for job_id, _ in ours.seen}:
        seqs = [seq for other, seq in ours.seen if other == job_id]
        assert seqs == list(range(1, 4 if job_id in {job.id for job in jobs} else 3))


# A policy can make the claim itself wait between two rows, without a word of it changed.
DAWDLE = """
    CREATE FUNCTION dawdle(id uuid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('test.dawdles_at', true) = id::text THEN
            PERFORM pg_advisory_lock_shared(7);
        END IF;
        RETURN true;
    END $$;
    CREATE POLICY slow ON jobs AS RESTRICTIVE USING (dawdle(job_id));"""


async def test_a_claim_that_dawdles_over_a_job_that_others_claim_and_give_back_keeps_its_order(
    writer, engine, database_url
):
    owner = await asyncpg.connect(driver_url(database_url))
    await owner.execute(DAWDLE)
    await owner.execute("SELECT pg_advisory_lock(7)")
    first, second = await submitted_job(writer), await submitted_job(writer)
    slow = await connect(database_url)
    await slow.execute(f"SET test.dawdles_at = '{second.id}'")

    claim = slow.fetch(queue.CLAIM, 2, "slow", LEASE, LEASE)
    claiming = asyncio.create_task(claim)

    async def waits():
        return await owner.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        )

    await until(waits)  # it has locked the first, so it has its number
    job = await claimed_job(writer, "quick")
    assert job.id == second.id
    await as_worker(writer, job, c.ReleaseAttempt(job.epoch))
    await owner.execute("SELECT pg_advisory_unlock(7)")
    assert first.id in {row["job_id"] for row in await claiming}
    await queue.claim(engine, "next", 1, LEASE)

    ours = FeedReader(engine)
    await ours.until_seen(2 + 4)
    assert [seq for job_id, seq in ours.seen if job_id == second.id] == [1, 2, 3, 4]
    await slow.close()
    await owner.close()


async def test_a_transaction_with_savepoints_is_one_transaction_in_the_feed(engine, writing):
    outer, other = await writing(), await writing()
    ours = FeedReader(engine)
    await ours.until_seen(2)
    await outer.begin()
    await outer.connection.execute("SAVEPOINT one")
    first = await outer.write()  # the transaction gets its number in here
    await outer.connection.execute("RELEASE one")
    between = await other.write()
    await outer.connection.execute("SAVEPOINT two")
    given_up = await outer.write()
    await outer.connection.execute("ROLLBACK TO two")
    await outer.connection.execute("SAVEPOINT three")
    last = await outer.write()

    await ours.poll()
    assert len(ours.seen) == 2
    await outer.commit()
    await ours.until_seen(5)

    assert ours.seen[2:] == [first, last, between]
    assert given_up not in ours.seen


async def test_a_writer_that_gives_up_holds_nothing_back_and_leaves_nothing(engine, writing):
    gives_up, other = await writing(), await writing()
    ours = FeedReader(engine)
    await gives_up.begin()
    await gives_up.write()
    kept = await other.write()

    await gives_up.connection.execute("ROLLBACK")
    await ours.until_seen(3)

    assert ours.seen[2:] == [kept]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_a_page_may_end_in_the_middle_of_a_transaction(engine, writing, limit):
    one, other = await writing(), await writing()
    await one.begin()
    together = [await one.write() for _ in range(5)]
    after = await other.write()
    await one.commit()
    await FeedReader(engine).until_seen(8)
    ours = FeedReader(engine, limit)

    await ours.poll()

    assert ours.seen[2:] == [*together, after]
    assert all(len(page.entries) == limit for page in ours.pages[: 8 // limit])


async def test_whoever_writes_anywhere_in_the_cluster_holds_back_and_whoever_reads_does_not(
    engine, writing, postgres_url
):
    one = await writing()
    ours = FeedReader(engine)
    await ours.until_seen(1)
    elsewhere = await asyncpg.connect(driver_url(postgres_url))  # another database
    await elsewhere.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await elsewhere.fetch("SELECT count(*) FROM pg_class")

    await one.write()
    await ours.until_seen(2)
    await elsewhere.execute("SELECT pg_current_xact_id()")
    await one.write()
    await ours.poll()
    assert len(ours.seen) == 2
    await elsewhere.execute("ROLLBACK")
    await ours.until_seen(3)

    await elsewhere.close()


async def test_a_cursor_is_always_that_of_a_stored_event(engine, owner, writing):
    # The bound would be a simpler cursor. But numbers without a trace on disk come again after a crash.
    one, nothing = await writing(), await writing()
    await one.write()
    for _ in range(3):
        await nothing.begin()
        await nothing.take_xid()
        await nothing.connection.execute("ROLLBACK")
    stored = {Cursor(*row) for row in await fetch(owner, "SELECT xid, position FROM events")}
    ours = FeedReader(engine, tenant="nobody")

    await ours.until_seen(0)
    page = await event_feed.head(engine)

    assert {ours.cursor, page.next_after, page.head} <= stored | {FEED_START}


async def test_a_reader_of_what_comes_from_now_on_starts_at_the_head(writer, engine):
    assert (await event_feed.head(engine)).head == FEED_START
    await completed_job(writer)
    everything = FeedReader(engine)
    await everything.until_seen(3)

    page = await event_feed.head(engine)
    later = FeedReader(engine, after=page.next_after)
    job = await submitted_job(writer)
    await later.until_seen(1)

    assert page.next_after == everything.cursor
    assert later.seen == [(job.id, 1)]


async def test_only_the_types_that_are_asked_for_come(writer, engine):
    jobs = [await completed_job(writer) for _ in range(3)]
    await FeedReader(engine).until_seen(9)
    ours = FeedReader(engine, 2, types=["job_completed", "job_failed"])

    await ours.poll()

    assert ours.seen == [(job.id, 3) for job in jobs]


async def test_a_cursor_past_the_head_is_told_from_one_that_has_everything(writer, engine):
    await completed_job(writer)
    ours = FeedReader(engine)
    await ours.until_seen(3)
    head = ours.cursor

    assert not (await event_feed.read(engine, ANYBODY, head, 10)).is_beyond
    for beyond in (Cursor(head.xid, head.position + 1), Cursor(2**64 - 1, 2**63 - 1)):
        page = await event_feed.read(engine, ANYBODY, beyond, 10)
        assert (page.is_beyond, page.entries, page.next_after) == (True, [], beyond)


# A log that was restored into another cluster

MENDED = """
    ALTER TABLE events DISABLE TRIGGER events_append_only;
    UPDATE events SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot());
    ALTER TABLE events ENABLE TRIGGER events_append_only;"""


async def test_a_log_with_the_numbers_of_another_cluster_is_never_taken_for_a_short_one(
    writer, engine, owner, database_url
):
    job = await submitted_job(writer)
    await FeedReader(engine).until_seen(1)
    assert not (await event_feed.head(engine)).restored
    for seq, xid in ((2, 2**40 + 7), (3, 2**40 + 5)):
        await fetch(owner, RESTORED, job.id, seq, xid)

    assert (await event_feed.read(engine, ANYBODY, FEED_START, 10)).restored
    assert (await event_feed.head(engine)).restored

    connection = await asyncpg.connect(driver_url(database_url))
    await connection.execute(MENDED)
    await connection.close()
    ours = FeedReader(engine)
    await ours.until_seen(3)
    assert not ours.pages[-1].restored
    assert ours.seen == [(job.id, 2), (job.id, 3), (job.id, 1)]  # what was restored comes first


# What a page costs

MONTHS = 3
JOBS = 300  # a month
EVENTS = 50  # a job

PARTITIONS = (
    "SELECT make_event_partition(now() - month * interval '1 month') FROM generate_series(0, $1) AS month"
)
FILL_JOBS = """
    INSERT INTO jobs (job_id, tenant, request, query, tags, priority, rank, max_attempts, status, seq,
                      head_hash, epoch, attempt, progress, current_step, steps_completed, total_steps, usage,
                      created_at, completed_at, updated_at)
    SELECT overlay(gen_random_uuid()::text PLACING left(uuid7_floor(
               date_trunc('month', now()) - month * interval '1 month' + n * interval '1 minute')::text, 15)
               FROM 1)::uuid,
           $1::text, '{}', 'q', '{}', 0, n, 3, 'completed', $4::integer, '', 0, 0, 0, '', 0, 0, '{}',
           now(), now(), now()
    FROM generate_series($2::integer - 1, 0, -1) AS month, generate_series(1, $3::integer) AS n"""
FILL_EVENTS = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash)
    SELECT job_id, seq, 'call_failed', 1, 'running', 0, json_build_object('x', repeat('x', 200)), 'worker:w',
           1, now(), '', ''
    FROM (SELECT job_id FROM jobs WHERE tenant = $1::text
          ORDER BY job_id OFFSET $3::integer LIMIT $4::integer) AS these,
         generate_series(1, $2::integer) AS seq ORDER BY job_id, seq"""


async def filled(owner, tenant, months=MONTHS, jobs=JOBS, events=EVENTS):
    """Months full of jobs, in transactions of ten jobs."""
    await fetch(owner, PARTITIONS, months)
    await fetch(owner, FILL_JOBS, tenant, months, jobs, events)
    for offset in range(0, months * jobs, 10):
        await fetch(owner, FILL_EVENTS, tenant, events, offset, 10)


async def test_one_read_looks_at_so_many_events_and_goes_on_from_there(writer, engine, owner):
    await filled(owner, "other", months=1, jobs=45)  # a little more than twice the bound
    job = await submitted_job(writer)
    await FeedReader(engine).until_seen(1)
    ours = FeedReader(engine, 100)

    await ours.poll()

    assert ours.seen == [(job.id, 1)]
    assert [len(page.entries) for page in ours.pages[:3]] == [0, 0, 1]
    places = [row[0] for row in await fetch(owner, "SELECT position FROM events ORDER BY xid, position")]
    assert [places.index(page.next_after.position) + 1 for page in ours.pages[:2]] == [SCAN, 2 * SCAN]


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def plans(connection, tenant, after, limit):
    """Return the plans for a page, with specific and with generic values."""
    values = f"'{after[0]}', {after[1]}, '{tenant}', NULL, {limit}"
    for mode in ("force_custom_plan", "force_generic_plan"):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        [[text]] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page ({values})")
        yield json.loads(text)[0]["Plan"]


@pytest.mark.parametrize("statistics", ["none", "old", "new"])
async def test_a_page_is_a_walk_along_the_index_of_each_month_and_as_long_as_the_page(
    owner, database_url, statistics
):
    await filled(owner, "rare", months=1, jobs=1, events=1)
    await filled(owner, "early", jobs=20)
    if statistics == "old":
        await fetch(owner, "ANALYZE events")
    await filled(owner, "default")
    if statistics == "new":
        await fetch(owner, "ANALYZE events")
    places = await fetch(owner, "SELECT xid, position FROM events ORDER BY xid, position")
    connection = await connect(database_url)
    await connection.execute(f"PREPARE page AS {event_feed.READ_FEED}")

    for tenant, after, looked_at in (
        ("default", places[20 * EVENTS * MONTHS], 100),
        ("default", places[len(places) // 2], 100),
        ("default", places[-20], 2 * 20),  # the page, and to see that the scan came to no bound
        ("rare", places[0], 2 * SCAN),
    ):
        async for plan in plans(connection, tenant, after, 100):
            assert_index_walk(plan, looked_at)

    await connection.close()


def assert_index_walk(plan, looked_at):
    """Assert that no page is sorted, and each month walks its index.

    A month without events may be read otherwise.
    """
    on_events = [node for node in nodes(plan) if node.get("Relation Name", "").startswith("events")]
    filled_ones = [node for node in on_events if node["Actual Rows"] or node.get("Rows Removed by Filter")]
    for node in filled_ones:
        assert node["Node Type"] in {"Index Scan", "Index Only Scan"}
        assert node["Index Name"].endswith("xid_position_idx")
        assert "Rows Removed by Filter" not in node
    sorts = [node for node in nodes(plan) if "Sort" in node["Node Type"]]
    assert not [node for node in sorts if node["Actual Rows"]]  # an empty month may be sorted
    on_jobs = [node for node in nodes(plan) if node.get("Relation Name") == "jobs"]
    assert {node["Index Name"] for node in on_jobs} == {"jobs_pkey"}
    read = sum(node["Actual Rows"] * node["Actual Loops"] for node in on_events)
    assert read <= looked_at + len(on_events)  # a merge holds one row of each month
