"""Measure readers who come back, all at once or late."""

import time

import asyncpg

from app.store import log
from app.store.database import driver_url
from benchmarks.streaming import nchan
from benchmarks.streaming.orders import Publish
from benchmarks.streaming.scale import Size
from benchmarks.streaming.sheet import Round, Row, compared
from benchmarks.streaming.stage import Pen, Spell, dossier, request, serving, stream

BATCH = 100
AGAIN = 50  # events that each of a crowd lacks


async def measure(url: str, pen: Pen, size: Size) -> list[Row]:
    return [*await _crowd(url, pen, size), *await _long(url, pen, size)]


async def _crowd(url: str, pen: Pen, size: Size) -> list[Row]:
    """Return all at once, from the middle of the log on.

    nchan has no more than they lack.
    """
    ours = await _come_back_to_us(url, pen, size)
    theirs = await _come_back_to_nchan(size) if nchan.find_module() else []
    name = f"{size.readers:,} come back, {AGAIN} of {2 * AGAIN} events each"
    return [
        compared(f"{name}: s", ours, "seconds", "≤ 0.5", theirs),
        compared("… of them without a processor, which others had: s", ours, "waited", "", theirs),
        compared("… ms CPU of the server for each", ours, "ms", "", theirs),
    ]


async def _come_back_to_us(url: str, pen: Pen, size: Size) -> list[Round]:
    job = await pen.jobs()
    middle = job.head + AGAIN
    async with dossier(url, pen.writer) as stage:
        await stage.connect([stream(job.jobs[0], job.head)] * size.readers)
        await stage.publish(Publish(job.jobs, job.head + 1, 2 * AGAIN))
        again = [request(f"/jobs/{job.jobs[0]}/stream", middle)] * size.readers
        return [_figures(await stage.come_back(again, middle + 1, AGAIN), size) for _ in range(size.rounds)]


async def _come_back_to_nchan(size: Size) -> list[Round]:
    async with serving("benchmarks.streaming.nchan") as stage:
        await stage.connect([request("/stream")] * size.readers)
        await stage.publish(Publish(["one"], 1, AGAIN))
        again = [request("/again")] * size.readers
        return [_figures(await stage.come_back(again, 1, AGAIN), size) for _ in range(size.rounds)]


def _figures(spell: Spell, size: Size) -> Round:
    account = spell.server
    return {
        "seconds": spell.tally.seconds,
        "waited": account.waited,
        "ms": 1000 * account.used / size.readers,
    }


async def _long(url: str, pen: Pen, size: Size) -> list[Row]:
    """Read a long log from its first event on.

    The yardstick is one SELECT of the same rows.
    """
    job = await pen.jobs()
    ours, select = list[Round](), list[Round]()
    async with dossier(url, pen.writer) as stage:
        await stage.connect([stream(job.jobs[0], job.head)])
        await stage.publish(Publish(job.jobs, job.head + 1, size.long, BATCH))
        path = stream(job.jobs[0], job.head)
        for _ in range(size.rounds):
            spell = await stage.come_back([path], job.head + 1, size.long)
            ours.append({"seconds": spell.tally.seconds, "us": spell.us_server})
            select.append({"seconds": await _select(url, job.jobs[0], size.long)})
    return [
        compared(
            f"{size.long:,} events to one reader: s (SELECT of the rows)", ours, "seconds", "≤ 1", select
        ),
        compared("… us CPU of the server for each", ours, "us", "", []),
    ]


async def _select(url: str, job: str, count: int) -> float:
    connection = await asyncpg.connect(driver_url(url))
    try:
        started = time.perf_counter()
        await connection.fetch(log.READ_ANY_EVENTS, job, 2, count)
        return time.perf_counter() - started
    finally:
        await connection.close()
