"""Measure a delivery of one job to many readers.

Here and elsewhere, in the same run.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from msgspec import Struct

from benchmarks.streaming import accounts, nchan
from benchmarks.streaming.orders import Filled, Publish
from benchmarks.streaming.scale import Size
from benchmarks.streaming.sheet import Round, Row, Sheet, compared, over, ratio
from benchmarks.streaming.stage import Pen, Spell, Stage, dossier, request, serving, stream

SETTLE = 0.5  # seconds after the last connect
PACE = 0.1  # seconds from one event to the next
TENS = 10

BARE, NCHAN = "bare ASGI broadcaster, uvicorn", "nchan, nginx"
OURS = ("Dossier, pushed", "Dossier, Postgres")
ELSEWHERE = Filled(["one"], 0)


class Server(Struct, frozen=True):
    """One of those who are compared."""

    name: str
    start: Callable[[], AbstractAsyncContextManager[Stage]]
    pen: Pen | None = None  # makes a job to follow, where that needs a database


class Mode(Struct, frozen=True):
    """A way to publish, and what is aimed at."""

    title: str
    key: str
    batch: int
    pause: float
    aims: tuple[str, ...]


def modes(size: Size) -> list[Mode]:
    return [
        Mode(f"burst: {size.events} events, one at a time", "burst", 1, 0, ("≥ 90,000", "≤ 10")),
        Mode(f"burst: {size.events} events, {TENS} at a time", "tens", TENS, 0, ("≥ 400,000", "≤ 10")),
        Mode(f"paced: {size.paced} events, 10 a second", "paced", 1, PACE, ("", "", "", "≤ 25")),
    ]


async def measure(url: str, pen: Pen, size: Size) -> tuple[list[Sheet], list[Row]]:
    """Measure each server once a round.

    What disturbs the machine then disturbs all.

    Returns the comparisons, and what a commit takes until it is with the readers.
    """
    servers = _servers(url, pen)
    rounds: dict[str, list[Round]] = {server.name: [] for server in servers}
    for _ in range(size.rounds):
        for server in servers:
            rounds[server.name].append(await _round(server, size))
    missing = [] if NCHAN in rounds else [f"{NCHAN}: not installed (Debian has libnginx-mod-nchan)."]
    sheets = [
        *(_sheet(mode, rounds, size, missing) for mode in modes(size)),
        _connections(rounds, size, missing),
    ]
    return sheets, _commits(rounds, size)


def _commits(rounds: dict[str, list[Round]], size: Size) -> list[Row]:
    """Measure from before the append.

    The yardstick, the broadcaster, has no database to ask.
    """
    ours, bare = rounds[OURS[1]], rounds[BARE]
    name = f"append to client, {size.readers:,} readers, 10 events a second"
    return [
        compared(f"{name}: p50 ms", ours, "paced p50", "≤ 10", bare),
        compared("… p99 ms", ours, "paced p99", "≤ 50", bare),
        compared("… the append alone, p50 ms", ours, "paced append", ""),
    ]


def _servers(url: str, pen: Pen) -> list[Server]:
    peers = [
        Server(
            "Litestar ServerSentEvent, uvicorn", lambda: serving("benchmarks.streaming.peers", "litestar")
        ),
        Server(BARE, lambda: serving("benchmarks.streaming.peers", "bare")),
    ]
    if nchan.find_module():
        peers.append(Server(NCHAN, lambda: serving("benchmarks.streaming.nchan")))
    ours = [
        Server(OURS[0], lambda: dossier(url), pen),
        Server(OURS[1], lambda: dossier(url, pen.writer), pen),
    ]
    return ours + peers


async def _round(server: Server, size: Size) -> Round:
    found: dict[str, float] = {}
    job = await server.pen.jobs() if server.pen else ELSEWHERE
    path = stream(job.jobs[0], job.head) if server.pen else request("/stream")
    async with server.start() as stage:
        await stage.warm_up(path)
        await asyncio.sleep(SETTLE)
        before = accounts.resident(stage.pid)
        found["connect ms"] = 1000 * await stage.connect([path] * size.readers) / size.readers
        await asyncio.sleep(SETTLE)
        found["KB"] = (accounts.resident(stage.pid) - before) / size.readers
        first = job.head + 1
        for mode in modes(size):
            count = size.paced if mode.pause else size.events
            spell = await stage.publish(Publish(job.jobs, first, count, mode.batch, mode.pause))
            found |= {f"{mode.key} {name}": value for name, value in _figures(spell).items()}
            first += count
    return found


def _figures(spell: Spell) -> dict[str, float]:
    tally = spell.tally
    return {
        "rate": spell.rate,
        "us": spell.us_server,
        "p50": tally.p50_ms,
        "p99": tally.p99_ms,
        "events a read": tally.events / tally.reads,
        "us client": 1e6 * tally.cpu / tally.events,
        "append": spell.published.p50_ms,
        "waited": 100 * spell.server.waited / (spell.server.used + spell.server.waited),
    }


def _sheet(mode: Mode, rounds: dict[str, list[Round]], size: Size, missing: list[str]) -> Sheet:
    names = ("rate", "us", "p50", "p99", "events a read", "us client", "waited")
    heads = ["deliveries/s", "us CPU each", "p50 ms", "p99 ms", "events a read", "us client", "waited %"]
    keys = [f"{mode.key} {name}" for name in names]
    compared = [f"{mode.key} {name}" for name in (("us",) if mode.pause else ("rate", "us"))]
    return _beside(
        f"{size.readers:,} readers of one job, {mode.title}",
        heads,
        keys,
        compared,
        mode.aims,
        rounds,
        missing,
    )


def _connections(rounds: dict[str, list[Round]], size: Size, missing: list[str]) -> Sheet:
    heads, keys = ["KB resident", "connect ms CPU"], ["KB", "connect ms"]
    return _beside(
        f"{size.readers:,} idle connections, each", heads, keys, keys, ("≤ 12", ""), rounds, missing
    )


def _beside(
    title: str, heads: list[str], keys: list[str], compared: list[str], aims: tuple[str, ...],
    rounds: dict[str, list[Round]], missing: list[str],
) -> Sheet:  # fmt: skip
    """Return a row for each server.

    The last columns are ratios to the broadcaster and to nchan.
    """
    others = [other for other in (BARE, NCHAN) if other in rounds]
    rows: list[Row] = []
    for name, taken in rounds.items():
        ratios = [ratio(taken, rounds[other], key) for key in compared for other in others]
        rows.append((name, [*(over(taken, key) for key in keys), *ratios]))
    named = dict(zip(keys, heads, strict=True))
    ends = [
        f"{named[key].split()[0]} : {other.split()[0].rstrip(',')}" for key in compared for other in others
    ]
    wanted = [*aims, *[""] * (len(heads) + len(ends) - len(aims))]
    return Sheet(title, heads + ends, [*rows, ("expected of Dossier", wanted)], missing)
