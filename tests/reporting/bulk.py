"""Make a log of any length in Postgres, for plans and durations.

It has no meaning: every job has the same fifty events, of the sizes that a real run has, and every tenth one
fails at its report.
"""

import json
from datetime import UTC, datetime

import asyncpg

from app.store.database import driver_url

EVENTS_PER_JOB = 50

REASONING = {
    "reasoning_steps": [
        "The pages say what happens at sea level. " * 3,
        "The next question is the mountain.",
    ],
    "current_situation": "Three of five pages are read; two of them agree. " * 3,
    "plan_status": "Two of four steps are done.",
    "enough_data": False,
    "remaining_steps": ["Search for the second question.", "Read what is found."],
    "task_completed": False,
}
STEPS = ["What happens at sea level?", "And on a mountain?", "Which sources agree?"]
PLAN = {"goal": "Why water boils earlier", "steps": STEPS}
PLANNING = {"tool": "generate_plan", "goal": "x", "planned_steps": STEPS, "search_strategies": ["a", "b"]}
ADAPTING = {
    "tool": "adapt_plan",
    "new_goal": "x",
    "next_steps": STEPS[:2],
    "plan_changes": ["The second step is dropped."],
    "reason": "It is answered.",
}
CLAIM = {
    "text": "Water boils at 100 degrees. " * 4,
    "quote": "boils at 100 degrees " * 6,
    "start": 0,
    "end": 9,
}

Event = tuple[str, dict]


def _call(key, kind, provider, about, usage, latency) -> list[Event]:
    requested = {"key": key, "kind": kind, "provider": provider, "input_sha256": "5" * 64, "about": about}
    completed = {
        "key": key,
        "usage": usage,
        "latency_ms": latency,
        "reply_sha256": "6" * 64,
        "reply_size": 999,
    }
    return [("call_requested", requested | {"repeat": 0}), ("call_completed", completed)]


def _model(step, function, *, enough=False) -> list[Event]:
    usage = {"input_tokens": 4000, "output_tokens": 300, "cost_usd": 0.0021}
    reasoning = REASONING | {"enough_data": enough}
    called = _call(f"{step}/model", "model", "openai:gpt-4.1-mini", f"turn {step}", usage, 2100)
    return [*called, ("step_reasoned", {"step": step, "reasoning": reasoning, "function": function})]


def _search(step, n) -> list[Event]:
    return _call(f"{step}/search/{n}", "search", "tavily", "boiling", {"searches": 1, "cost_usd": 0.008}, 700)


def _found(number) -> Event:
    url = f"https://www.example{number}.com/@n/page"
    source = {"number": number, "url": url, "title": "The page", "excerpt": "It boils. " * 25}
    return "source_found", source | {"found_by": "2/search/1"}


def _read(number) -> list[Event]:
    return _call(f"3/read/{number}", "read", "tavily", "https://example.com", {"pages": 1}, 900)


def succeeding() -> list[Event]:
    """Return what successful jobs share, with `@n` for the job's number."""
    request = {"query": "Why does water boil earlier on mountain @n?", "tags": ["@t"]}
    searching, reading = (
        {"tool": "web_search", "queries": ["a", "b"]},
        {"tool": "read_pages", "urls": ["x"] * 4},
    )
    claims = [CLAIM | {"number": 1 + n % 4, "score": 1.0 if n % 3 else 0.75} for n in range(8)]
    report = {"title": "Boiling", "content": "@text", "confidence": "high", "claims": claims}
    return [
        ("job_submitted", {"request": request, "tenant": "t@m", "max_attempts": 3}),
        ("attempt_started", {"attempt": 1, "worker": "w@m"}),
        *_model(1, PLANNING),
        ("plan_drafted", PLAN | {"strategies": ["a", "b"]}),
        *_model(2, searching),
        *(event for n in (1, 2, 3) for event in _search(2, n)),
        *(_found(number) for number in range(1, 6)),
        *_model(3, reading),
        *(event for number in range(1, 5) for event in _read(number)),
        *(
            ("page_read", {"number": n, "sha256": "7" * 64, "size": 9000, "read_by": f"3/read/{n}"})
            for n in range(1, 5)
        ),
        *_model(4, ADAPTING, enough=True),
        ("plan_adapted", PLAN | {"changes": ["The second step is dropped."], "reason": "It is answered."}),
        *_model(5, searching),
        *_search(5, 1),
        _found(6),
        *_model(
            6, {"tool": "write_report", "title": "Boiling", "content": "", "confidence": "high"}, enough=True
        ),
        (
            "report_written",
            report | {"coverage": 0.8, "support": 0.9, "removed": [], "unverified": ["It may."]},
        ),
        ("job_completed", {"stop_reason": "answered"}),
    ]


FAILING: list[Event] = [
    _call("6/model", "model", "openai:gpt-4.1-mini", "turn 6", {}, 0)[0],
    (
        "call_failed",
        {"key": "6/model", "error_type": "timeout", "error_message": "Late.", "retryable": False},
    ),
    ("attempt_failed", {"attempt": 1, "error_type": "timeout", "error_message": "Late.", "retry_at": None}),
    ("attempt_started", {"attempt": 2, "worker": "w@m"}),
    ("job_failed", {"error_type": "timeout", "error_message": "Late.", "is_retryable": True}),
]

