"""Readers get the rest after any lost connection, and leave nothing behind."""

import asyncio
import contextlib
import socket

import pytest

from app.api import server as server_module
from app.stream import connection
from app.stream import reader as reader_module
from tests.chaos import logs
from tests.chaos.readers import WILD, Manner, Reader, following
from tests.chaos.wire import Wire, connect
from tests.conftest import FAST, TestHouse, serving
from tests.steps import completed_job, until

REPAIR = 19  # TCP_REPAIR of Linux: a socket that is closed in this mode says nothing to the other side
NEVER = 3600.0
SMALL = 4096  # bytes that the kernel keeps for a reader that does not read


@pytest.fixture
async def port(house) -> int:
    """The port of a server without a worker, in this process."""
    async with serving(house, workers=0) as url:
        yield int(url.rpartition(":")[2])


async def opened(port: int, job_id) -> Wire:
    """A connection that has had its first frame."""
    wire = await connect(port, f"/jobs/{job_id}/stream", buffer=SMALL)
    while not await wire.read(100):
        pass
    return wire


async def nobody_is_left(house) -> bool:
    return not house.hub._topics and not house.hub.crowd._readers


def vanish(wire: Wire) -> None:
    """The machine of the reader loses its power."""
    try:
        wire._sock.setsockopt(socket.IPPROTO_TCP, REPAIR, 1)
    except PermissionError:
        pytest.skip("Only a privileged process can drop a connection without a word.")
    wire.close()


@pytest.mark.parametrize("leave", [Wire.close, Wire.abort, Wire.half_close])
async def test_a_reader_that_leaves_is_noticed_at_once_and_leaves_nothing_behind(
    house, port, monkeypatch, leave
):
    monkeypatch.setattr(reader_module, "HEARTBEAT_SECONDS", NEVER)
    job = await logs.live_job(house.writer)
    tasks = asyncio.all_tasks()
    wire = await opened(port, job.id)
    assert not await nobody_is_left(house)

    leave(wire)

    await until(lambda: nobody_is_left(house))

    async def no_task_is_left():
        return asyncio.all_tasks() <= tasks

    await until(no_task_is_left)
    wire.close()


async def test_a_reader_that_leaves_in_the_middle_of_a_flood_leaves_nothing_behind(house, port):
    job = await logs.live_job(house.writer)
    job = await logs.append(house.writer, job, 3000, 1000)
    wire = await opened(port, job.id)

    wire.abort()

    await until(lambda: nobody_is_left(house))


async def test_a_reader_that_leaves_takes_nothing_from_those_who_stay_or_come(house, port):
    job = await logs.live_job(house.writer)

    async def two_are_left():
        return len(house.hub.crowd._readers) == 2

    async with following(port, job.id) as staying:
        leaving = await opened(port, job.id)
        async with following(port, job.id) as coming:
            leaving.close()
            await until(two_are_left)
            job = await logs.append(house.writer, job)
            await until(lambda: has(staying, job.seq))
            await until(lambda: has(coming, job.seq))
            await logs.end(house.writer, job)

    whole = await logs.log_of(house.engine, job.id)
    for reader in (staying, coming):
        assert reader.connections == 1
        reader.check(whole)


async def test_a_reader_that_vanished_without_a_word_is_noticed_by_the_heartbeat(house, port, monkeypatch):
    monkeypatch.setattr(reader_module, "HEARTBEAT_SECONDS", NEVER)
    job = await logs.live_job(house.writer)
    wire = await connect(port, f"/jobs/{job.id}/stream")
    async for frame in wire.frames():
        if frame.id == job.seq:
            break
    await asyncio.sleep(0.1)  # the kernel has acknowledged all, so nothing is sent again

    vanish(wire)
    await asyncio.sleep(0.1)
    assert not await nobody_is_left(house)  # there was nothing to notice
    monkeypatch.setattr(reader_module, "HEARTBEAT_SECONDS", 0.1)

    await until(lambda: nobody_is_left(house))


async def test_a_connection_can_be_cut_at_any_byte(house, port):
    job = await completed_job(house.writer, tags=("ä", "→", "𝄞"))
    whole = await logs.log_of(house.engine, job.id)
    probe = await connect(port, f"/jobs/{job.id}/stream")
    async for _ in probe.frames():
        pass
    probe.close()

    torn = 0
    for cut in range(1, probe.received, 7):
        reader = Reader(f"Cut at byte {cut}", job.id)
        await reader.visit(Manner(port, raw=cut))
        torn += reader.torn
        await reader.follow(lambda: Manner(port, carrier="both"))
        reader.check(whole)
    assert torn > 10


@pytest.mark.parametrize("path", ["stream", "events"])
@pytest.mark.parametrize("carrier", ["header", "query"])
async def test_a_cursor_beyond_the_head_of_a_live_job_starts_again_and_goes_on(house, port, path, carrier):
    job = await logs.live_job(house.writer)

    async with following(port, job.id, WILD, path=path, carrier=carrier) as reader:
        assert reader.resets == 1
        job = await logs.append(house.writer, job, 3)
        await logs.end(house.writer, job)

    assert reader.connections == 1
    reader.check(await logs.log_of(house.engine, job.id))
    assert reader.start == 0


