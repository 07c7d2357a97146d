"""Every list and claim walks an index, and no further than asked.

That holds however many jobs there are, and however wrong the statistics. What a plan did is asked, not how
long it took. One table tells the life of a queue: it fills, it is emptied without a vacuum, it fills again;
and at each place the statistics are those of before, and then those of now. So the planner believes at one
time that all jobs wait while hardly one does, and at another the reverse.

DOSSIER_TEST_JOBS=1000000 makes it a million jobs.
"""

import json
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import NamedTuple
from uuid import UUID

import pytest

from app.domain.caller import ANYBODY
from app.store import history, job_lists, log, queue, reads, rebuild
from app.store.database import connect, fetch

pytestmark = pytest.mark.untouched  # a plan depends on how many pages a table has

JOBS = int(os.environ.get("DOSSIER_TEST_JOBS", "100000"))
CHUNK = 50_000  # rows of one statement, which may take as long as every other
EVENTS = 2000  # of the one job with a long log
SHORT = 20_000  # jobs with a log of one event
FEW = 40  # jobs of each rarer kind

FILL = """
    INSERT INTO jobs (job_id, tenant, request, query, tags, priority, rank, max_attempts, status, retry_at,
                      seq,
                      head_hash, epoch, attempt, progress, current_step, steps_completed, total_steps, usage,
                      created_at, completed_at, updated_at, result)
    SELECT (left(uuid7_floor(date_trunc('month', now()) + n * interval '1 second')::text, 15)
                || substr(gen_random_uuid()::text, 16))::uuid,
           'default', '{"query":"q"}', CASE WHEN n % 500 = 0 THEN 'seldom' ELSE 'q' END,
           CASE WHEN n % 500 = 0 THEN '{rare}' ELSE '{}' END::text[], 0,
           n, 3,
           $3::text, $4::timestamptz, $5::integer, '', 1, 0, 0, '', 0, 0, '{}', now(),
           CASE WHEN $3 = 'completed' THEN now() END, now(), NULL
    FROM generate_series($1::integer, $2::integer) AS n"""

