"""Measure what the agent itself costs.

CPU of a turn early and late in a job, and many jobs that mostly wait.
"""

import asyncio
import time
import tracemalloc
from collections.abc import Mapping

import psutil

from app.agent import limits
from app.agent.extractive import Extractive
from app.agent.ports import Ask, Hit, ModelReply, PageReply, SearchReply
from app.domain import tools
from app.domain.job import Job
from app.handle import load, submit
from app.process_memory import settle
from app.settings import Settings
from app.wiring import Container
from app.worker.attempt import Attempt
from app.worker.providers import Tools
from app.worker.researcher import Researcher
from benchmarks.database import Cluster
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.table import Line, Take, line
from dossier.request import ResearchRequest

LATENCY = 2.0  # seconds of the mock model
TURNS = 8  # plan, search and read in turn, report
JOBS = 500
LONG = 200  # turns of the long run
EDGE = 20  # turns at either end of it that are compared

REASONING = tools.Reasoning(("look", "act"), "so far so good", "on plan", False, ("go on",), False)
TEXT = "Water boils at 100 degrees Celsius at sea level. " * 20
HITS = 3


class Mock:
    """Search and read in turn, then write.

    Model and web in one.
    """

    name = "mock"
    scope = "web"

    def __init__(self, turns: int, latency: float = 0.0) -> None:
        self.turns = turns
        self.latency = latency
        self.attempt: Attempt | None = None  # that asks, of a job alone
        self.asked: list[tuple[float, float]] = []  # CPU seconds and wall clock at each turn

    async def next_step(self, ask: Ask, _texts: Mapping[str, str], _writing: object = None) -> ModelReply:
        self.asked.append((time.process_time(), time.perf_counter()))
        await asyncio.sleep(self.latency)
        return ModelReply(tools.NextStep(REASONING, self._tool(ask)))

    def _tool(self, ask: Ask) -> tools.AnyTool:
        if ask.step == 1:
            return tools.GeneratePlan("boiling", ("find", "read", "write"), ("one", "two"))
        if ask.step >= self.turns:
            return tools.WriteReport(
                "Boiling", "Water boils at 100 degrees Celsius at sea level [1].", "high"
            )
        unread = [source.url for source in ask.sources if source.sha256 is None]
        return (
            tools.ReadPages((unread[0],)) if unread and ask.step % 2 else tools.WebSearch((f"q {ask.step}",))
        )

    async def search(self, query: str, _limit: int, **_: object) -> SearchReply:
        found = [Hit(f"https://example.com/{query}/{n}", f"Page {n}", TEXT[:200], 0.5) for n in range(HITS)]
        return SearchReply(tuple(found))

    async def read(self, _url: str) -> PageReply:
        return PageReply(TEXT)


class MockHouse(Container):
    """A house whose providers are the mock."""

    def __init__(self, url: str, mock: Mock) -> None:
        super().__init__(Settings(), url)
        self.mock = mock

    def tools(self) -> Tools:
        return Tools(self.mock, Extractive(), lambda _job: self.mock)


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    return [*await _waiting(cluster, scale), *await _steps(cluster)]


async def _steps(cluster: Cluster) -> list[Line]:
    """Measure the CPU of a turn, early and late.

    The first EDGE turns of a job alone, and those before turn LONG.
    """
    settle()  # as a worker does
    async with cluster.database() as url:
        mock = Mock(LONG)
        await run_long(url, mock)
    early, late = _per_turn(mock, 2, 2 + EDGE), _per_turn(mock, LONG - EDGE - 1, LONG - 1)
    note = f"one job of {LONG} turns; the yardstick is the same job's turns 2 to {2 + EDGE}; aim ≤ 5 ms CPU"
    return [line(f"agent step, before turn {LONG}", [(late, early)], "≤ 5,000 us", note)]


async def run_long(url: str, mock: Mock) -> Job:
    """Research one question in as many turns as the mock wants."""
    bounds = limits.Bounds(turns=10**6, searches=10**6, reads=10**6, calls=10**6, hits=HITS, seconds=10**6)
    real, limits.PRESETS["deep"] = limits.PRESETS["deep"], bounds
    try:
        return await run_deep(url, mock)
    finally:
        limits.PRESETS["deep"] = real


async def run_deep(url: str, mock: Mock) -> Job:
    """Research one question within the limits of a deep job."""
    house = MockHouse(url, mock)
    job = await _run_one(house)
    await house.engine.dispose()
    return job


async def _run_one(house: MockHouse) -> Job:
    job, _ = await submit(house.writer, ResearchRequest("boil?", effort="deep"), tenant="default")
    done = asyncio.Event()

    async def perform(attempt: Attempt) -> None:
        house.mock.attempt = attempt
        await Researcher(house.tools(), attempt).run()
        done.set()

    worker = house.worker(1, perform)
    running = asyncio.create_task(worker.run())
    await done.wait()
    worker.drain()
    await running
    job = await load(house.writer, job.id)
    assert job.status == "completed", job.status
    return job


def _per_turn(mock: Mock, first: int, last: int) -> Take:
    (cpu, wall), (cpu_after, wall_after) = mock.asked[first], mock.asked[last]
    turns = last - first
    return Take(rate=turns / (wall_after - wall), us_python=1e6 * (cpu_after - cpu) / turns)


async def _waiting(cluster: Cluster, scale: Scale) -> list[Line]:
    """Run many jobs at once on a slow model.

    The yardstick is the rate that the model's latency alone allows.
    """
    pairs = []
    for _ in range(min(scale.rounds, 2)):
        async with cluster.database() as url:
            take, _ = await _many(cluster, url)
        pairs.append((take, Take(rate=JOBS / LATENCY)))
    # Traced in a run of its own, because tracing costs half of the speed.
    tracemalloc.start()
    async with cluster.database() as url:
        _, kilobytes = await _many(cluster, url)
    tracemalloc.stop()
    note = (
        f"{JOBS} jobs of {TURNS} turns in one worker process, a model with {LATENCY:.0f} s latency; "
        f"memory {kilobytes:.0f} KB a running job (aim ≤ 400)"
    )
    return [line("steps of jobs that wait", pairs, "≥ 95 %", note)]


async def _many(cluster: Cluster, url: str) -> tuple[Take, float]:
    """Submit jobs evenly over one latency.

    The model's replies then come in evenly too.
    """
    house = MockHouse(url, Mock(TURNS, LATENCY))
    before, spans, done = tracemalloc.get_traced_memory()[0], list[float](), asyncio.Event()

    async def perform(attempt: Attempt) -> None:
        started = time.perf_counter()
        await Researcher(house.tools(), attempt).run()
        spans.append(time.perf_counter() - started)
        if len(spans) == JOBS:
            done.set()

    worker = house.worker(JOBS, perform)
    meter = Meter(psutil.Process(), cluster.postmaster)
    meter.start()
    running = asyncio.create_task(worker.run())
    for _ in range(JOBS):
        await submit(house.writer, ResearchRequest("boil?"), tenant="default")
        await asyncio.sleep(LATENCY / JOBS)
    await asyncio.sleep(LATENCY * TURNS / 2)
    grown = tracemalloc.get_traced_memory()[0] - before
    await done.wait()
    _, python, postgres = meter.stop()
    worker.drain()
    await running
    await house.engine.dispose()
    units = JOBS * TURNS
    rate = units / (sum(spans) / JOBS)
    return Take(rate, None, None, 1e6 * python / units, 1e6 * postgres / units), grown / 1024 / JOBS