@pytest.mark.parametrize("ending", logs.ENDINGS)
@pytest.mark.parametrize("path", ["stream", "events"])
async def test_a_reader_that_has_everything_of_a_finished_job_gets_204_and_not_a_byte_of_a_body(
    house, port, path, ending
):
    job = await logs.end(house.writer, await logs.live_job(house.writer), ending)
    headers = (f"Last-Event-ID: {job.seq}", "Accept: text/event-stream", "Connection: close")

    wire = await connect(port, f"/jobs/{job.id}/{path}", *headers)
    while not wire.closed:
        await wire.read()
    wire.close()

    assert wire.answer.status == 204
    assert "transfer-encoding" not in wire.answer.headers
    assert not wire.answer._raw


async def test_a_reader_that_stops_reading_costs_itself_and_not_the_others(house, port):
    job = await logs.live_job(house.writer)
    stopped = await opened(port, job.id)

    async with following(port, job.id) as other:
        for _ in range(30):
            job = await logs.append(house.writer, job, 50, 2000)
        await until(lambda: has(other, job.seq))
        await logs.end(house.writer, job)

    whole = await logs.log_of(house.engine, job.id)
    other.check(whole)
    assert other.connections == 1
    assert [frame async for frame in stopped.frames() if frame.id] == whole  # it was only slow
    stopped.close()


async def has(reader: Reader, seq: int) -> bool:
    return reader.cursor >= seq


async def test_a_reader_that_stops_reading_is_cut_after_the_stall_and_gets_the_rest(house, port, monkeypatch):
    monkeypatch.setattr(connection, "STALL", 0.3)
    job = await logs.live_job(house.writer)
    stalled = Reader("The stalled", job.id)
    wire = await connect(port, f"/jobs/{job.id}/stream", buffer=SMALL)
    for _ in range(30):
        job = await logs.append(house.writer, job, 50, 2000)

    await until(lambda: nobody_is_left(house))

    with contextlib.suppress(ConnectionError):
        async for frame in wire.frames():
            stalled._take(frame, wild=False)
    wire.close()
    assert not wire.answer.ended
    assert stalled.cursor < job.seq
    await logs.end(house.writer, job)
    await stalled.follow(lambda: Manner(port))
    stalled.check(await logs.log_of(house.engine, job.id))


async def test_a_reader_that_stops_reading_neither_keeps_a_server_from_stopping_nor_makes_it_complain(
    house, monkeypatch, capsys
):
    monkeypatch.setattr(server_module, "GRACE", 1)
    job = await logs.live_job(house.writer)
    async with serving(house, workers=0) as url:
        wire = await opened(int(url.rpartition(":")[2]), job.id)
        for _ in range(10):
            job = await logs.append(house.writer, job, 50, 2000)
    wire.close()
    assert "ERROR" not in capsys.readouterr().err


async def test_ten_thousand_events_are_caught_up_with_while_more_come(house, port):
    job = await logs.live_job(house.writer)
    for _ in range(10):
        job = await logs.append(house.writer, job, 1000)
    cursors = (0, 1, 499, 500, 501, 5000, 9999, job.seq)
    readers = [Reader(f"From {cursor}", job.id, cursor) for cursor in cursors]

    async with asyncio.TaskGroup() as together:
        for reader in readers:
            together.create_task(reader.follow(lambda: Manner(port)))
        for _ in range(20):
            job = await logs.append(house.writer, job, 10)
            await asyncio.sleep(0.01)
        await logs.end(house.writer, job)

    whole = await logs.log_of(house.engine, job.id)
    assert len(whole) > 10_200
    for reader in readers:
        assert reader.connections == 1
        reader.check(whole)


async def test_a_storm_of_readers_at_a_fresh_server_shares_its_reads_of_the_log(
    house, database_url, monkeypatch
):
    job = await logs.live_job(house.writer)
    for _ in range(2):
        job = await logs.append(house.writer, job, 300)
    readers = [Reader(f"From {cursor}", job.id, cursor) for cursor in range(0, job.seq, 2)]
    fresh = TestHouse(FAST, database_url)
    reads = count_reads_of_the_log(fresh.engine, monkeypatch)

    async with serving(fresh, workers=0) as url, asyncio.TaskGroup() as together:
        for reader in readers:
            together.create_task(reader.follow(lambda: Manner(int(url.rpartition(":")[2]))))
        await until(lambda: all_are_level(readers), seconds=90)
        caught_up = len(reads)
        await logs.end(fresh.writer, job)

    whole = await logs.log_of(house.engine, job.id)
    for reader in readers:
        reader.check(whole)
    assert len(readers) >= 300
    assert 1 <= caught_up <= 30


def count_reads_of_the_log(engine, monkeypatch) -> list[str]:
    """The statements that read events, from now on."""
    ask, seen = engine.ask, []

    async def counting(scope, sql, params):
        if "FROM events" in sql:
            seen.append(sql)
        return await ask(scope, sql, params)

    monkeypatch.setattr(engine, "ask", counting)
    return seen


async def all_are_level(readers: list[Reader]) -> bool:
    return all(reader.is_level for reader in readers)
