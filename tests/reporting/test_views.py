"""The views agree with the fold on every event and real runs."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from app.domain.caller import ANYBODY
from app.domain.events import EVENT_TYPES
from app.store import analyst_session, documents, log, originals
from app.store.database import fetch
from dossier.request import Sources
from tests.reporting.history import J, at
from tests.reporting.stable import STABLE
from tests.steps import submitted_job, until
from tests.store.kinds import every_kind_of_job
from tests.worker.working import over, working

EXAMPLES = Path(__file__).parents[1] / "domain" / "stored_events"

NAMES = """
    SELECT c.relname, obj_description(c.oid),
           array_agg(a.attname::text ORDER BY a.attnum) AS columns,
           array_agg(a.attname::text) FILTER (WHERE col_description(c.oid, a.attnum) IS NULL) AS silent
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'report'::regnamespace AND c.relkind = 'v' GROUP BY c.oid"""


async def test_every_view_and_every_column_says_what_it_is(owner):
    for name, about, _, silent in await fetch(owner, NAMES):
        assert about, name
        assert not silent, f"{name}: {silent}"


async def test_the_views_and_their_columns_stay(owner):
    found = {name: columns for name, _, columns, _ in await fetch(owner, NAMES)}

    assert found.keys() >= STABLE.keys()
    for name, columns in STABLE.items():
        expected = columns.split()
        assert found[name][: len(expected)] == expected


async def test_every_view_shows_the_tenant(owner):
    shared = {"workers"}  # which work for all tenants
    assert all("tenant" in columns for name, _, columns, _ in await fetch(owner, NAMES) if name not in shared)


def test_the_views_know_the_version_of_every_event():
    """A higher version needs views that read both.

    That of `job_completed` changed its line, not its data.
    """
    versions = {name: kind.schema_version for name, kind in EVENT_TYPES.items() if kind.schema_version > 1}

    assert versions == {"job_completed": 2}


STORED = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, occurred_at,
                        prev_hash, hash)
    VALUES ($1::uuid, $2::integer, $3::text, $4::smallint, 'running', 0, $5::text::json, 'x', now(), '',
            '')"""


async def test_an_event_of_every_version_ever_shipped_goes_through_every_view(writer, owner, database_url):
    job = await submitted_job(writer)
    order = list(EVENT_TYPES)[1:]
    examples = [path for type_ in order for path in sorted(EXAMPLES.glob(f"{type_}.*.json"))]
    for seq, path in enumerate(examples, 2):
        type_, version, _ = path.name.split(".")
        await fetch(owner, STORED, job.id, seq, type_, int(version[1:]), path.read_text())
    await fetch(owner, STORED, job.id, len(examples) + 2, "of_the_future", 9, '{"claims":[1],"key":2}')

    async with analyst_session.connected(database_url, 60) as analyst:
        found = {view: await analyst.fetch(f"SELECT * FROM report.{view}") for view in STABLE}

    assert len(found["events"]) == len(examples) + 2 > 20
    # The failed call is another's, and marks are a reader's.
    assert [view for view, rows in found.items() if not rows] == ["failures", "marks"]


TWO_AUTHORS = {
    "title": "t", "content": "c", "confidence": "low", "coverage": 0.5, "support": 1.0,
    "claims": [
        {"text": "a", "number": 1, "quote": "a", "start": 0, "end": 1, "score": 1.0},
        {"text": "b", "number": 1, "quote": "b", "start": 1, "end": 2, "score": 1.0, "bound": True},
        {"text": "c", "number": 1, "quote": "c", "start": 2, "end": 3, "score": 0.6, "embedded": True},
        {"text": "d", "number": 1, "quote": "d", "start": 3, "end": 4, "score": 1.0, "given": True},
    ],
    "parts": [
        {"author": "stand_in", "start": 0, "end": 1, "coverage": 1.0},
        {"author": "model", "start": 1, "end": 2, "coverage": 0.0},
    ],
}  # fmt: skip


