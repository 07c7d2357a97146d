"""Measure GET /jobs/{id}/stream beside other servers.

Fan-out, and what readers cost who stop, leave or come late.
"""

import contextlib
from collections.abc import Iterator

import psutil

from benchmarks.child import child
from benchmarks.database import Cluster
from benchmarks.scale import Scale
from benchmarks.streaming import accounts, crowd, faces, fanout, returns, stopped
from benchmarks.streaming.scale import size_of
from benchmarks.streaming.sheet import HEADS, Sheet
from benchmarks.streaming.stage import Pen


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    size = size_of(scale)
    async with cluster.database() as url, child("benchmarks.streaming.writer", url) as (writer, _):
        with _aside(cluster.postmaster):
            pen = Pen(writer)
            sheets, rows = await fanout.measure(url, pen, size)
            for part in (stopped, returns, crowd, faces):
                rows += await part.measure(url, pen, size)
    return [*sheets, Sheet("Dossier alone", HEADS, rows, _notes())]


@contextlib.contextmanager
def _aside(postmaster: psutil.Process) -> Iterator[None]:
    """New backends leave the server's processor to the server."""
    before = postmaster.cpu_affinity()
    accounts.settle_as(server=False, pid=postmaster.pid)
    try:
        yield
    finally:
        postmaster.cpu_affinity(before)


def _notes() -> list[str]:
    return [
        _processors(*accounts.processors()),
        "Figures are medians of the rounds (lowest–highest). CPU is the server's.",
        "Waited is the share of its time that the server, ready to run, lost to other processes.",
        "Each reader was seen to have each event once, in order.",
    ]


def _processors(server: int, others: int) -> str:
    if server == others:
        return "One processor for all, so rates and latencies are those of everybody together."
    return f"The server has processor {server}; readers, writer and Postgres share processor {others}."