LOGS = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash)
    SELECT job_id, seq, 'call_failed', 1, 'running', 0, '{}', 'worker:w', 1, now(), '', ''
    FROM (SELECT job_id FROM jobs ORDER BY job_id OFFSET $1::integer LIMIT $2::integer) AS these,
         generate_series(1, $3::integer) AS seq"""

LEASES = """
    INSERT INTO leases (job_id, epoch, worker, expires_at)
    SELECT job_id, 1, 'w', now() + (row_number() OVER () % 2 * 2 - 1) * interval '1 hour'
    FROM jobs WHERE status = 'running'"""

EMPTY = """
    UPDATE jobs SET status = 'completed', completed_at = now(), seq = seq + 1,
        result = CASE WHEN rank % 2 = 0 THEN
            json_build_object('metrics', json_build_object('estimated_cost_usd', rank % 1000 / 1000.0)) END
    WHERE status = 'pending' AND retry_at IS NULL AND rank BETWEEN $1::integer AND $2::integer"""


class Ask(NamedTuple):
    """Hold a statement, its parameters, and the rows it may read.

    The parameters are in SQL, the rows those of jobs and events.
    """

    name: str
    sql: str
    values: tuple[str, ...]
    rows: int


def asks(jobs: list[str], long: str) -> list[Ask]:
    """Every statement that runs again and again."""
    ids, old = "'{" + ",".join(jobs) + "}'", f"'{jobs[0]}'"
    cursors = "'{" + ",".join("0" for _ in jobs) + "}'"
    many, page = len(jobs), 100
    return [
        # Locked, looked at again, and changed: each job that is taken is seen a few times.
        Ask("claim", queue.CLAIM, ("50", "'w'", "'10s'", "'1h'"), 5 * 50),
        Ask("claim a lot", queue.CLAIM, ("200", "'w'", "'10s'", "'1h'"), 5 * 200),
        Ask("claim in turn", queue.CLAIM_IN_TURN, ("50", "'w'", "'10s'", "'1h'", "'d'"), 5 * 50),
        Ask("beat", queue.BEAT, (ids, cursors, "'10s'"), 0),
        Ask("set aside", queue.SET_ASIDE, (ids, "'1h'"), many),
        Ask("lost", queue.LOST, ("100",), 2 * FEW),
        Ask("peek", queue.PEEK, (ids, "'w'"), 3 + 2 * FEW + 1 + many),
        Ask("unanswered", queue.UNANSWERED, ("100",), FEW),
        Ask("waiting", queue.WAITING, ("10000",), 2 * 10_000),
        Ask("read any", log.READ_ANY_EVENTS, (long, "10", "100"), 100),
        Ask("read", log.READ_EVENTS, ("'default'", long, "10", "100"), 1 + 100),
        Ask("read the end", log.READ_EVENTS, ("'default'", long, str(EVENTS - 5), "1000"), 1 + 5),
        Ask("holds", log.HOLDS, (long, "7", "'\\x00'"), 1),
        Ask("read many", log.READ_MANY, (ids,), many),
        Ask("read types", log.READ_TYPES, ("'default'", f"'{jobs[1]}'", "'{job_submitted}'", "0", "1000"), 2),
        Ask("read after", log.READ_AFTER, ("'default'", ids, cursors, "1000"), 2 * many),
        Ask("by key", log.BY_KEY, ("'default'", "'k'"), 0),
        Ask("views", reads.READ_VIEWS, ("'default'", ids), many),
        Ask("listed", job_lists.READ_LISTED, ("'default'", ids), many),
        Ask("own", reads.OWN_AMONG, ("'default'", ids), many),
        Ask("own heads", reads.OWN_HEADS, ("'default'", ids), many),
        Ask("heads", reads.HEADS, (ids,), many),
        Ask("ids", reads.IDS, ("'default'", "NULL", old, str(page)), page),
        *lists(jobs[-1]),
        Ask("gather", history.GATHER, (ids,), 2 * many),
        Ask("known", history.KNOWN, (old, "20"), 3 * 20 + EVENTS),
        Ask("rebuild", rebuild.NEXT, (old, "20"), 20 + EVENTS),
    ]


def lists(before: str) -> Iterator[Ask]:
    """Return every kind of list, of rare tags, words and failures.

    Nothing has failed; tag and word are those of one job in 500.
    """
    kinds = ((None, "completed", "failed"), (None, "not_found"), ((), ("rare",)), (None, before))
    for status, outcome, tags, last in product(*kinds):
        after = last and job_lists.ListCursor(UUID(last))
        for sort in ("newest", "oldest"):
            yield listed(status=status, outcome=outcome, tags=tags, after=after, sort=sort)
    yield listed(search="seldom")
    yield listed(search="seldom", tags=("rare",), status="completed")
    now = datetime.now(UTC)
    yield listed(created_after=now + timedelta(days=400))
    yield listed(created_before=now - timedelta(days=400), sort="oldest")
    cost = job_lists.ListCursor(UUID(before), 0.5)
    for sort, last in product(("costliest", "cheapest"), (None, cost)):
        yield listed(sort=sort, after=last)
        yield listed(sort=sort, after=last, min_cost=0.25, max_cost=0.75)


def listed(**given) -> Ask:
    """A page of 100 jobs."""
    sql, values = job_lists.list_sql(ANYBODY, job_lists.JobFilter(**given), 100)
    rows = 100 + 4 * JOBS // 500 if given.get("tags") or given.get("search") else 100
    return Ask(f"list {given}", sql, tuple(map(literal, values)), rows)


def literal(value) -> str:
    if isinstance(value, list):
        return f"'{{{','.join(value)}}}'"
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def nodes(node: dict) -> Iterator[dict]:
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


def seen(node: dict) -> float:
    """Rows that a node looked at, passed over or not."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + removed) * node["Actual Loops"]


