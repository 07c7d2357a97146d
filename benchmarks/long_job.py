"""Write a long job by a script.

The events are those of an agent that searches and reads, and go through the path of every append. An agent's
own job of this length would be asked thousands of times which pages it knows by then.
"""

import itertools
from collections.abc import Iterator
from datetime import timedelta

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.domain.job import Job
from app.store import blobs, queue
from app.store.writer import Writer
from dossier.job_types import Claim
from dossier.request import ResearchRequest

LEASE = timedelta(hours=1)
FOUND, READ = 4, 2  # pages that a turn finds, and reads
PAGES = 50  # different texts
PAGE_SIZE = 100_000  # bytes
CLAIMS = 500
WORDS = "Water boils at a lower temperature where the pressure of the air is lower. "
REASONING = tools.Reasoning(
    (WORDS, "Look for the temperature on the mountain."), WORDS * 3, "on plan", False, ("read on",), False
)
MODEL, WEB = "openai:gpt-4.1-mini", "tavily"
USED = e.Usage(input_tokens=4000, output_tokens=300, cost_usd=0.0021)


async def write_job(writer: Writer, events: int, *, is_over: bool = True) -> Job:
    """Write a job of about so many events.

    One that is not over waits.
    """
    names = await _pages(writer)
    asked, _ = await handle.submit(writer, ResearchRequest("Why does it boil earlier?"), tenant="default")
    [lease] = await queue.claim(writer.engine, "benchmark", 1, LEASE)
    assert lease.job_id == asked.id, "Another job waits in this database."
    job = await handle.load(writer, asked.id)
    for turn in itertools.count(1):
        job = await _do(writer, job, c.RecordEvents(job.epoch, tuple(_turn(turn, names))))
        if job.seq >= events:
            break
    if is_over:
        return await _do(writer, job, c.CompleteJob(job.epoch, "answered", (_report(job),)))
    return await _do(writer, job, c.ReleaseAttempt(job.epoch))


async def _do(writer: Writer, job: Job, command: c.Command) -> Job:
    return await handle.handle(writer, job, command, actor="worker:benchmark", epoch=job.epoch)


async def _pages(writer: Writer) -> list[str]:
    bodies = [f"{WORDS}Page {n}. ".encode() * (PAGE_SIZE // (len(WORDS) + 9)) for n in range(PAGES)]
    for body in bodies:
        await writer.keep([body])
    return [blobs.digest(body) for body in bodies]


def _turn(turn: int, names: list[str]) -> Iterator[e.Event]:
    """Yield the events of a turn: reason, search twice, read twice."""
    yield from _called(f"{turn}/model", "model", MODEL, f"turn {turn}", USED)
    yield e.StepReasoned(turn, REASONING, tools.WebSearch((f"boiling point {turn}", f"pressure {turn}")))
    for n in (1, 2):
        yield from _called(f"{turn}/search/{n}", "search", WEB, f"pressure {turn}", e.Usage(searches=1))
    numbers = range((turn - 1) * FOUND + 1, turn * FOUND + 1)
    for number in numbers:
        url = f"https://www.example.com/{number}/boiling-points-of-water"
        yield e.SourceFound(number, url, f"Page {number}", WORDS * 4, f"{turn}/search/1")
    for n, number in enumerate(numbers[:READ], 1):
        yield from _called(f"{turn}/read/{n}", "read", WEB, f"page {number}", e.Usage(pages=1))
        yield e.PageRead(number, names[number % PAGES], PAGE_SIZE, f"{turn}/read/{n}")


def _called(key: str, kind: e.CallKind, provider: str, about: str, used: e.Usage) -> Iterator[e.Event]:
    yield e.CallRequested(key, kind, provider, blobs.digest(key.encode()), about)
    yield e.CallCompleted(key, used, 2100, blobs.digest(about.encode()), 999)


def _report(job: Job) -> e.ReportWritten:
    read = [source.number for source in job.research.sources if source.sha256]
    claims = tuple(
        Claim(f"{WORDS}[{number}]", number, WORDS, 0, len(WORDS) - 1, 1.0)
        for number in itertools.islice(itertools.cycle(read), CLAIMS)
    )
    text = "\n\n".join(claim.text for claim in claims)
    return e.ReportWritten("Boiling", text, "high", claims, 1.0, 1.0, rules=e.RULES)
