"""Measure the memory that one request about a long job takes.

Each is asked of a server of its own, which has answered the same about a short job.
"""

import asyncio
import re
from pathlib import Path

import httpx

from app.domain.job import Job
from benchmarks.agent import Mock, run_long
from benchmarks.child import child
from benchmarks.database import Cluster
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Row, Sheet, number

# Of the long job, about 7,000 events then. One of 20,000 took more than nine minutes at a load of 15.
TURNS = 1_000
SHORT = 10  # turns of the job that warms a server up
AIM = 64  # MB over an idle server
TIMEOUT = 120  # seconds of a request
RESET_PEAK = "5"  # what Linux takes in clear_refs
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")
REQUESTS = {
    "bundle": ("GET", "/jobs/{id}/bundle"),
    "replay": ("POST", "/jobs/{id}/replay"),
    "diff with itself": ("GET", "/jobs/{id}/diff/{id}"),
    "claims": ("GET", "/jobs/{id}/claims"),
    "report, html": ("GET", "/jobs/{id}/report?format=html"),
    "its stream": ("GET", "/jobs/{id}/stream"),
    "a page of 1,000 events": ("GET", "/jobs/{id}/events?limit=1000"),
}


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    turns = TURNS if scale.jobs > QUICK.jobs else TURNS // 4
    async with cluster.database() as url:
        short, long = await run_long(url, Mock(SHORT)), await run_long(url, Mock(turns))
        rows = [await _row(url, name, short, long) for name in REQUESTS]
    heads = ["MB idle", "MB more at its peak", "aim"]
    return [Sheet(f"Memory of one request about a job of {long.seq:,} events", heads, rows)]


async def _row(url: str, name: str, short: Job, long: Job) -> Row:
    method, path = REQUESTS[name]
    async with child("benchmarks.server", "api", url) as (server, port):
        status = Path(f"/proc/{server.account.pid}/status")
        address = f"http://127.0.0.1:{port.decode()}"
        await _ask(method, address + path.format(id=short.id))
        await asyncio.sleep(0.5)
        _forget_peak(server.account.pid)
        idle = _megabytes(RESIDENT, status)
        await _ask(method, address + path.format(id=long.id))
        more = _megabytes(PEAK, status) - idle
    return name, [number(idle), number(more), f"≤ {AIM}"]


async def _ask(method: str, address: str) -> None:
    async with (
        httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http,
        http.stream(method, address) as answer,
    ):
        answer.raise_for_status()
        async for _ in answer.aiter_raw():
            pass


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)


def _megabytes(kind: re.Pattern[str], status: Path) -> float:
    found = kind.search(status.read_text())
    assert found, status
    return int(found[1]) / 1024
