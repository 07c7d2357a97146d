"""Where an operator looks: /metrics, the logs and the API."""

import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import httpx

from tests.chaos.processes import Program
from tests.steps import until

SEEN_WITHIN = 120.0  # seconds, on a slow machine
PLACES = ("/metrics", "log", "API")

Look = Callable[[], Awaitable[object]]


class Sign(NamedTuple):
    """Something that shows a cause, in one of the places."""

    place: str
    says: str  # for the table
    look: Look


class Event(NamedTuple):
    """What happened, and which signs of it were seen."""

    name: str
    seen: list[Sign]
    missing: list[Sign]

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        found = [
            "; ".join(
                [f"`{sign.says}`" for sign in self.seen if sign.place == place]
                + [f"MISSING: {sign.says}" for sign in self.missing if sign.place == place]
            )
            for place in PLACES
        ]
        return (self.name, *found)


async def observe(name: str, *signs: Sign) -> Event:
    """Wait for each sign."""
    event = Event(name, [], [])
    for sign in signs:
        try:
            await until(sign.look, seconds=SEEN_WITHIN)
            event.seen.append(sign)
        except TimeoutError:
            event.missing.append(sign)
    return event


def metric(url: str, pattern: str, least: float = 1, most: float = float("inf")) -> Sign:
    """A figure of one process, the sum of all lines that match."""

    async def look() -> bool:
        return least <= await figure(url, pattern) <= most

    bound = f" = {least:g}" if least == most else f" ≥ {least:g}"
    return Sign("/metrics", pattern.replace("\\", "").replace(".*", "…").rstrip("{") + bound, look)


async def figure(url: str, pattern: str) -> float:
    """Return the sum of the matching metrics, or -1 without an answer."""
    try:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            text = (await http.get(f"{url}/metrics")).text
    except httpx.HTTPError:
        return -1
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(pattern, line))


def logged(program: Program, says: str, since: int = 0) -> Sign:
    """An entry of one process's log."""

    async def look() -> bool:
        return says in program.said(since)

    return Sign("log", says, look)


def answered(says: str, url: str, holds: Callable[[httpx.Response], bool]) -> Sign:
    """An answer of the API."""

    async def look() -> bool:
        try:
            async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
                return holds(await http.get(url))
        except httpx.HTTPError:
            return False

    return Sign("API", says, look)
