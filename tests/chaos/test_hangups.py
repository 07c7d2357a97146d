"""Callers who hang up in mid-answer cause no server error."""

import asyncio
import socket
import struct

import pytest

from tests.chaos.processes import Fleet, Server

CALLERS, ROUNDS = 40, 15
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
BODY = b'{"query":"why?"}'
HEAD = b"POST /jobs HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
REQUEST = HEAD % len(BODY) + BODY


@pytest.fixture
async def server(database_url, tmp_path):
    fleet = Fleet(database_url, tmp_path)
    server = fleet.server()
    await server.start()
    yield server
    fleet.stop()


async def hang_up(server: Server, turn: int) -> None:
    """Ask, and be gone before, while or after the answer comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(REQUEST * 3)
    await writer.drain()
    if turn % 3:
        await reader.read(1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def test_who_hangs_up_before_the_answer_is_written_leaves_no_error_in_the_log(server):
    for turn in range(ROUNDS):
        await asyncio.gather(*(hang_up(server, turn + caller) for caller in range(CALLERS)))
    code = await server.terminate()

    assert code == 0
    assert "Traceback" not in server.said()
    assert "ERROR" not in server.said()
