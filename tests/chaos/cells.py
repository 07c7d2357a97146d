"""The cells: each is one kind of fault, done again and again to a system at work."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
from msgspec.structs import replace

from app.store.database import driver_url
from tests.chaos import postgres as pg
from tests.chaos.cable import Cable, through, to_port, to_postgres
from tests.chaos.namespace import Island, can_be_made
from tests.chaos.postgres import Postgres
from tests.chaos.verdict import Verdict
from tests.chaos.world import Fault, World, judge, under_load, world

DEFAULT_LEASE = 10.0  # seconds, as the settings have it
MINUTES = 600.0  # seconds that a wrong clock is wrong by
LONG = 6  # readers that keep a snapshot open

Strike = Callable[[World, random.Random], Awaitable[None]]


# Faults


async def kill_worker(world: World, dice: random.Random) -> None:
    """SIGKILL in the middle of whatever it does; another one is there at once, as an orchestrator has it."""
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
    """Fast: sessions are cut. Immediate: it crashes, and recovers from its own log."""
    at = time.time()
    await world.postgres.restart(dice.choice(("fast", "immediate")), dice.uniform(0, 2))
    world.note(at)


async def cut_backends(world: World, dice: random.Random) -> None:
    """Five sessions in a second, those first that are in the middle of a statement."""
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
    """SIGSTOP past its lease; it wakes up in the middle of a call that is another's now."""
    victim = await world.victim(world.workers, dice)
    at = time.time()
    victim.freeze()
    try:
        await asyncio.sleep(world.lease * dice.uniform(1.2, 2.5))
        world.note(at, victim)
    finally:
        victim.thaw()


async def refuse_commits(world: World, dice: random.Random) -> None:
    """Every statement succeeds, and half of the commits fail: for want of disk, or for no good reason."""
    code = dice.choice(("53100", "58030", "25006", "23514"))
    at = time.time()
    await world.run(pg.REFUSE.format(share=0.5, code=code))
    try:
        await asyncio.sleep(dice.uniform(1, 3))
    finally:
        await world.run(pg.ALLOW)
    world.note(at)


async def cut_network(world: World, dice: random.Random) -> None:
    """Past its lease: what it wrote arrives when the job is another's. Or the database alone is gone."""
    pulled = world.cables[: dice.choice((1, len(world.cables)))]
    at = time.time()
    for cable in pulled:
        cable.pull()
    await asyncio.sleep(world.lease * dice.uniform(1.4, 2.4))
    world.note(at, world.wired)
    for cable in pulled:
        cable.plug()


# Cells


async def cell(
    postgres: Postgres, name: str, seconds: float, seed: str, strike: Strike, pause: tuple[float, float]
) -> Verdict:
    """Strike, wait a little, strike again."""
    dice = random.Random(f"{seed}/{name}")
    async with world(postgres, f"{seed}/{name}") as made:
        async with under_load(made) as load:
            ends = time.monotonic() + seconds
            await asyncio.sleep(min(2.0, seconds / 4))
            while time.monotonic() < ends:
                await strike(made, dice)
                await asyncio.sleep(dice.uniform(*pause))
        return await judge(made, name, load)


