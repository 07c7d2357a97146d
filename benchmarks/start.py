"""Measure what commands cost until they answer, as CPU and time.

An interpreter that does nothing is the yardstick.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence

from benchmarks.agent import Mock, run_long
from benchmarks.child import child
from benchmarks.database import Cluster
from benchmarks.scale import Scale
from benchmarks.streaming.sheet import Row, Sheet, figure

TURNS = 10  # of the job that is shown
SERVE = "import app.cli.serving, app.api.app; app.api.app.make_app(None)"


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    async with cluster.database() as url:
        job = await run_long(url, Mock(TURNS))
        async with child("benchmarks.server", "api", url) as (_, port):
            address = f"http://127.0.0.1:{port.decode()}"
            kinds = {
                "an interpreter": (("-c", "pass"), ""),
                "dossier --help": (("-m", "app", "--help"), "≤ 0.2"),
                "dossier show, against a server": (("-m", "app", "show", str(job.id)), "≤ 0.4"),
                "loading dossier serve": (("-c", SERVE), "≤ 2.5"),
            }
            rows = [await _row(name, *kind, address, scale.rounds) for name, kind in kinds.items()]
    return [Sheet("Starting", ["CPU s", "clock s", "aim"], rows)]


async def _row(name: str, arguments: Sequence[str], aim: str, address: str, rounds: int) -> Row:
    await _started(arguments, address)  # once to warm up
    spent, taken = zip(*[await _started(arguments, address) for _ in range(rounds)], strict=True)
    return name, [figure(spent), figure(taken), aim]


async def _started(arguments: Sequence[str], address: str) -> tuple[float, float]:
    """Run a process, and return its seconds: CPU and clock."""
    before, began = os.times(), time.perf_counter()
    running = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={**os.environ, "DOSSIER_URL": address},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await running.communicate()
    assert running.returncode == 0, said.decode()
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent, time.perf_counter() - began