def complaints(plan: dict, rows: int) -> Iterator[str]:
    """What is wrong with a plan that has run."""
    scans = [node for node in nodes(plan) if "Scan" in node["Node Type"]]
    scans = [node for node in scans if str(node.get("Relation Name", "")).startswith(("jobs", "events"))]
    for node in scans:
        if node["Node Type"] == "Seq Scan" and seen(node):  # of an empty month it costs nothing
            yield f"Seq Scan on {node['Relation Name']}"
    for node in nodes(plan):
        if node["Node Type"] == "Sort" and (sorted_ := seen(node["Plans"][0])) > rows + 10:
            yield f"sorts {sorted_:.0f} rows"
    if (looked := sum(seen(node) for node in scans)) > rows + 10:
        yield f"looks at {looked:.0f} rows, not {rows}"


@pytest.fixture
async def alone(owner, database_url) -> AsyncIterator:
    """Connect as the application does, to tables left by autovacuum."""
    tables = await fetch(owner, "SELECT relid::text FROM pg_partition_tree('events') WHERE isleaf")
    for table in ["jobs", "leases", *(row[0] for row in tables)]:
        await fetch(owner, f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    connection = await connect(database_url)
    yield connection
    await connection.close()


async def fill(owner, first, last, status, retry_at=None):
    for start in range(first, last + 1, CHUNK):
        await fetch(owner, FILL, start, min(last, start + CHUNK - 1), status, retry_at, EVENTS)


async def rarer(owner):
    """A few jobs of each other kind, and some logs."""
    past, first = datetime.now(UTC) - timedelta(hours=1), 2 * JOBS + 1
    for status, retry_at in (("running", None), ("pending", past), ("input_required", past)):
        await fill(owner, first, first + FEW - 1, status, retry_at)
        first += FEW
    await fetch(owner, LEASES)
    await fetch(owner, LOGS, 0, 1, EVENTS)
    await fetch(owner, LOGS, 1, SHORT, 1)


async def life(owner) -> AsyncIterator[str]:
    """The places in the life of a queue, each by name."""
    await fetch(owner, "ANALYZE")
    await fill(owner, 1, JOBS, "pending")
    await rarer(owner)
    yield "all wait, the statistics know no job"
    await fetch(owner, "ANALYZE jobs")
    await fetch(owner, "ANALYZE events")
    yield "all wait, the statistics are right"
    for start in range(1, JOBS - FEW, CHUNK):
        await fetch(owner, EMPTY, start, min(JOBS - FEW, start + CHUNK - 1))
    yield "hardly one waits, the statistics say all do"
    await fetch(owner, "ANALYZE jobs")
    yield "hardly one waits, the statistics are right"
    await fill(owner, JOBS + 1, JOBS + JOBS // 2, "pending")
    yield "a third waits, the statistics say hardly one"


async def explained(connection, ask: Ask) -> AsyncIterator[tuple[str, dict]]:
    """Return the plans for these values and for any, keeping nothing."""
    await connection.execute(f"PREPARE ask AS {ask.sql}")
    for mode in ("force_custom_plan", "force_generic_plan"):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        trial = connection.transaction()
        await trial.start()
        values = f"({', '.join(ask.values)})" if ask.values else ""
        [[text]] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE ask {values}")
        await trial.rollback()
        yield mode, json.loads(text)[0]["Plan"]
    await connection.execute("DEALLOCATE ask")


async def test_no_statement_reads_or_sorts_a_table_whatever_the_statistics_say(owner, alone):
    wrong = []
    async for place in life(owner):
        found = [
            str(row[0]) for row in await fetch(owner, "SELECT job_id FROM jobs ORDER BY job_id LIMIT 30")
        ]
        for ask in asks(found[1:], f"'{found[0]}'"):
            async for mode, plan in explained(alone, ask):
                wrong += [f"{place}: {ask.name}, {mode}: {what}" for what in complaints(plan, ask.rows)]

    assert not wrong, "\n".join(wrong)
