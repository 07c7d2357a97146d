"""Define the faults.

Each is done once to a running system, and noted with the time when it was over.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

import asyncpg

from app.store.database import driver_url
from tests.chaos import postgres as pg
from tests.chaos.cable import Cable, through, to_port, to_postgres
from tests.chaos.namespace import Island, can_be_made
from tests.chaos.world import Fault, World

MINUTES = 600.0  # seconds that a wrong clock is wrong by
LONG = 6  # readers that keep a snapshot open


async def kill_worker(world: World, dice: random.Random) -> None:
    """Kill a worker with SIGKILL, whatever it is doing.

    Another starts at once, as an orchestrator would do.
    """
    victim = await world.victim(world.workers, dice)
    at = time.time()
    victim.kill()
    world.note(at, victim)
    world.revive(victim)


async def kill_server(world: World, dice: random.Random) -> None:
    """SIGKILL with requests and streams open."""
    victim = await world.victim(world.servers, dice)
    at = time.time()
    victim.kill()
    world.note(at)
    world.revive(victim)


async def restart_postgres(world: World, dice: random.Random) -> None:
    """Restart Postgres, by a fast shutdown or by a crash.

    Fast cuts the sessions; after an immediate one it recovers from its own log.
    """
    at = time.time()
    await world.postgres.restart(dice.choice(("fast", "immediate")), dice.uniform(0, 2))
    world.note(at)


async def cut_backends(world: World, dice: random.Random) -> None:
    """Cut five sessions in a second, those in a statement first."""
    at = time.time()
    for turn in range(5):
        await world.run(pg.CUT_ONE, f"{dice.random()}/{turn}")
        await asyncio.sleep(0.2)
    world.note(at)


async def crowd_out(world: World, dice: random.Random) -> None:
    """Idle strangers take every connection there is, the application's too."""
    at = time.time()
    async with world.postgres.crowded(world.url):
        await asyncio.sleep(dice.uniform(1, 3))
    world.note(at)


async def freeze_worker(world: World, dice: random.Random) -> None:
    """Freeze a worker with SIGSTOP for longer than its lease.

    It wakes in the middle of a call that now belongs to another worker.
    """
    victim = await world.victim(world.workers, dice)
    at = time.time()
    victim.freeze()
    try:
        await asyncio.sleep(world.lease * dice.uniform(1.2, 2.5))
        world.note(at, victim)
    finally:
        victim.thaw()


async def refuse_commits(world: World, dice: random.Random) -> None:
    """Fail half of the commits, though every statement succeeds.

    The cause is a full disk, or nothing that is stated.
    """
    code = dice.choice(("53100", "58030", "25006", "23514"))
    at = time.time()
    await world.run(pg.REFUSE.format(share=0.5, code=code))
    try:
        await asyncio.sleep(dice.uniform(1, 3))
    finally:
        await world.run(pg.ALLOW)
    world.note(at)


async def cut_network(world: World, dice: random.Random) -> None:
    """Cut a worker's network for longer than its lease.

    What it wrote arrives when the job is another's. Or only the database is out of reach.
    """
    pulled = world.cables[: dice.choice((1, len(world.cables)))]
    at = time.time()
    for cable in pulled:
        cable.pull()
    await asyncio.sleep(world.lease * dice.uniform(1.4, 2.4))
    world.note(at, world.wired)
    for cable in pulled:
        cable.plug()


async def read_long(world: World, dice: random.Random) -> None:
    """Read everything in long transactions, and leave one idle."""
    at = time.time()
    async with contextlib.AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(reading(world.url)) for _ in range(LONG)]
        for _ in range(4):
            await asyncio.gather(*(session.fetchval(EVERYTHING) for session in sessions[1:]))
            await asyncio.sleep(dice.uniform(0.5, 1.5))
    world.faults.append(Fault(at, at))


EVERYTHING = "SELECT sum(length(data::text)) FROM events"


@contextlib.asynccontextmanager
async def reading(url: str):
    session = await asyncpg.connect(driver_url(url))
    try:
        async with session.transaction(isolation="repeatable_read"):
            await session.fetchval(EVERYTHING)
            yield session
    finally:
        session.terminate()


# What some of them need


PROVIDERS = ("OPENAI_BASE_URL", "TAVILY_BASE_URL")


@contextlib.asynccontextmanager
async def wired_worker(made: World) -> AsyncIterator[None]:
    """Start another worker whose connections all go through cables.

    Where the machine allows it, the worker has a network of its own.
    """
    async with contextlib.AsyncExitStack() as stack:
        island = stack.enter_context(Island()) if can_be_made() else None
        lay, entry = (island.link, island.environment) if island else (Cable, {})
        ports = [int(made.environment[name].rpartition(":")[2]) for name in PROVIDERS]
        ends = [to_postgres(made.url), *map(to_port, ports)]
        made.cables = [await stack.enter_async_context(lay(to)) for to in ends]
        named = zip(PROVIDERS, made.cables[1:], strict=True)
        urls = {name: f"http://{cable.host}:{cable.port}" for name, cable in named}
        made.wired = made.hire(DATABASE_URL=through(made.url, made.cables[0]), **urls, **entry)
        await made.wired.start()
        yield


@contextlib.asynccontextmanager
async def wrong_clocks(made: World) -> AsyncIterator[None]:
    """Start two workers with clocks minutes fast and slow."""
    for off in (MINUTES, -MINUTES):
        await made.hire(CHAOS_CLOCK_OFF=str(off)).start()
    yield
