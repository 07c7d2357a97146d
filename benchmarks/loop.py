"""Measure the longest hold of the event loop.

One figure for each kind of request, job and ingest.

What holds the loop keeps all others waiting. CPU of the loop's own thread is counted, so that neighbours on
the machine change nothing. asyncio's own loop is used, because uvloop's callbacks cannot be watched.
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from asyncio import events
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from app.agent import limits
from app.agent.extractive import Extractive
from app.agent.ports import Ask, Hit, ModelReply, PageReply, SearchReply
from app.api.server import listen, side_server
from app.document_adding import add_read
from app.domain import tools
from app.domain.caller import ANYBODY
from app.handle import load, submit
from app.ingest.file_reader import FileReader
from app.settings import Settings
from app.wiring import Container
from app.worker.attempt import Attempt
from app.worker.providers import Tools
from app.worker.researcher import Researcher
from benchmarks.database import Cluster
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Figure, Row, Sheet, figure
from dossier.request import ResearchRequest, Sources

AIM = 100.0  # milliseconds
PAGES = 40  # that a job reads
PAGE_SIZE = 100_000  # characters of each
CITATIONS = 500  # of the report
LONG_TEXT = 2_000_000  # characters of a document that is ingested
MARKUP = "*a* **b** `c` [d " * 1200  # what takes a renderer longest
ROUNDS = 3  # of each kind; the median counts

REASONING = tools.Reasoning(("look", "act"), "so far so good", "on plan", False, ("go on",), False)
PLAN = tools.GeneratePlan("What is known about Halden?", ("find", "read", "write"), ("Halden",))

Work = Callable[[], Awaitable[object]]


class LoopWatch:
    """Keep the longest callback since the last look."""

    def __init__(self) -> None:
        self._longest = 0.0

    def take(self) -> float:
        """Return milliseconds, and begin again."""
        longest, self._longest = self._longest, 0.0
        return longest * 1000

    @contextlib.contextmanager
    def watching(self):
        run = events.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            began = time.thread_time()
            run(handle)
            self._longest = max(self._longest, time.thread_time() - began)

        events.Handle._run = timed
        try:
            yield
        finally:
            events.Handle._run = run


class LongWeb:
    """Search long pages, and cite each often."""

    name = "long"
    scope = "web"

    async def next_step(self, ask: Ask, _texts: Mapping[str, str], _writing: object = None) -> ModelReply:
        return ModelReply(tools.NextStep(REASONING, self._tool(ask)))

    def _tool(self, ask: Ask) -> tools.AnyTool:
        unread = [source.url for source in ask.sources if source.sha256 is None]
        if ask.step == 1:
            return PLAN
        if len(ask.sources) < PAGES:
            return tools.WebSearch(tuple(f"halden {ask.step} {at}" for at in range(3)))
        if unread and len(ask.menu) > 2:
            return tools.ReadPages(tuple(unread[:5]))
        return tools.WriteReport("Halden", _report(len(ask.sources)), "high")

    async def search(self, query: str, limit: int, **_: object) -> SearchReply:
        about = query.replace(" ", "-")
        return SearchReply(
            tuple(
                Hit(f"https://example.com/{about}/{at}", f"Halden {at}", _sentence(at), 0.5)
                for at in range(limit)
            )
        )

    async def read(self, _url: str) -> PageReply:
        return PageReply(_page(PAGE_SIZE))


def _sentence(at: int) -> str:
    return (
        f"In {1500 + at % 500} the council of Halden sold {at} boats, and its harbour had {at % 7 + 2} piers."
    )


def _page(size: int) -> str:
    sentences = (_sentence(at) for at in range(size // 80))
    return "".join(f"{text}\n\n" if at % 5 == 4 else f"{text} " for at, text in enumerate(sentences))


def _report(sources: int) -> str:
    lines = (f"{_sentence(at)} [{at % sources + 1}]" for at in range(CITATIONS))
    cited = "".join(f"{text}\n\n" if at % 5 == 4 else f"{text} " for at, text in enumerate(lines))
    return f"{cited}\n\n{MARKUP}"


class LongHouse(Container):
    """Build a process's parts with the long web as provider."""

    is_modelled = True

    def tools(self) -> Tools:
        web = LongWeb()
        return Tools(web if self.is_modelled else Extractive(), Extractive(), lambda _job: web)


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    """Measure in a new process, on asyncio's own loop."""
    rounds = ROUNDS if scale.jobs > QUICK.jobs else 1
    async with cluster.database() as url:
        measuring = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.loop", url, str(rounds), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await measuring.communicate()
    holds = msgspec.json.decode(said, type=dict[str, list[float]])
    made = f"A job that read {PAGES} pages of {PAGE_SIZE:,} characters and cites {CITATIONS} times. "
    notes = [f"{made}CPU of the loop's thread in the longest callback; the median of {rounds}."]
    rows = [_row(name, figure(found)) for name, found in holds.items()]
    return [Sheet("The event loop: the longest hold in ms", ["measured", "aim", ""], rows, notes)]


