"""Assemble what faults are done to: servers, workers, providers and callers.

The providers bill, and the callers note what they are told.
"""

import asyncio
import contextlib
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from msgspec.structs import replace

from app.domain import events as e
from app.domain.history import check
from app.domain.history.job_evidence import History
from app.store.database import Engine, fetch, make_engine
from app.store.history import histories
from tests.chaos.cable import Cable
from tests.chaos.load import QUESTION, Load
from tests.chaos.postgres import Postgres
from tests.chaos.processes import Fleet, Program, Server
from tests.chaos.verdict import Verdict
from tests.mocks.openai import OpenAIMock
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock

LEASE = 1.5  # seconds; the operator's choice for these runs
SETTLE = 240.0  # seconds that the last job may take once all is well again
NAME = re.compile(r"Worker (\w{12}) works")
KEY = re.compile(re.escape(QUESTION) + r" \(([^)]+)\)")
OPEN = "SELECT count(*) FROM jobs WHERE status NOT IN ('completed','failed','cancelled')"


class Fault(NamedTuple):
    """Record what was done and when, by the wall clock."""

    at: float
    over: float  # from here on the system can recover
    worker: str | None = None  # whose jobs must run again; None: whoever asks must be answered again


class World:
    """One database, two servers, some workers, their providers and callers."""

    def __init__(self, postgres: Postgres, url: str, folder: Path, seed: str, lease: float) -> None:
        self.postgres = postgres
        self.url = url
        self.seed = seed
        self.lease = lease
        self.fleet = Fleet(url, folder)
        self.servers: list[Server] = [self.fleet.server(), self.fleet.server()]
        self.workers: list[Program] = []
        self.faults: list[Fault] = []
        self.owner: Engine = make_engine(url, role=None, pool_size=2)
        self.model, self.search = OpenAIMock(None), TavilyMock(None)
        self.environment: dict[str, str] = {}
        self.cables: list[Cable] = []  # to the database first, then to the providers
        self.wired: Program | None = None  # the worker at their end
        self._reviving: dict[Program, asyncio.Task] = {}

    @property
    def paid(self) -> int:
        """Requests that the providers got."""
        return len(self.model.requests) + len(self.search.requests)

    def hire(self, concurrency: int = 3, **environment: str) -> Program:
        """A worker that is not started yet."""
        worker = self.fleet.worker(concurrency, **{**self.environment, **environment})
        self.workers.append(worker)
        return worker

    async def victim(self, programs: Sequence[Program], dice: random.Random) -> Program:
        """Pick a running program, sparing the last until another is back."""
        while len(able := [program for program in programs if self._is_able(program)]) < 2:  # noqa: ASYNC110 - of other processes
            await asyncio.sleep(0.05)
        return dice.choice(able)

    def _is_able(self, program: Program) -> bool:
        return program.is_running and program not in self._reviving

    def revive(self, program: Program) -> None:
        """Start it again, beside whatever comes next."""
        task = asyncio.create_task(program.start())
        self._reviving[program] = task
        task.add_done_callback(lambda _: self._reviving.pop(program))

    async def whole(self) -> None:
        """Everything runs again."""
        await asyncio.gather(*self._reviving.values())
        await self.fleet.start()

    def note(self, at: float, worker: Program | None = None) -> None:
        """A fault began at `at`, and now it is over."""
        self.faults.append(Fault(at, time.time(), name_of(worker) if worker else None))

    async def run(self, sql: str, *params):
        """One statement as the owner of the tables."""
        return await self.postgres.run(self.url, sql, *params)


@contextlib.asynccontextmanager
async def world(
    postgres: Postgres, seed: str, *, workers: int = 3, lease: float = LEASE, thinking: float = 0.15
) -> AsyncIterator[World]:
    """Start everything, with providers that take `thinking` seconds."""
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="dossier-chaos-", ignore_cleanup_errors=True))
        made = World(postgres, await postgres.database(), Path(folder), seed, lease)
        stack.push_async_callback(made.owner.dispose)
        for mock in (made.model, made.search):
            mock.play("slow")
            mock.delay = thinking
        made.environment = {
            "OPENAI_BASE_URL": await stack.enter_async_context(served(made.model)),
            "TAVILY_BASE_URL": await stack.enter_async_context(served(made.search)),
            "TAVILY_API_KEY": "tvly-test",
            "DOSSIER_LEASE_SECONDS": str(lease),
            "DOSSIER_LOG_LEVEL": "INFO",
        }
        for _ in range(workers):
            made.hire()
        stack.callback(kill, made.fleet)
        await made.fleet.start()
        yield made


def kill(fleet: Fleet) -> None:
    for program in fleet.programs:
        program.kill()


def name_of(worker: Program) -> str:
    """What the log calls the newest run of this worker."""
    return next(reversed(NAME.findall(worker.said())), "one that died before it had a name")


@contextlib.asynccontextmanager
async def under_load(world: World, callers: int = 3, pause: float = 0.6) -> AsyncIterator[Load]:
    """Run the block under load, then wait for every answer and job."""
    load = Load([server.url for server in world.servers], world.seed, pause)
    running = asyncio.create_task(load.run(callers))
    try:
        yield load
    finally:
        load.stop()
        if sys.exc_info()[0]:
            running.cancel()
        await world.whole()  # an orchestrator would do the same
        # What is still open then is judged as stuck, and whoever still waits for it goes home.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE):
                await asyncio.wait((running,))
                await _rest(world)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if not running.cancelled():
        running.result()


