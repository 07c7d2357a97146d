"""Time the questions of docs/reporting.md on ten million events.

python -m benchmarks.reporting                 # takes an hour on two cores, and 7 GB
python -m benchmarks.reporting --events 200000
python -m benchmarks.reporting --url postgresql://…   # a database that a run before has filled
"""

import argparse
import asyncio
import time

import asyncpg

from app.store import analyst_session
from benchmarks.database import cluster
from tests.reporting.bulk import EVENTS_PER_JOB, make
from tests.reporting.questions import QUESTIONS

# The same question for everything that there is: without what narrows it to a month.
NARROWING = (
    "WHERE job_id >= report.floor('2026-11-01') AND job_id < report.floor('2026-12-01')",
    "WHERE submitted_at >= '2026-11-01' AND submitted_at < '2026-12-01'",
    "AND submitted_at >= '2026-11-01' AND submitted_at < '2026-12-01'",
    "WHERE day BETWEEN '2026-11-01' AND '2026-11-30'\n  AND",
    "WHERE day BETWEEN '2026-11-01' AND '2026-11-30'",
    "WHERE c.day BETWEEN '2026-11-01' AND '2026-11-30'\n  AND",
    "AND e.day BETWEEN '2026-11-01' AND '2026-11-30'",
    "AND day BETWEEN '2026-11-01' AND '2026-11-30'",
    "WHERE hour >= '2026-11-02' AND hour < '2026-11-03'",
    "WHERE day = '2026-11-02'",
)


def widened(sql: str) -> str:
    for text in NARROWING:
        if text in sql:
            return sql.replace(text, "WHERE" if text.endswith("  AND") else "")
    raise ValueError(sql)


async def main(events: int, url: str) -> None:
    if url:
        await measure(url)
        return
    async with cluster() as postgres, postgres.database() as made:
        await make(made, events // EVENTS_PER_JOB)
        await measure(made)


async def measure(url: str) -> None:
    print("| question | as it stands | over everything |\n|---|---|---|")
    async with analyst_session.connected(url, 0) as analyst:
        for question in QUESTIONS:
            narrow = [await seconds(analyst, question.sql) for _ in range(3)]
            wide = await seconds(analyst, widened(question.sql))
            print(f"| {question.number} | {min(narrow):.2f} s | {wide:.1f} s |", flush=True)


async def seconds(analyst: asyncpg.Connection, sql: str) -> float:
    before = time.perf_counter()
    await analyst.fetch(sql)
    return time.perf_counter() - before


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    asyncio.run(main(given.events, given.url))