def _row(name: str, found: Figure) -> Row:
    return name, [found, f"≤ {AIM:.0f}", "" if found.median <= AIM else "too long"]


async def _measured(url: str, rounds: int) -> dict[str, list[float]]:
    """Return the holds of each kind in ms."""
    house, watch, found = LongHouse(Settings(), url), LoopWatch(), dict[str, list[float]]()

    async def note(name: str, work: Work) -> None:
        found[name] = [await _hold(watch, work) for _ in range(rounds)]
        print(f"{name}: {max(found[name]):.0f} ms", file=sys.stderr)

    with watch.watching():
        for name, work in _ingests(house).items():
            await note(f"ingest: {name}", work)
        async with _serving(house) as address:
            for name, work in _jobs(house).items():
                await note(f"job: {name}", work)
            job_id = await _run(house, "What is known about Halden?")
            for name, (method, path, body) in _requests(job_id).items():
                await note(name, partial(asyncio.to_thread, _ask, address, method, path, body))
    return found


async def _hold(watch: LoopWatch, work: Work) -> float:
    await asyncio.sleep(0.05)
    watch.take()
    await work()
    await asyncio.sleep(0.02)
    return watch.take()


@contextlib.asynccontextmanager
async def _serving(house: LongHouse) -> AsyncIterator[str]:
    """The API on loopback, in this loop."""
    sock = listen("127.0.0.1", 0)
    async with side_server(house.app(), sock):
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


def _ask(address: str, method: str, path: str, body: object) -> None:
    with httpx.stream(method, f"{address}{path}", json=body, timeout=60) as answer:
        for _ in answer.iter_raw():
            pass
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}.")


def _requests(job_id: UUID) -> dict[str, tuple[str, str, Any]]:
    """One of each kind that has work in proportion to a job."""
    job, query = f"/jobs/{job_id}", "What is known about the town of Halden? "
    url = "https%3A%2F%2Fexample.com%2Fhalden-2-0%2F0"
    paths = (
        *("/jobs?limit=100", job, f"{job}/events?limit=1000", f"{job}/stream", "/overview"),
        *(f"{job}/report?format=md", f"{job}/report?format=html", f"{job}/report?format=json"),
        *(
            f"{job}/claims",
            f"{job}/sources/1",
            f"/sources?url={url}",
            f"{job}/bundle",
            f"{job}/diff/{job_id}",
        ),
        *("/metrics", "/schema/openapi.json", "/capabilities", "/health/ready"),
    )
    found = {f"GET {path}".replace(str(job_id), "{job_id}"): ("GET", path, None) for path in paths}
    posts: dict[str, Any] = {
        "/jobs": {"query": (query * 50)[:2000]},
        f"{job}/replay": {},
        f"{job}/fork": {"after": 20},
        "/estimate": {"query": query},
        "/v1/responses": {"model": "dossier-quick", "input": query, "background": True},
    }
    return found | {
        f"POST {path}".replace(str(job_id), "{job_id}"): ("POST", path, body) for path, body in posts.items()
    }


def _jobs(house: LongHouse) -> dict[str, Work]:
    async def selecting() -> None:
        house.is_modelled = False
        try:
            await _run(house, "In which year did the council of Halden sell boats?")
        finally:
            house.is_modelled = True

    return {
        "a model's report with citations": lambda: _run(house, "What is known about Halden?"),
        "a selection without a model": selecting,
    }


async def _run(house: LongHouse, question: str) -> UUID:
    """Research one question to its end, in this loop."""
    request = ResearchRequest(question, effort="deep", sources=Sources(search="web"))
    job, _ = await submit(house.writer, request, tenant="default")
    done = asyncio.Event()

    async def perform(attempt: Attempt) -> None:
        try:
            await Researcher(house.tools(), attempt).run()
        finally:
            done.set()

    worker = house.worker(1, perform)
    running = asyncio.create_task(worker.run())
    await done.wait()
    worker.drain()
    await running
    assert (await load(house.writer, job.id)).status == "completed"
    return job.id


def _ingests(house: LongHouse) -> dict[str, Work]:
    bounds, reader = limits.PRESETS["deep"], FileReader()
    assert bounds.reads >= PAGES

    async def stored(name: str, text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_text(text)
            await add_read(house.engine, ANYBODY, await reader.read(file, file.as_uri(), name))

    page = _page(LONG_TEXT)
    return {
        "a text of 2 MB": lambda: stored("long.txt", page),
        "markdown of 2 MB": lambda: stored("long.md", page),
        "html of 2 MB": lambda: stored("long.html", f"<p>{page.replace(chr(10) * 2, '</p><p>')}</p>"),
        "many words without a space": lambda: stored("dense.txt", "中" * (LONG_TEXT // 4)),
    }


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        print(msgspec.json.encode(runner.run(_measured(sys.argv[1], int(sys.argv[2])))).decode())
