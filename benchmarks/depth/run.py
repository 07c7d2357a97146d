"""Measure how much of a known world a job finds.

By one thread of turns and by threads, at the same limits.

The model of both follows rules and can use nothing but the words of its prompt; a token is four characters.
Each call of a model, a search or a page takes the same time.
"""

import time
from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from app.agent.extractive import Extractive
from app.domain.caller import ANYBODY
from app.handle import Terms, load, submit
from app.process_memory import settle
from app.settings import Settings
from app.store import log, queue
from app.wiring import Container
from app.worker.attempt import Attempt
from app.worker.providers import Helpers, Tools
from app.worker.researcher import Researcher
from benchmarks.database import Cluster
from benchmarks.depth.chain import longest_chain
from benchmarks.depth.rule_model import RuleModel, ThoroughModel, values_in
from benchmarks.depth.world import LONG, World, score
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Row, Sheet, figure, ratio
from dossier.request import Limits, ResearchRequest

JOB_SIZES = (125, 250, 375)  # calls, a fifth of which is kept for the report
LEASE = timedelta(minutes=10)
CALL_SECONDS = 2.0  # of each call
QUICK_CALL_SECONDS = 0.2
THREADED = Terms(threaded=frozenset({"deep"}))
HEADS = ["one thread", "threads", "threads : one thread", "aim"]
ROWS = (
    ("facts found, %", "found", "≥ 95"),
    ("contradictions named, %", "named", ""),
    ("false values", "false", "0"),
    ("model tokens", "tokens", ""),
    ("model tokens a fact", "tokens_a_fact", "≤ 0.5 ×"),
    ("wall clock at 2 s a call, s", "seconds", "≤ 0.4 ×"),
    ("calls one after another", "chain", ""),
    ("calls", "calls", ""),
    ("own CPU a call, ms", "cpu", ""),
    ("words of the report", "words", ""),
)


class WorldHouse(Container):
    """Build a process's parts with a world and a rule model."""

    def __init__(self, url: str, world: World, model: RuleModel) -> None:
        super().__init__(Settings(), url)
        self.world, self.model = world, model

    def tools(self) -> Tools:
        helpers = Helpers(briefed=lambda _job, _task: self.model)
        return Tools(self.model, Extractive(), lambda _job: self.world, None, helpers, self.times())


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    pause = QUICK_CALL_SECONDS if scale == QUICK else CALL_SECONDS
    settle()
    single, threaded = list[Mapping[str, float]](), list[Mapping[str, float]]()
    for seed in range(1, scale.rounds + 1):
        single.append(await _play(cluster, seed, pause, Terms()))
        threaded.append(await _play(cluster, seed, pause, THREADED))
    rows: list[Row] = [
        (
            name,
            [
                figure([one[key] for one in single]),
                figure([one[key] for one in threaded]),
                ratio(threaded, single, key) if all(one[key] for one in single) else "",
                aim,
            ],
        )
        for name, key, aim in ROWS
    ]
    notes = [f"{scale.rounds} worlds of 40 facts on about 55 pages; {pause:g} s a call; effort deep."]
    if pause < CALL_SECONDS:
        notes.append(f"The rest of {CALL_SECONDS:g} s was added for each of the calls one after another.")
    return [Sheet("Deep research in a seeded world", HEADS, rows, notes), await _own_cost(cluster)]


async def _own_cost(cluster: Cluster) -> Sheet:
    """Measure what a call costs the worker itself, as jobs grow."""
    rows = list[Row]()
    for name, long in (("pages of 3,000 characters", 3000), ("the world above", LONG)):
        jobs = [await _play(cluster, 1, 0.0, THREADED, OwnCost(long, calls)) for calls in JOB_SIZES]
        rows += [(f"{name}: calls", [f"{job['calls']:.0f}" for job in jobs] + [""])]
        rows += [(f"{name}: own CPU a call, ms", [f"{job['cpu']:.2f}" for job in jobs] + ["≤ 5"])]
    return Sheet("The worker's own cost", [*(f"{calls} at most" for calls in JOB_SIZES), "aim"], rows, [])


class OwnCost(Struct, frozen=True):
    """A job that reads as much as it may."""

    long: int  # characters of a long page
    calls: int  # at most; searches enough for them


async def _play(
    cluster: Cluster, seed: int, pause: float, terms: Terms, size: OwnCost | None = None
) -> Mapping[str, float]:
    """Work on one job, and say what came of it."""
    async with cluster.database() as url:
        world = World(seed, long=size.long if size else LONG, pause=pause)
        model = ThoroughModel() if size else RuleModel(pause)
        house = WorldHouse(url, world, model)
        limits = Limits(max_calls=size.calls, max_searches=90) if size else Limits()
        request = ResearchRequest(world.question, effort="deep", limits=limits)
        job, _ = await submit(house.writer, request, tenant="default", terms=terms)
        await queue.claim(house.engine, "w", 1, LEASE)
        job = await load(house.writer, job.id)
        before, began = time.process_time(), time.perf_counter()
        await Researcher(house.tools(), Attempt(house.writer, job, "w")).run()
        seconds, cpu = time.perf_counter() - began, time.process_time() - before
        done = await load(house.writer, job.id)
        chain = longest_chain(row.recorded() for row in await log.history(house.engine, ANYBODY, job.id))
        await house.engine.dispose()
    report = done.research.report
    content = report.content if report else ""
    result = score(world, values_in(content))
    tokens, calls = done.research.bill.tokens, done.research.bill.calls
    return {
        "found": 100 * result.found,
        "named": 100 * result.named,
        "false": result.false,
        "tokens": tokens,
        "tokens_a_fact": tokens / max(1, result.found * len(world.facts)),
        "seconds": seconds + chain * (CALL_SECONDS - pause),
        "chain": chain,
        "calls": calls,
        "cpu": 1000 * cpu / calls,
        "words": len(content.split()),
    }