TEMPLATE = """
    CREATE TEMPORARY TABLE template ON COMMIT DROP AS
    SELECT * FROM unnest($1::boolean[], $2::integer[], $3::text[], $4::text[], $5::text[])
                  AS t (fails, seq, type, status, data)"""

NEW_JOBS = """
    CREATE TEMPORARY TABLE new_jobs ON COMMIT DROP AS
    SELECT n, n % 10 = 9 AS fails, at,
           overlay(overlay(overlay(report.floor(at)::text PLACING '7' FROM 15) PLACING '8' FROM 20)
                   PLACING substr(md5(n::text), 1, 12) FROM 25)::uuid AS job_id,
           CASE WHEN n % 100 = 7 THEN 'rare' ELSE 'common' END AS tag
    FROM (SELECT n, $3::timestamptz + ($4::timestamptz - $3) * ((n - $1) / ($2 - $1)::float8) AS at
          FROM generate_series($1::integer, $2::integer - 1) AS n) AS numbered"""

EVENTS = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash)
    SELECT j.job_id, t.seq, t.type, 1, t.status, t.seq,
           replace(replace(replace(CASE t.type WHEN 'report_written' THEN replace(t.data, '@text', (
               SELECT string_agg(md5((j.n * 100 + k)::text), ' ') FROM generate_series(1, 80) AS k
           )) ELSE t.data END, '@n', j.n::text), '@m', (j.n % 5)::text), '@t', j.tag)::json,
           'worker:w', CASE WHEN t.seq > 2 THEN 1 END, j.at + t.seq * interval '1.5 seconds',
           sha256(int4send(j.n)), sha256(int8send(j.n::bigint * 50 + t.seq))
    FROM new_jobs j JOIN template t USING (fails) ORDER BY j.job_id, t.seq"""

JOBS = """
    INSERT INTO jobs (job_id, tenant, request, query, tags, priority, rank, max_attempts, status, seq,
                      head_hash, epoch, attempt, progress, current_step, steps_completed, total_steps, usage,
                      result, error, created_at, started_at, completed_at, updated_at)
    SELECT job_id, 't' || n % 5, format('{"query":"Why %s?","limits":{"max_cost_usd":0.1}}', n)::json,
           format('Why does water boil earlier on mountain %s?', n), ARRAY[tag], 0, n, 3,
           CASE WHEN fails THEN 'failed' ELSE 'completed' END, 50, sha256(int4send(n)),
           CASE WHEN fails THEN 2 ELSE 1 END, 1, 100, 'Done', 6, 6,
           '{"calls":14,"model_calls":6,"searches":4,"pages_read":4,"input_tokens":24000,"output_tokens":1800,
             "cost_usd":0.0446,"repeated_calls":0}'::json,
           CASE WHEN NOT fails THEN json_build_object('stop_reason', 'answered', 'final_answer', (
               SELECT string_agg(md5((n * 100 + k)::text), ' ') FROM generate_series(1, 80) AS k)) END,
           CASE WHEN fails THEN '{"error_type":"timeout","error_message":"Late."}'::json END,
           at, at + interval '3 seconds', at + interval '75 seconds', at + interval '75 seconds'
    FROM new_jobs"""


def _columns() -> list[list]:
    good = succeeding()
    rows = []
    for fails, events in ((False, good), (True, good[: -len(FAILING)] + FAILING)):
        assert len(events) == EVENTS_PER_JOB
        for seq, (type_, data) in enumerate(events, 1):
            status = {1: "pending", 50: "failed" if fails else "completed"}.get(seq, "running")
            rows.append(
                (fails, seq, type_, "pending" if type_ == "attempt_failed" else status, json.dumps(data))
            )
    return [list(column) for column in zip(*rows, strict=True)]


FIRST, LAST = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
CHUNK = 10_000  # jobs of one transaction


async def make(url: str, jobs: int) -> None:
    """Fill a migrated database with jobs over twelve months of partitions."""
    connection = await asyncpg.connect(driver_url(url))
    months = [FIRST, *(datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 12))]
    await connection.executemany("SELECT make_event_partition($1)", [(month,) for month in months])
    for start in range(0, jobs, CHUNK):
        count = min(CHUNK, jobs - start)
        first, last = (FIRST + (LAST - FIRST) * (at / jobs) for at in (start, start + count))
        await fill(connection, count, first, last, start)
    await connection.execute("VACUUM ANALYZE events, jobs")
    await connection.close()


async def fill(
    connection: asyncpg.Connection, jobs: int, first: datetime, last: datetime, start: int = 0
) -> None:
    """Add jobs of fifty events each, evenly from `first` to `last`.

    They are numbered from `start`.
    """
    async with connection.transaction():
        await connection.execute(TEMPLATE, *_columns())
        await connection.execute(NEW_JOBS, start, start + jobs, first, last)
        await connection.execute(JOBS)
        await connection.execute(EVENTS)
