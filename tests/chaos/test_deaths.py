"""Streams survive servers that die, stop, freeze and return.

The processes and the signals are real.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import uuid4

import pytest

from tests.chaos import logs
from tests.chaos.processes import Fleet, Server
from tests.chaos.readers import Manner, Reader, following
from tests.chaos.wire import Frame, Wire, connect
from tests.conftest import FAST, TestHouse, execute, with_database
from tests.steps import until

SMALL = 4096  # bytes that the kernel keeps for a reader that does not read


class Pair(NamedTuple):
    """Two servers over one database, and this process, which writes to it."""

    one: Server
    other: Server
    house: TestHouse


@pytest.fixture(scope="module")
async def running_pair(postgres_url, template, tmp_path_factory) -> AsyncIterator[Pair]:
    name = f"dossier_{uuid4().hex[:12]}"
    await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = with_database(postgres_url, name)
    fleet, house = Fleet(url, tmp_path_factory.mktemp("pair")), TestHouse(FAST, url)
    try:
        async with house.running(0):
            yield Pair(fleet.server(), fleet.server(), house)
    finally:
        fleet.stop()
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pair(running_pair: Pair) -> AsyncIterator[Pair]:
    """Run both servers, and print their output if the test fails."""
    async with asyncio.TaskGroup() as together:
        for server in running_pair[:2]:
            if not server.is_running:
                together.create_task(server.start())
    spoken = [len(server.said()) for server in running_pair[:2]]
    yield running_pair
    for server, before in zip(running_pair[:2], spoken, strict=True):
        print(f"----- {server.name} -----\n{server.said()[before:]}")  # noqa: T201 - for pytest


class Broken(NamedTuple):
    """What one connection brought until it was lost."""

    frames: list[Frame]
    wire: Wire

    @property
    def cursor(self) -> int:
        return max((frame.id or 0 for frame in self.frames), default=0)


async def read_to_the_end(wire: Wire) -> Broken:
    found = [frame async for frame in wire.frames()]
    wire.close()
    return Broken(found, wire)


async def go_on(job_id, broken: Broken, port: int) -> Reader:
    """The reader of a broken connection, at home."""
    reader = Reader("Reader", job_id)
    for frame in broken.frames:
        reader._take(frame, wild=False)
    await reader.follow(lambda: Manner(port))
    return reader


async def test_the_readers_of_a_killed_server_go_on_at_the_other_from_the_last_whole_frame(pair):
    job = await logs.live_job(pair.house.writer)
    job = await logs.append(pair.house.writer, job, 10, 300_000)
    wires = [await connect(pair.one.port, f"/jobs/{job.id}/stream", buffer=SMALL) for _ in range(10)]
    for wire in wires:
        while not wire.answer.rest:  # the beginning of a frame that is longer than what is on the way
            await wire.read(1000)

    pair.one.kill()

    broken = [await read_to_the_end(wire) for wire in wires]
    assert all(one.wire.answer.rest and not one.wire.answer.ended for one in broken)
    await logs.end(pair.house.writer, job)
    whole = await logs.log_of(pair.house.engine, job.id)
    for one in broken:
        (await go_on(job.id, one, pair.other.port)).check(whole)


async def test_a_server_that_is_told_to_stop_ends_every_stream_between_two_frames_and_itself_with_0(pair):
    busy, idle = [await logs.live_job(pair.house.writer) for _ in range(2)]
    stop = asyncio.Event()
    flooding = asyncio.create_task(flood(pair.house.writer, busy, stop))
    jobs = [busy.id, idle.id] * 15
    wires = [await connect(pair.one.port, f"/jobs/{job_id}/stream") for job_id in jobs]
    reading = [asyncio.create_task(read_to_the_end(wire)) for wire in wires]
    await until(lambda: all_begun(wires))

    code = await pair.one.terminate()

    assert code == 0
    broken = await asyncio.gather(*reading)
    for one in broken:
        assert one.frames[-1].event == "reconnect"
        assert b"draining" in one.frames[-1].data
        assert one.wire.answer.ended
        assert not one.wire.answer.rest
    stop.set()
    busy = await flooding
    for job in (busy, idle):
        await logs.end(pair.house.writer, job)
    for job_id, one in zip(jobs, broken, strict=True):
        reader = await go_on(job_id, one, pair.other.port)
        reader.check(await logs.log_of(pair.house.engine, job_id))
    assert "Traceback" not in pair.one.said()


async def flood(writer, job, stop: asyncio.Event):
    while not stop.is_set():
        job = await logs.append(writer, job, 3, 500)
        await asyncio.sleep(0.002)
    return job


async def all_begun(wires: list[Wire]) -> bool:
    return all(wire.received for wire in wires)


async def test_a_server_that_comes_back_replays_at_once_what_it_never_read_itself(pair):
    job = await logs.live_job(pair.house.writer)
    job = await logs.append(pair.house.writer, job, 8)
    async with following(pair.one.port, job.id) as before:
        pair.one.kill()
        await pair.one.start()  # nothing is written meanwhile, so nobody wakes it

        cursors = (0, 1, 5, job.seq - 1, job.seq)
        readers = [Reader(f"From {cursor}", job.id, cursor) for cursor in cursors]
        follow = [asyncio.create_task(reader.follow(lambda: Manner(pair.one.port))) for reader in readers]
        await until(lambda: all_have(readers, job.seq), seconds=90)
        await logs.end(pair.house.writer, job)
        await asyncio.gather(*follow)

    whole = await logs.log_of(pair.house.engine, job.id)
    for reader in (before, *readers):
        reader.check(whole)


async def all_have(readers: list[Reader], seq: int) -> bool:
    return all(reader.head == reader.cursor == seq for reader in readers)


async def test_a_reader_that_goes_from_server_to_server_misses_nothing(pair):
    job = await logs.live_job(pair.house.writer)
    stop, ports = asyncio.Event(), (pair.one.port, pair.other.port)
    flooding = asyncio.create_task(flood(pair.house.writer, job, stop))
    reader = Reader("The restless", job.id)

    for turn in range(60):
        await reader.visit(
            Manner(ports[turn % 2], frames=1 + turn % 3, path=("stream", "events")[turn // 2 % 2])
        )
    stop.set()
    await logs.end(pair.house.writer, await flooding)
    await reader.follow(lambda: Manner(pair.one.port))

    assert reader.connections > 60
    reader.check(await logs.log_of(pair.house.engine, job.id))


async def test_a_reader_leaves_a_server_that_fell_silent_and_may_come_back_when_it_wakes(pair):
    job = await logs.live_job(pair.house.writer)
    reader = Reader("The impatient", job.id)
    pair.one.freeze()
    job = await logs.append(pair.house.writer, job, 5)

    await reader.visit(Manner(pair.one.port, patience=0.3))
    assert reader.cursor == 0
    await reader.visit(Manner(pair.other.port, frames=4))
    assert reader.cursor == 4
    pair.one.thaw()
    await reader.visit(Manner(pair.one.port, frames=2))
    assert reader.cursor == 6

    await logs.end(pair.house.writer, job)
    await reader.follow(lambda: Manner(pair.one.port))
    reader.check(await logs.log_of(pair.house.engine, job.id))
