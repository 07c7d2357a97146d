"""Measure memory: requests about a long job, and jobs that wait.

Each request is made to a server of its own, which has answered the same about a short job.
"""

import asyncio
from collections.abc import Mapping

import httpx

from app.agent.ports import Ask, ModelReply
from app.domain import events as e
from app.domain.caller import Caller
from app.domain.job import Job
from app.replay import replay
from app.store.database import APP_ROLE, Engine
from app.store.wake import Wake
from app.store.writer import Writer
from benchmarks.agent import Mock, run_deep
from benchmarks.child import child
from benchmarks.database import Cluster
from benchmarks.long_job import write_job
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Row, Sheet, number
from benchmarks.waiting import run as waiting
from benchmarks.waiting.process_memory import forget_peak, peak, resident

EVENTS = 20_000  # of the long job
WARM_UP = 100  # events of the job that warms a server up
# The job that is replayed: the agent's own turns, and how often a call of the model says how far it is.
TURNS, SHORT_TURNS = 25, 3
AIM = 64  # MB over an idle server
TIMEOUT = 300  # seconds of a request
MEGABYTE = 1024 * 1024
REQUESTS = {
    "bundle": ("GET", "/jobs/{id}/bundle"),
    "diff with itself": ("GET", "/jobs/{id}/diff/{id}"),
    "claims": ("GET", "/jobs/{id}/claims"),
    "report, html": ("GET", "/jobs/{id}/report?format=html"),
    "its stream": ("GET", "/jobs/{id}/stream"),
    "a page of 1,000 events": ("GET", "/jobs/{id}/events?limit=1000"),
}


REPLAY = {"replay": ("POST", "/jobs/{id}/replay")}


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    events = EVENTS // 10 if scale is QUICK else EVENTS
    async with cluster.database() as url:
        engine = Engine(url, APP_ROLE, 2)
        writer = Writer(engine, Wake(engine, None))
        short, long = await write_job(writer, WARM_UP), await write_job(writer, events)
        rows = [await _row(url, name, asked, short, long) for name, asked in REQUESTS.items()]
        short, told = await run_deep(url, Mock(SHORT_TURNS)), await run_deep(url, _Telling(events))
        assert (await replay(engine, Caller(told.tenant), told.id)).same
        await engine.dispose()
        rows += [await _row(url, name, asked, short, told) for name, asked in REPLAY.items()]
    heads = ["MB idle", "MB more at its peak", "aim"]
    asked = Sheet(f"Memory of one request about a job of {long.seq:,} events", heads, rows)
    return [asked, await waiting.measure(cluster, scale)]


class _Telling(Mock):
    """A model that tells its progress again and again."""

    def __init__(self, events: int) -> None:
        super().__init__(TURNS)
        self._each = events // TURNS

    async def next_step(self, ask: Ask, _texts: Mapping[str, str], writing: object = None) -> ModelReply:
        told = (e.CallProgressed(f"{ask.step}/model", "writing", n) for n in range(self._each))
        await self.attempt.record(*told)
        return await super().next_step(ask, _texts, writing)


async def _row(url: str, name: str, asked: tuple[str, str], short: Job, long: Job) -> Row:
    method, path = asked
    async with child("benchmarks.server", "api", url) as (server, port):
        address = f"http://127.0.0.1:{port.decode()}"
        await _ask(method, address + path.format(id=short.id))
        await asyncio.sleep(0.5)
        forget_peak(server.account)
        idle = resident(server.account) / MEGABYTE
        await _ask(method, address + path.format(id=long.id))
        more = peak(server.account) / MEGABYTE - idle
    return name, [number(idle), number(more), f"≤ {AIM}"]


async def _ask(method: str, address: str) -> None:
    async with (
        httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http,
        http.stream(method, address) as answer,
    ):
        answer.raise_for_status()
        async for _ in answer.aiter_raw():
            pass
