"""Promise 9 under all faults: exactly the log, to every reader.

A failure prints the seed. Knobs of the environment:

    CHAOS_SEED     the plan to play again; what the machine does in between is new each time
    CHAOS_SECONDS  how long to go on, 6 without it; a long run plays one plan after the other
"""

import asyncio
import itertools
import os
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest

from app.domain.caller import ANYBODY
from app.store import documents
from app.store.writer import Writer
from tests.chaos import logs
from tests.chaos.mayhem import deafen, torment
from tests.chaos.processes import Server
from tests.chaos.readers import WILD, Manner, Reader, calm_manner, random_manner
from tests.steps import submitted_job

SEED = os.environ.get("CHAOS_SEED") or str(random.randrange(2**32))
SECONDS = float(os.environ.get("CHAOS_SECONDS") or 6)
ROUND = 6.0  # seconds that one plan lasts
SETTLE = 200.0  # seconds for enough to happen, and for the last reader to come home

WRITTEN, READERS_OF_EACH = 3, 9  # jobs that the test writes into
RESEARCHED, READERS_OF_THOSE = 3, 4  # jobs that a real worker runs

# A server that notices a fault of its own ends that stream, and the reader, who comes back, never knows.
FAULT = re.compile("Traceback|ERROR|CRITICAL")


class Party:
    """Run one round of jobs, readers, and faults done to them."""

    def __init__(self, writer: Writer, owner, servers: Sequence[Server], seed: str) -> None:
        self.readers: list[Reader] = []
        self.fates = Counter()
        self._calm = asyncio.Event()  # from here on nothing is broken any more
        self._writer = writer
        self._owner = owner
        self._servers = servers
        self._seed = seed
        self._seconds = min(ROUND, SECONDS)

    async def play(self) -> None:
        """Run everything at once, then wait for every reader to finish.

        Raises what a reader complains of.
        """
        async with asyncio.TaskGroup() as together:
            for server in self._servers:
                dice = self._dice(server.name)
                together.create_task(torment(server, dice, self._calm, self.fates))
            together.create_task(self._deafen())
            for n in range(WRITTEN):
                together.create_task(self._written(f"written {n}", backlog=n == 0))
            for n in range(RESEARCHED):
                together.create_task(self._researched(f"researched {n}"))
            together.create_task(self._quieten())

    def _dice(self, name: str) -> random.Random:
        """Seed a generator of its own, so that draws do not interfere."""
        return random.Random(f"{self._seed}/{name}")

    async def _quieten(self) -> None:
        await asyncio.sleep(self._seconds)
        while not self._was_wild():  # noqa: ASYNC110 - on a busy machine little happens in this time
            await asyncio.sleep(0.1)
        self._calm.set()
        for reader in self.readers:
            reader.hurry = True

    def _was_wild(self) -> bool:
        """True once what is to be tested has happened at all."""
        torn = sum(reader.torn for reader in self.readers)
        return (
            torn > 10 and self.fates["kill"] + self.fates["freeze and kill"] > 1 and self.fates["deafen"] > 0
        )

    async def _deafen(self) -> None:
        dice = self._dice("deafen")
        while not self._calm.is_set():
            await asyncio.sleep(dice.uniform(0.5, 2.0))
            self.fates["deafen"] += await deafen(self._owner)

    async def _written(self, name: str, *, backlog: bool) -> None:
        job = await logs.live_job(self._writer)
        if backlog:  # more than a page, and more than is kept in memory
            job = await logs.append(self._writer, job, 1500, 1000)
        async with asyncio.TaskGroup() as together:
            together.create_task(logs.live(self._writer, job, self._dice(name), self._calm))
            for n in range(READERS_OF_EACH):
                together.create_task(self._read(f"{name}, reader {n}", job.id, within=self._seconds / 2))

    async def _researched(self, name: str) -> None:
        await asyncio.sleep(self._dice(name).uniform(0, self._seconds * 0.7))
        job = await submitted_job(self._writer, "At how many degrees does water boil on Mount Everest?")
        async with asyncio.TaskGroup() as together:
            for n in range(READERS_OF_THOSE):
                together.create_task(self._read(f"{name}, reader {n}", job.id, within=0.3))

    async def _read(self, name: str, job_id: UUID, within: float) -> None:
        dice, ports = self._dice(name), [server.port for server in self._servers]
        await asyncio.sleep(dice.uniform(0, within))
        head = await logs.head_of(self._owner, job_id)
        reader = Reader(
            name, job_id, dice.choice((0, 0, head, dice.randint(0, head), dice.randint(0, head), WILD))
        )
        self.readers.append(reader)

        def manner() -> Manner:
            return (calm_manner if self._calm.is_set() else random_manner)(dice, ports)

        def pause() -> float:
            return dice.uniform(0, 0.2)

        await reader.follow(manner, pause)
        await reader.come_back(manner, pause)

    async def check(self) -> None:
        """Every reader has the log from its cursor on."""
        truth = {reader.job_id: await logs.log_of(self._owner, reader.job_id) for reader in self.readers}
        assert all(frames[-1].event in logs.LAST for frames in truth.values())
        for reader in self.readers:
            reader.check(truth[reader.job_id])
        print(self._summary([len(frames) for frames in truth.values()]))  # noqa: T201 - for `pytest -rA`

    def _summary(self, events: list[int]) -> str:
        return (
            f"{dict(self.fates)}; {len(events)} jobs of {events} events, {len(self.readers)} readers, "
            f"{sum(reader.connections for reader in self.readers)} connections, "
            f"{sum(reader.torn for reader in self.readers)} of them torn inside a frame, "
            f"{sum(len(reader.seen) for reader in self.readers)} events read, "
            f"{sum(reader.resets for reader in self.readers)} resets"
        )


def unfinished(party: Party) -> str:
    return "\n\n".join(str(reader.complaint("It never ends.")) for reader in party.readers if not reader.over)


@pytest.mark.timeout(SECONDS + 300)
async def test_every_reader_gets_exactly_the_log_whatever_is_dropped_killed_or_lost(fleet, house, owner):
    print(f"CHAOS_SEED={SEED}")  # noqa: T201 - for pytest
    servers, worker = [fleet.server(), fleet.server()], fleet.worker(2)
    await documents.put(
        house.engine, ANYBODY, "file:///boiling", "Boiling", "Water boils at 100 degrees. " * 50
    )
    await fleet.start()

    ends_at, rounds = time.monotonic() + SECONDS, itertools.count()
    async with house.running(0):
        while time.monotonic() < ends_at:
            party = Party(house.writer, owner, servers, f"{SEED}/{next(rounds)}")
            try:
                async with asyncio.timeout(ROUND + SETTLE):
                    await party.play()
            except TimeoutError:
                pytest.fail(f"Not all readers came home.\n{unfinished(party)}")
            await party.check()

    for program in fleet.programs:
        assert not FAULT.search(program.said()), f"{program.name} had a fault."
    assert worker.is_running