async def test_the_views_say_who_wrote_what_and_which_citations_the_system_added(writer, owner, database_url):
    job = await submitted_job(writer)
    await fetch(owner, STORED, job.id, 2, "report_written", 1, json.dumps(TWO_AUTHORS))

    async with analyst_session.connected(database_url, 60) as analyst:
        [report] = await analyst.fetch("SELECT bound, authors FROM report.reports")
        citations = await analyst.fetch("SELECT bound, embedded, given FROM report.citations ORDER BY place")

    assert (report["bound"], report["authors"]) == (1, ["stand_in", "model"])
    assert [tuple(row) for row in citations] == [
        (False, False, False), (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


PART_UNKNOWN = (
    ("call_requested", {"key": "1/model", "kind": "model", "provider": "p:m", "about": ""}),
    ("call_completed", {"key": "1/model", "usage": {"input_tokens": 9, "cost_usd": 0.5}, "latency_ms": 3}),
    ("step_reasoned", {"step": 1, "reasoning": {"enough_data": False}, "function": {"tool": "web_search"}}),
    ("call_requested", {"key": "1/search/1", "kind": "search", "provider": "s", "about": ""}),
    ("call_completed", {"key": "1/search/1", "usage": {"cost_usd": None}, "latency_ms": 7}),
)


async def test_a_step_of_which_one_price_is_unknown_costs_at_least_the_rest(writer, owner, database_url):
    job = await submitted_job(writer)
    for seq, (type_, data) in enumerate(PART_UNKNOWN, 2):
        await fetch(owner, STORED, job.id, seq, type_, 1, json.dumps(data))

    async with analyst_session.connected(database_url, 60) as analyst:
        [step] = await analyst.fetch("SELECT cost_usd, known_cost_usd, unknown_cost_calls FROM report.steps")

    assert tuple(step) == (None, Decimal("0.5"), 1)


FORK = (
    ("job_forked", {"origin": str(J[1]), "after": 9, "origin_hash": "00", "reused_turns": 1}),
    ("call_requested", {"key": "1/model", "kind": "model", "provider": "p:m", "about": "", "reused": True}),
    ("call_completed", {"key": "1/model", "usage": {"input_tokens": 9, "cost_usd": 0.5}, "latency_ms": 3}),
    ("step_reasoned", {"step": 1, "reasoning": {"enough_data": False}, "function": {"tool": "web_search"}}),
    ("call_requested", {"key": "1/search/1", "kind": "search", "provider": "s", "about": ""}),
    ("call_completed", {"key": "1/search/1", "usage": {"cost_usd": 0.25}, "latency_ms": 7}),
)


async def test_what_a_fork_reuses_is_not_paid_twice(writer, owner, database_url):
    job = await submitted_job(writer)
    for seq, (type_, data) in enumerate(FORK, 2):
        await fetch(owner, STORED, job.id, seq, type_, 1, json.dumps(data))

    async with analyst_session.connected(database_url, 60) as analyst:
        calls = await analyst.fetch(
            "SELECT key, reused, input_tokens, cost_usd FROM report.calls ORDER BY seq"
        )
        paid = await analyst.fetch("SELECT kind, calls, cost_usd FROM report.daily_cost")
        [step] = await analyst.fetch(
            "SELECT reused, calls, input_tokens, cost_usd, tool_ms FROM report.steps"
        )
        origin = await analyst.fetchval("SELECT forked_from FROM report.jobs")
        reused = await analyst.fetchval("SELECT reused_steps FROM report.reasoning")

    quarter = Decimal("0.25")
    assert [tuple(row) for row in calls] == [("1/model", True, 0, 0), ("1/search/1", False, 0, quarter)]
    assert [tuple(row) for row in paid] == [("search", 1, quarter)]
    assert tuple(step) == (True, 1, 0, quarter, 7)
    assert (origin, reused) == (J[1], 1)


class Researched:
    """A real run: the worker, the agent, a scripted model and search."""

    def __init__(self, house) -> None:
        self._house = house

    async def run(self, count: int) -> list[UUID]:
        house = self._house
        ids = [(await submitted_job(house.writer, query=f"why {n}?")).id for n in range(count)]
        async with house.running(2):
            await until(lambda: self._over(ids), 30)
        return ids

    async def _over(self, ids):
        rows = await fetch(self._house.engine, "SELECT status FROM jobs WHERE job_id = ANY($1::uuid[])", ids)
        return all(row[0] in {"completed", "failed"} for row in rows)


async def test_calls_add_up_to_the_bill_of_the_job(house, database_url):
    ids = await Researched(house).run(3)
    folded = await log.load(house.engine, ids)

    async with analyst_session.connected(database_url, 60) as analyst:
        for job_id in ids:
            bill = folded[job_id].research.bill
            row = await analyst.fetchrow(
                """SELECT count(*) FILTER (WHERE kind = 'model'), count(*) FILTER (WHERE kind = 'search'),
                          count(*) FILTER (WHERE kind = 'read'), sum(input_tokens), sum(output_tokens),
                          sum(cost_usd)
                   FROM report.calls WHERE job_id = $1 AND NOT fallback AND outcome <> 'lost'""",
                job_id,
            )
            assert tuple(row) == (
                bill.model_calls, bill.searches, bill.reads, bill.input_tokens, bill.output_tokens,
                bill.cost_usd,
            )  # fmt: skip
            assert bill.calls > 4


async def test_what_the_views_say_of_a_real_run_is_what_the_agent_did(house, database_url):
    [job_id] = await Researched(house).run(1)
    job = (await log.load(house.engine, [job_id]))[job_id]
    research = job.research

    async with analyst_session.connected(database_url, 60) as analyst:
        steps = await analyst.fetch("SELECT step, tool, calls FROM report.steps ORDER BY step")
        sources = await analyst.fetch("SELECT number, url, read, citations FROM report.sources ORDER BY 1")
        written = await analyst.fetchrow(
            "SELECT coverage, support, citations, stop_reason FROM report.reports"
        )
        events = await analyst.fetch("SELECT seq, type, data FROM report.events ORDER BY seq")
        times = await analyst.fetchrow("SELECT run_seconds, queue_seconds, total_seconds FROM report.jobs")

    tools = [turn.function.__struct_config__.tag for turn in research.turns]
    assert [(row["step"], row["tool"]) for row in steps] == list(enumerate(tools, 1))
    assert [row["calls"] for row in steps] == [1, 3, 3, 1]
    assert [tuple(row) for row in sources] == [
        (source.number, source.url, source.sha256 is not None,
         sum(claim.number == source.number for claim in research.report.claims))
        for source in research.sources
    ]  # fmt: skip
    found = research.report
    assert tuple(written) == (
        Decimal(str(found.coverage)), Decimal(str(found.support)), len(found.claims), job.stop_reason,
    )  # fmt: skip
    assert [row["seq"] for row in events] == list(range(1, job.seq + 1))
    assert times["run_seconds"] + times["queue_seconds"] == times["total_seconds"]


async def test_every_job_has_its_time_in_statuses_and_its_attempts(writer, database_url):
    await every_kind_of_job(writer)

    async with analyst_session.connected(database_url, 60) as analyst:
        lives = await analyst.fetch(
            """SELECT j.status, j.total_seconds, sum(s.seconds) AS seconds
               FROM report.jobs j JOIN report.statuses s USING (job_id) GROUP BY 1, 2, j.job_id"""
        )
        attempts = await analyst.fetch(
            """SELECT j.attempts, (SELECT count(*) FROM report.attempts a WHERE a.job_id = j.job_id) AS rows
               FROM report.jobs j"""
        )

    assert len(lives) >= 7
    for life in lives:
        assert life["total_seconds"] is None or life["total_seconds"] == life["seconds"]
    assert all(row["attempts"] == row["rows"] for row in attempts)
    assert any(row["attempts"] for row in attempts)


async def test_a_lost_attempt_that_was_the_last_was_not_tried_again(analyst):
    row = await analyst.fetchrow(
        "SELECT outcome, error_type, reason, tried_again, seconds, ended_at FROM report.attempts "
        "WHERE job_id = $1 AND epoch = 1",
        J[3],
    )

    assert tuple(row) == ("lost", "worker_lost", "silent", True, 30, at(9, 20, 40))


async def test_a_call_is_on_the_day_on_which_it_was_announced(analyst):
    rows = await analyst.fetch("SELECT day, key FROM report.calls WHERE job_id = $1 ORDER BY seq", J[7])

    assert [(row["day"].day, row["key"]) for row in rows] == [(2, "1/model"), (3, "2/model")]


async def test_the_floor_of_a_moment_is_not_above_any_job_of_it(owner):
    moment = datetime(2026, 11, 2, 9, tzinfo=UTC)
    [row] = await fetch(owner, "SELECT report.floor($1), report.floor($1) = uuid7_floor($1)", moment)

    assert row[0] <= J[1] < J[2]
    assert row[1]


async def test_documents_are_shown_with_their_files_and_without_their_text(engine, owner, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("A yak is an ox.")
    file = originals.UploadedFile(path, "a.txt", "text/plain", 15, "00")
    original_id = await originals.keep_original(engine, ANYBODY, file)
    for number, kept in enumerate((None, original_id)):
        new = documents.DocumentToStore(f"note:{number}", "A", f"A yak is an ox {number}.", ["law"], {}, kept)
        await documents.store(engine, ANYBODY, new)

    rows = await fetch(owner, "SELECT * FROM report.documents ORDER BY url")

    assert [(row["url"], row["collections"], row["characters"]) for row in rows] == [
        ("note:0", ["law"], 17),
        ("note:1", ["law"], 17),
    ]
    assert [(row["file_name"], row["file_bytes"]) for row in rows] == [(None, None), ("a.txt", 15)]
    assert "text" not in rows[0].keys()  # noqa: SIM118 - a record of asyncpg


async def test_a_page_that_was_set_aside_is_in_the_view_of_sources_with_its_reason(house, database_url):
    house.search.published = {"https://example.com/a": "2019-03-02", "https://example.com/b": "2020"}
    job = await submitted_job(house.writer, sources=Sources(published_after=date(2020, 1, 1)))
    async with working(house):
        await over(house, job.id)

    async with analyst_session.connected(database_url, 60) as analyst:
        told = "read, cited, published, language, set_aside, size > 0, sha256 IS NOT NULL"
        rows = await analyst.fetch(f"SELECT {told} FROM report.sources ORDER BY number")

    assert [tuple(row) for row in rows] == [
        (False, False, "2019-03-02", None, "published 2019-03-02, before 2020-01-01", True, True),
        (True, True, "2020", None, None, True, True),
    ]