async def _rest(world: World) -> None:
    while (await fetch(world.owner, OPEN))[0][0]:  # noqa: ASYNC110 - it happens in other processes
        await asyncio.sleep(0.2)


async def judge(world: World, name: str, load: Load) -> Verdict:
    """Hold all that was stored and told against the promises."""
    found = [
        replace(
            history,
            acknowledged=tuple(load.created.get(history.job_id, ())),
            cancels=tuple(load.cancels.get(history.job_id, ())),
            readers=tuple(load.readers.get(history.job_id, ())),
            at_rest=True,
        )
        async for history in histories(world.owner)
    ]
    missing = load.created.keys() - {history.job_id for history in found}
    judged = [(history, check(history)) for history in found]
    broken = [violation.message for _, violations in judged for violation in violations]
    broken += [story(history) for history, violations in judged if violations]
    broken += [f"Job {job_id} was acknowledged and is not there." for job_id in missing]
    broken += load.complaints + overpaid(world, found) + cut_short(found)
    ends = [history.rows[-1].type for history in found if history.rows]
    return Verdict(
        cell=name,
        faults=len(world.faults),
        acknowledged=len(load.created),
        completed=ends.count("job_completed"),
        cancelled=ends.count("job_cancelled"),
        failed=ends.count("job_failed"),
        lost=len(missing) + sum(history.rows[-1].type not in OVER for history in found if history.rows),
        doubled=doubled(found),
        repeats=sum(isinstance(event, e.CallRequested) and event.repeat > 0 for event in facts(found)),
        recoveries=recoveries(world, load, found),
        violations=broken,
        refusals=dict(load.refusals),
        remark=f"the network was cut by {world.cables[0].cut_by}" if world.cables else "",
    )


def story(history: History) -> str:
    """A log, short enough to be read."""
    lines = [
        f"{row.seq} {row.occurred_at:%H:%M:%S.%f} {row.type} {row.actor} {row.epoch} {_call(row)}"
        for row in history.rows
    ]
    return "\n        ".join([f"Job {history.job_id}:", *lines])


def _call(row) -> str:
    event = row.recorded().event
    return (
        f"{getattr(event, 'key', '')} {getattr(event, 'repeat', '')} {getattr(event, 'reason', '')}".strip()
    )


OVER = {"job_completed", "job_cancelled", "job_failed"}


def facts(found: list[History]) -> list[e.Event]:
    return [row.recorded().event for history in found for row in history.rows]


def doubled(found: list[History]) -> int:
    """Count duplicate results, duplicate endings and duplicate jobs."""
    twice = 0
    keys = []
    for history in found:
        events = [row.recorded().event for row in history.rows]
        done = [event.key for event in events if isinstance(event, e.CallCompleted)]
        ended = sum(row.type in OVER for row in history.rows)
        twice += len(done) - len(set(done)) + max(0, ended - 1)
        keys += [event.idempotency_key for event in events if isinstance(event, e.JobSubmitted)]
    return twice + len(keys) - len(set(keys))


def overpaid(world: World, found: list[History]) -> list[str]:
    """Name provider requests that the log never announced.

    A call that is made again is announced as a repeat.
    """
    announced, asked = announcements(found), Counter(map(key_of, world.model.requests))
    broken = [
        f"The model was asked {count} times for {key}, and {announced[key]} calls were announced."
        for key, count in asked.items()
        if count > announced[key]
    ]
    intents = sum(isinstance(event, e.CallRequested) for event in facts(found))
    if world.paid > intents:
        broken.append(f"{world.paid} calls were paid, and {intents} were announced.")
    return broken


def announcements(found: list[History]) -> Counter[str]:
    """By idempotency key: how often the model was to be asked."""
    counts: Counter[str] = Counter()
    for history in found:
        submitted, *events = facts([history])
        counts[submitted.idempotency_key] += sum(
            isinstance(event, e.CallRequested) and event.kind == "model" for event in events
        )
    return counts


def key_of(request: dict) -> str:
    """Return the job's key, which its question carries in each request."""
    asked = KEY.search(json.dumps(request["messages"]))
    return asked[1] if asked else "a question that nobody asked"


def cut_short(found: list[History]) -> list[str]:
    """Name jobs that ended at a limit, which no fault justifies."""
    reasons = {
        history.job_id: event.stop_reason
        for history in found
        for event in (row.recorded().event for row in history.rows)
        if isinstance(event, e.JobCompleted)
    }
    return [f"Job {job_id} ended with {why}." for job_id, why in reasons.items() if why != "answered"]


def recoveries(world: World, load: Load, found: list[History]) -> list[float]:
    """Seconds from each fault until what it hit went on."""
    waits = []
    for fault in world.faults:
        if fault.worker is None:
            first = next((at for at in load.answered if at >= fault.over), None)
            waits += [first - fault.over] if first else []
        else:
            waits += _restarts(fault, found)
    return waits


def _restarts(fault: Fault, found: list[History]) -> list[float]:
    """List seconds from the fault to the next attempt of lost jobs."""
    waits = []
    for history in found:
        held, lost = False, False  # by this worker when it was struck; and taken away from it since
        for row in history.rows:
            at = row.occurred_at.timestamp()
            if row.type == "attempt_started":
                waits += [at - fault.at] if lost else []
                held, lost = row.actor == f"worker:{fault.worker}" and at <= fault.at, False
            lost = lost or (row.type == "lease_expired" and held and at >= fault.at)
    return waits
