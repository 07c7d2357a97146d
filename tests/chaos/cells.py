"""Define the cells: one kind of fault each, repeated under load."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from msgspec.structs import replace

from tests.chaos import faults
from tests.chaos import postgres as pg
from tests.chaos.postgres import Postgres
from tests.chaos.verdict import Verdict
from tests.chaos.world import World, judge, under_load, world

DEFAULT_LEASE = 10.0  # seconds, as the settings have it

Strike = Callable[[World, random.Random], Awaitable[None]]


class Cell(NamedTuple):
    """Do one fault to a world, again and again.

    The number is the seconds between two of them.
    """

    strike: Strike
    pause: tuple[float, float]
    within: Callable[[World], AbstractAsyncContextManager[None]] | None = None  # what the fault needs
    load: dict[str, Any] = {}  # noqa: RUF012 - of `under_load`
    world: dict[str, Any] = {}  # noqa: RUF012 - of `world`

    async def run(self, postgres: Postgres, name: str, seconds: float, seed: str) -> Verdict:
        """Strike, wait a little, strike again."""
        dice = random.Random(f"{seed}/{name}")
        async with contextlib.AsyncExitStack() as stack:
            made = await stack.enter_async_context(world(postgres, f"{seed}/{name}", **self.world))
            if self.within:
                await stack.enter_async_context(self.within(made))
            async with under_load(made, **self.load) as load:
                ends = time.monotonic() + seconds
                await asyncio.sleep(min(2.0, seconds / 4))
                while time.monotonic() < ends:
                    await self.strike(made, dice)
                    await asyncio.sleep(dice.uniform(*self.pause))
            return await judge(made, name, load)


class Quiet:
    """Do nothing, and count HOT heartbeats and the queries of idle processes."""

    async def run(self, postgres: Postgres, name: str, seconds: float, seed: str) -> Verdict:
        async with world(postgres, f"{seed}/{name}", lease=0.6, thinking=1.0) as made:
            async with under_load(made) as load:
                await asyncio.sleep(min(15.0, seconds))
            await asyncio.sleep(12)  # sessions tell of their last statements late
            hot, before, at = await made.run(pg.HOT), await made.run(pg.COMMITS), time.monotonic()
            await asyncio.sleep(max(15.0, min(30.0, seconds)))
            asked = (await made.run(pg.COMMITS)) - before
            rate = asked / (time.monotonic() - at) / len(made.fleet.programs)
            remark = (
                f"{100 * (hot or 0):.1f} % of the heartbeats were HOT; {rate:.2f} queries/s per idle process"
            )
            return replace(await judge(made, name, load), remark=remark)


CELLS = {
    "repeated_kills": Cell(faults.kill_worker, (0.5, 2.0)),
    "postgres_restarts": Cell(faults.restart_postgres, (3.0, 6.0)),
    "backend_kills": Cell(faults.cut_backends, (0.0, 1.0)),
    "pool_exhaustion": Cell(faults.crowd_out, (3.0, 6.0)),
    "long_readers": Cell(faults.read_long, (0.0, 0.5)),
    "server_kills": Cell(faults.kill_server, (0.5, 2.0)),
    "frozen_workers": Cell(faults.freeze_worker, (0.5, 2.0)),
    "cut_networks": Cell(faults.cut_network, (1.0, 3.0), faults.wired_worker, world={"workers": 2}),
    "refused_commits": Cell(faults.refuse_commits, (2.0, 4.0)),
    "wrong_clocks": Cell(faults.kill_worker, (2.0, 4.0), faults.wrong_clocks, world={"workers": 1}),
    "default_lease": Cell(
        faults.kill_worker, (3.0, 5.0), load={"pause": 1.5}, world={"lease": DEFAULT_LEASE, "thinking": 1.0}
    ),
    "short_lease": Cell(
        faults.kill_worker, (2.0, 4.0), load={"callers": 2}, world={"lease": 0.5, "thinking": 0.5}
    ),
    "quiet": Quiet(),
}
