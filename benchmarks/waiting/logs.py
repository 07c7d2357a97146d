"""Write the logs of deep jobs in their middle, by a script.

Each has read PAGES pages out of a pool, and waits for a worker. What comes next is a call of a model.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.store import blobs, queue
from app.store.writer import Writer
from benchmarks.long_job import REASONING, USED
from dossier.request import ResearchRequest, Sources

PAGES = 24  # that a job has read
PAGE_SIZE = 120_000  # characters of each
POOL = 400  # different pages
FOUND = 8  # sources of a search
READ_IN_TURN = 4  # pages
UNREAD = PAGES + 1  # the first source that is not read
THREADS = 4
OPEN = 4  # pages of a threaded job from which evidence is still to be taken
LEASE = timedelta(hours=1)
AT_ONCE = 20  # pages stored together
MODEL, WEB = "openai:held", "web"
SENTENCE = """Water boils at a lower temperature on a mountain, because the pressure of the air is lower there
and a kettle on the stove of the hut sings long before its time, as the warden of the pass wrote in spring"""
WORDS = SENTENCE.split()
THREADED = handle.Terms(threaded=frozenset({"deep"}))


def page(number: int, size: int = PAGE_SIZE) -> str:
    """Return a page whose words are in an order of its own."""
    rolled, lines, length = random.Random(number), list[str](), 0
    while length < size:
        words = rolled.choices(WORDS, k=14)
        lines.append(f"{' '.join(words).capitalize()} {rolled.randrange(10_000)}.")
        length += len(lines[-1]) + 1
    return "\n".join(lines)


async def keep_pages(writer: Writer) -> list[str]:
    """Store the pool, and return the names of its pages."""
    names = list[str]()
    for at in range(0, POOL, AT_ONCE):
        bodies = [page(number).encode() for number in range(at, at + AT_ONCE)]
        await writer.keep(bodies)
        names += map(blobs.digest, bodies)
    return names


async def write_jobs(writer: Writer, count: int, names: Sequence[str], *, threaded: bool) -> None:
    """Write so many jobs' logs, and leave them to a worker."""
    terms = THREADED if threaded else handle.Terms()
    told = _threaded_events if threaded else _turn_events
    request = ResearchRequest("Why does it boil earlier?", effort="deep", sources=Sources(search="web"))
    pool = itertools.cycle(names)
    for _ in range(count):
        await handle.submit(writer, request, tenant="default", terms=terms)
    # All are claimed before the first is handed back.
    for lease in await queue.claim(writer.engine, "benchmark", count, LEASE):
        job = await handle.load(writer, lease.job_id)
        read = list(itertools.islice(pool, PAGES))
        for command in (c.RecordEvents(job.epoch, tuple(told(read))), c.ReleaseAttempt(job.epoch)):
            job = await handle.handle(writer, job, command, actor="worker:benchmark", epoch=job.epoch)


def _turn_events(names: Sequence[str]) -> Iterator[e.Event]:
    """Yield a plan, and turns that search and read."""
    yield from _planned()
    step = itertools.count(2)
    for at in range(0, PAGES + FOUND, FOUND):
        yield from _turn(turn := next(step), tools.WebSearch((f"boiling {turn}",)))
        yield from _searched(f"{turn}/search/1", at + 1)
    for at in range(0, PAGES, READ_IN_TURN):
        numbers = range(at + 1, at + READ_IN_TURN + 1)
        yield from _turn(turn := next(step), tools.ReadPages(tuple(map(str, numbers))))
        for number in numbers:
            yield from _read(f"{turn}/read/{number}", number, names)


def _threaded_events(names: Sequence[str]) -> Iterator[e.Event]:
    """Yield a plan, and threads that have read, some without evidence."""
    yield from _planned()
    yield from _called("1/open", "model", "extractive")
    share = PAGES // THREADS
    for thread in range(1, THREADS + 1):
        yield e.ThreadOpened(thread, f"What is known of the pressure in part {thread}?")
    for thread in range(1, THREADS + 1):
        key, numbers = f"1/search/t{thread}.1.1", range((thread - 1) * share + 1, thread * share + 1)
        yield from _searched(key, numbers[0], share)
        yield e.ThreadSearched(thread, tuple(numbers), key)
        yield from _called(f"1/model/t{thread}.2", "model", MODEL)
        yield e.ThreadStepped(thread, 2, "read", (), tuple(numbers))
        for number in numbers:
            yield from _read(f"1/read/{number}", number, names)
            if number <= PAGES - OPEN:
                yield from _called(f"1/extract/t{thread}.{number}", "model", MODEL)
                yield e.EvidenceKept(thread, number, _passages(number), "model")


def _passages(number: int) -> tuple[e.Passage, ...]:
    quote = " ".join(WORDS)
    return tuple(
        e.Passage(at, at + len(quote), quote, f"of page {number}") for at in range(0, 4 * len(quote), 500)
    )


def _planned() -> Iterator[e.Event]:
    steps = tuple(f"What is known of the pressure in part {n}?" for n in range(1, THREADS + 1))
    yield from _turn(1, tools.GeneratePlan("boiling", steps, ("search", "read")))
    yield e.PlanDrafted("boiling", steps, ("search", "read"))


def _turn(step: int, function: tools.AnyTool) -> Iterator[e.Event]:
    yield from _called(f"{step}/model", "model", MODEL)
    yield e.StepReasoned(step, REASONING, function)


def _searched(key: str, first: int, found: int = FOUND) -> Iterator[e.Event]:
    yield from _called(key, "search", WEB)
    for number in range(first, first + found):
        excerpt = f"{' '.join(WORDS)} {number}"
        yield e.SourceFound(
            number, f"https://www.example.com/{number}/boiling", f"Page {number}", excerpt, key
        )


def _read(key: str, number: int, names: Sequence[str]) -> Iterator[e.Event]:
    name = names[number - 1]
    yield from _called(key, "read", WEB, name)
    yield e.PageRead(number, name, PAGE_SIZE, key)


def _called(key: str, kind: e.CallKind, provider: str, reply: str = "") -> Iterator[e.Event]:
    used = USED if kind == "model" else e.Usage()
    yield e.CallRequested(key, kind, provider, blobs.digest(key.encode()), key)
    yield e.CallCompleted(key, used, 2100, reply or blobs.digest(key.encode()), PAGE_SIZE)
