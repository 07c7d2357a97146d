"""A reader catches up, and always ends at a frame's end.

Otherwise it is cut.
"""

import asyncio

import pytest

from app.errors import DatabaseUnavailable
from app.stream import connection as connection_module
from app.stream import reader as reader_module
from app.stream.connection import Connection, message
from app.stream.eager import step
from app.stream.reader import Reader
from app.stream.source import Piece
from tests.steps import until
from tests.stream.topics import Log, a_topic, frame


class Socket:
    """Stand for the server's side of a connection.

    `send` waits while it is closed to writes.
    """

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.ended = False
        self.aborted = False
        self.room = asyncio.Event()
        self.room.set()

    async def send(self, part) -> None:
        await self.room.wait() if not self.room.is_set() else None
        self.sent.append(part["body"])
        self.ended = not part["more_body"]

    def write(self, chunk) -> bool:
        """Write a chunk as HTTP would put it on the wire.

        A closed socket takes nothing.
        """
        if not self.room.is_set():
            return False
        size, body = chunk.split(b"\r\n", 1)
        assert len(body) - 2 == int(size, 16)
        self.sent.append(body[:-2])
        return True

    def abort(self) -> None:
        self.aborted = True

    @property
    def text(self) -> str:
        return b"".join(self.sent).decode().replace(".", "")


@pytest.fixture
def socket() -> Socket:
    return Socket()


def begun(socket: Socket, topic, cursor: int = 0) -> Reader:
    reader = Reader(topic, cursor, Connection(socket.send, socket))
    reader.begin(message(b"hello ", more=True))
    return reader


async def test_a_level_reader_has_no_task_and_is_written_to_at_once(socket):
    topic = a_topic(0)
    reader = begun(socket, topic)
    assert reader in topic.level

    topic.extend([frame(1)])
    assert socket.text == "hello 1 ", "written by the one who brought the news, without a task"
    assert reader._behind is None

    topic.extend([frame(2), frame(3, last=True)])
    assert socket.text.startswith("hello 1 2 3 event: end")
    assert socket.ended
    assert reader not in topic.level


async def test_a_late_comer_reads_pages_then_the_ring_then_lives(socket, monkeypatch):
    from app.stream import topic as topic_module

    monkeypatch.setattr(topic_module, "EVENTS_PAGE_SIZE", 4)
    topic = a_topic(10, Log(10))
    reader = begun(socket, topic, 1)
    topic.extend([frame(11)])

    async def level():
        return reader in topic.level

    await until(level)
    topic.extend([frame(12)])
    assert socket.text == "hello " + "".join(f"{seq} " for seq in range(2, 13))


async def test_a_slow_reader_misses_nothing_and_costs_the_others_nothing(socket):
    topic, quick = a_topic(0), Socket()
    slow = begun(socket, topic)
    begun(quick, topic)

    socket.room.clear()
    for seq in range(1, 6):
        topic.extend([frame(seq)])
    assert quick.text == "hello 1 2 3 4 5 "
    assert socket.text == "hello "
    assert slow not in topic.level

    socket.room.set()

    async def level():
        return slow in topic.level

    await until(level)
    assert socket.text == "hello 1 2 3 4 5 "


async def test_a_reader_that_takes_nothing_is_cut_off(socket, monkeypatch):
    monkeypatch.setattr(connection_module, "STALL", 0.05)
    topic = a_topic(0)
    reader = begun(socket, topic)
    socket.room.clear()
    topic.extend([frame(1)])

    async def cut():
        return socket.aborted

    await until(cut)
    await until(lambda: _is(reader._behind is None))
    topic.extend([frame(2)])
    assert socket.text == "hello "


async def _is(value):
    return value


async def test_a_hole_ends_the_stream_and_skips_nothing(socket):
    topic = a_topic(0)
    begun(socket, topic)
    topic.head = 2
    topic.piece = lambda cursor: Piece(cursor + 1, cursor + 2, message(b"3 ", more=True))

    topic.deliver()

    assert socket.aborted
    assert socket.text == "hello "
    assert not topic.level


async def test_silence_is_broken_by_a_heartbeat_and_a_long_life_by_a_goodbye(socket):
    topic = a_topic(0)
    reader = begun(socket, topic)
    connection = reader._connection

    reader.tick(connection.wrote_at + reader_module.HEARTBEAT_SECONDS - 1)
    assert socket.text == "hello "
    reader.tick(connection.wrote_at + reader_module.HEARTBEAT_SECONDS)
    assert socket.sent[-1] == b":\n"
    assert connection.ends_at - connection.wrote_at + 1 >= connection_module.LIFE * 0.8
    reader.tick(connection.ends_at)
    assert socket.sent[-1].startswith(b"event: reconnect\nretry: ")
    assert b"rotation" in socket.sent[-1]
    assert socket.ended
    assert reader not in topic.level


async def test_a_reader_that_is_behind_is_told_to_leave_after_the_piece_it_takes(socket):
    topic = a_topic(0)
    reader = begun(socket, topic)
    socket.room.clear()
    topic.extend([frame(1)])
    topic.extend([frame(2)])
    reader.leave("draining")
    socket.room.set()

    await until(lambda: _is(socket.ended))

    assert socket.text.startswith("hello 1 event: reconnect")
    assert reader.cursor == 1


async def test_while_the_database_is_away_a_late_comer_is_told_to_come_back(socket):
    topic = a_topic(9)

    async def away(*_args):
        raise DatabaseUnavailable("gone")

    topic._read_page = away
    begun(socket, topic)

    await until(lambda: _is(socket.ended))
    assert "database_unavailable" in socket.text
    assert not socket.aborted


async def test_a_fault_of_ours_cuts_one_stream_and_is_logged(socket, caplog):
    topic = a_topic(9, Log(4))
    begun(socket, topic)

    await until(lambda: _is(socket.aborted))
    assert "A stream ended early" in caplog.text


async def test_who_is_gone_leaves_nothing(socket):
    topic = a_topic(0)
    reader = begun(socket, topic)
    socket.room.clear()
    topic.extend([frame(1)])

    await reader.close()

    assert reader._behind is None
    assert not topic.level


async def test_a_step_runs_as_far_as_it_goes_and_the_rest_can_be_awaited_or_cancelled():
    seen, gate = [], asyncio.Event()

    async def work():
        seen.append("begun")
        try:
            await gate.wait()
            seen.append("done")
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def quick():
        seen.append("quick")

    assert step(quick()) is None
    rest = step(work())
    assert seen == ["quick", "begun"]
    gate.set()
    await rest
    assert seen == ["quick", "begun", "done"]

    gate.clear()
    rest = step(work())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await rest
    assert not gate._waiters
