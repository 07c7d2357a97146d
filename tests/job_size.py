"""Measure the disk and Postgres CPU of a job with stand-ins.

    python -m tests.job_size [jobs]

Each job reads three pages of its own of 20,000 characters, of words as frequent as in a language.
"""

import asyncio
import hashlib
import json
import random
import sys

import httpx
import psutil

from app.store.database import fetch
from tests.chaos.postgres import running_postgres
from tests.chaos.world import QUESTION, World, world
from tests.mocks.tavily import PAGES, extracted, found
from tests.steps import until

PAGE = 20_000  # characters
VOCABULARY = 8_000
KILO = 1024
SIZES = """
    SELECT coalesce(t.relname, c.relname), sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.inhparent
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1"""
OPEN = "SELECT count(*) FROM jobs WHERE completed_at IS NULL"
EVENTS = "SELECT count(*) FROM events"
BODIES = "SELECT count(*), coalesce(sum(pg_column_size(body)), 0)::bigint FROM blobs"


def prose(seed: str) -> str:
    """A page of words whose frequencies follow Zipf's law."""
    dice = random.Random(seed)
    words = [hashlib.sha256(str(rank).encode()).hexdigest()[: 2 + rank % 9] for rank in range(VOCABULARY)]
    text = " ".join(words[min(VOCABULARY - 1, int(dice.paretovariate(1)) - 1)] for _ in range(PAGE // 5))
    return text[:PAGE]


class Library:
    """Answers searches and reads with pages that no other job has."""

    def __init__(self) -> None:
        self._count = 0

    def answer(self, mock: object, request: httpx.Request) -> httpx.Response:
        """As Tavily."""
        body = json.loads(request.content)
        if request.url.path.endswith("/extract"):
            urls = [body["urls"]] if isinstance(body["urls"], str) else body["urls"]
            return extracted(body, {url: ("", f"{PAGES_TEXT} {prose(url)}") for url in urls})
        self._count += 1
        pages = {f"{url}/{self._count}": page for url, page in PAGES.items()}
        return found(body, pages)


PAGES_TEXT = " ".join(text for _, text in PAGES.values())


async def sizes(made: World) -> dict[str, int]:
    """Return the bytes of each table, its indexes included."""
    return dict(map(tuple, await fetch(made.owner, SIZES)))


async def measure(count: int) -> None:
    """Run the jobs, and print."""
    async with running_postgres() as postgres, world(postgres, "size", workers=1, thinking=0.0) as made:
        library = Library()
        made.search.profiles = {**made.search.profiles, "slow": library.answer}
        before, server = await sizes(made), psutil.Process(postgres.pid)
        spent = cpu(server)
        async with httpx.AsyncClient(base_url=made.servers[0].url, timeout=60, trust_env=False) as http:
            for number in range(count):
                (await http.post("/jobs", json={"query": f"{QUESTION} ({number})"})).raise_for_status()

        async def are_over() -> bool:
            return not (await fetch(made.owner, OPEN))[0][0]

        await until(are_over, seconds=900)
        spent = cpu(server) - spent
        after = await sizes(made)
        events, bodies = (await fetch(made.owner, EVENTS))[0][0], (await fetch(made.owner, BODIES))[0]
    grown = {name: (after[name] - before.get(name, 0)) / count for name in after}
    total, size = sum(grown.values()), bodies[1] / count / KILO
    say(f"{count} jobs: {events / count:.0f} events, {bodies[0] / count:.1f} bodies of {size:.0f} KB a job")
    say(f"{total / KILO:.0f} KB of disk a job; Postgres {1000 * spent / count:.0f} ms CPU a job")
    for name, grew in sorted(grown.items(), key=lambda one: -one[1])[:8]:
        say(f"  {name}: {grew / KILO:.1f} KB")


def say(text: str) -> None:
    """Print a figure."""
    print(text)  # noqa: T201 - the outcome


def cpu(server: psutil.Process) -> float:
    """Return the CPU seconds of a server and all its children.

    Those that have ended count too.
    """
    own = server.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in server.children():
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:  # its parent has its times
            continue
        total += times.user + times.system
    return total


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