async def repeated_kills(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Workers are killed."""
    return await cell(postgres, "repeated_kills", seconds, seed, kill_worker, (0.5, 2.0))


async def server_kills(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Servers are killed."""
    return await cell(postgres, "server_kills", seconds, seed, kill_server, (0.5, 2.0))


async def postgres_restarts(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Postgres is stopped, fast and immediate."""
    return await cell(postgres, "postgres_restarts", seconds, seed, restart_postgres, (3.0, 6.0))


async def backend_kills(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Sessions are terminated."""
    return await cell(postgres, "backend_kills", seconds, seed, cut_backends, (0.0, 1.0))


async def pool_exhaustion(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """There are no connections left."""
    return await cell(postgres, "pool_exhaustion", seconds, seed, crowd_out, (3.0, 6.0))


async def frozen_workers(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Workers stand still for longer than their leases, and go on."""
    return await cell(postgres, "frozen_workers", seconds, seed, freeze_worker, (0.5, 2.0))


async def refused_commits(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Commits fail."""
    return await cell(postgres, "refused_commits", seconds, seed, refuse_commits, (2.0, 4.0))


async def long_readers(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Transactions that read all there is, and one that only stays open, for the whole time."""

    async def strike(made: World, dice: random.Random) -> None:
        at = time.time()
        async with contextlib.AsyncExitStack() as stack:
            sessions = [await stack.enter_async_context(reading(made.url)) for _ in range(LONG)]
            for _ in range(4):
                await asyncio.gather(*(session.fetchval(EVERYTHING) for session in sessions[1:]))
                await asyncio.sleep(dice.uniform(0.5, 1.5))
        made.faults.append(Fault(at, at))

    return await cell(postgres, "long_readers", seconds, seed, strike, (0.0, 0.5))


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


async def cut_networks(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """The cables of one worker are pulled for longer than its lease, and plugged in again."""
    dice = random.Random(f"{seed}/cut_networks")
    async with world(postgres, f"{seed}/cut_networks", workers=2) as made, wired_worker(made):
        async with under_load(made) as load:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await asyncio.sleep(dice.uniform(1.0, 3.0))
                await cut_network(made, dice)
        remark = f"the network was cut by {made.cables[0].cut_by}"
        return replace(await judge(made, "cut_networks", load), remark=remark)


PROVIDERS = ("OPENAI_BASE_URL", "TAVILY_BASE_URL")


@contextlib.asynccontextmanager
async def wired_worker(made: World) -> AsyncIterator[None]:
    """One more worker, all of whose connections go through cables; where it can, in a network of its own."""
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


async def wrong_clocks(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """One worker's clock is ahead by minutes, another's behind; both are killed now and then."""
    dice = random.Random(f"{seed}/wrong_clocks")
    async with world(postgres, f"{seed}/wrong_clocks", workers=1) as made:
        for off in (MINUTES, -MINUTES):
            await made.hire(CHAOS_CLOCK_OFF=str(off)).start()
        async with under_load(made) as load:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await asyncio.sleep(dice.uniform(2.0, 4.0))
                await kill_worker(made, dice)
        return await judge(made, "wrong_clocks", load)


async def default_lease(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Workers are killed, with the lease that Dossier comes with."""
    dice = random.Random(f"{seed}/default_lease")
    async with world(postgres, f"{seed}/default_lease", lease=DEFAULT_LEASE, thinking=1.0) as made:
        async with under_load(made, pause=1.5) as load:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await asyncio.sleep(dice.uniform(3.0, 5.0))
                await kill_worker(made, dice)
        return await judge(made, "default_lease", load)


async def short_lease(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """Workers are killed, with a lease of half a second."""
    dice = random.Random(f"{seed}/short_lease")
    async with world(postgres, f"{seed}/short_lease", lease=0.5, thinking=0.5) as made:
        async with under_load(made, callers=2) as load:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await asyncio.sleep(dice.uniform(2.0, 4.0))
                await kill_worker(made, dice)
        return await judge(made, "short_lease", load)


async def quiet(postgres: Postgres, seconds: float, seed: str) -> Verdict:
    """No fault: how many heartbeats are HOT, and what five idle processes ask of Postgres."""
    async with world(postgres, f"{seed}/quiet", lease=0.6, thinking=1.0) as made:
        async with under_load(made) as load:
            await asyncio.sleep(min(15.0, seconds))
        await asyncio.sleep(12)  # sessions tell of their last statements late
        hot, before, at = await made.run(pg.HOT), await made.run(pg.COMMITS), time.monotonic()
        await asyncio.sleep(max(15.0, min(30.0, seconds)))
        asked = (await made.run(pg.COMMITS)) - before
        rate = asked / (time.monotonic() - at) / len(made.fleet.programs)
        remark = f"{100 * (hot or 0):.1f} % of the heartbeats were HOT; {rate:.2f} queries/s per idle process"
        return replace(await judge(made, "quiet", load), remark=remark)


CELLS = {
    found.__name__: found
    for found in (
        repeated_kills, postgres_restarts, backend_kills, pool_exhaustion, long_readers, server_kills,
        frozen_workers, cut_networks, refused_commits, wrong_clocks, default_lease, short_lease, quiet,
    )
}  # fmt: skip
