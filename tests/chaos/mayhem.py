"""What happens to servers while others rely on them."""

import asyncio
import contextlib
import random
from collections import Counter

from app.store.database import fetch
from tests.chaos.processes import Program

# How often each: most of the deaths give no warning.
FATES = {"kill": 6, "terminate": 2, "freeze": 2, "freeze and kill": 1}

# All that these connections ever say.
LISTENERS = """
    FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^(LISTEN .*|SELECT 1)$'"""


async def listeners(owner) -> int:
    """How many connections hear of news."""
    return (await fetch(owner, f"SELECT count(*) {LISTENERS}"))[0][0]


async def deafen(owner) -> int:
    """Cut the listening connections, and return how many there were."""
    return len(await fetch(owner, f"SELECT pg_terminate_backend(pid) {LISTENERS}"))


async def torment(program: Program, rng: random.Random, stop: asyncio.Event, fates: Counter) -> None:
    """Disturb a server at intervals until told to stop.

    It runs again when this returns.
    """
    while not stop.is_set():
        await asyncio.sleep(rng.uniform(0.3, 1.0))
        if stop.is_set():
            return
        fate = rng.choices(list(FATES), list(FATES.values()))[0]
        fates[fate] += 1
        await _suffer(program, fate, rng)
        if not program.is_running:
            await program.start()


async def _suffer(program: Program, fate: str, rng: random.Random) -> None:
    match fate:
        case "terminate":
            await _dismiss(program, rng.uniform(0.3, 2.0))
        case "freeze" | "freeze and kill":
            program.freeze()
            await asyncio.sleep(rng.uniform(0.2, 1.0))
            program.thaw()
    if fate.endswith("kill"):
        program.kill()


async def _dismiss(program: Program, grace: float) -> None:
    """What an orchestrator does: ask, and kill where that takes too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace):
            code = await program.terminate()
            assert code == 0, f"{program.name} ended with {code} after SIGTERM."
    program.kill()
