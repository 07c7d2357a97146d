"""The kernel cuts exactly the link that was to be cut.

Otherwise the suite would test less than it says.
"""

import asyncio
import contextlib
import subprocess
import sys

import pytest

from tests.chaos.cable import to_port
from tests.chaos.namespace import Island, can_be_made
from tests.listener import listen_for

pytestmark = pytest.mark.skipif(not can_be_made(), reason="This user cannot make a network here.")

# Says what came of its call: whoever is not answered within the time is told nothing by the kernel.
CALL = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])) as call:
        call.sendall(b"hello")
        print(call.recv(5).decode())
except OSError as error:
    print(type(error).__name__)
"""

# Speaks, and after a line speaks again: it says so as soon as its kernel has taken that.
SPEAK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60) as call:
    call.sendall(b"early")
    print(call.recv(5).decode(), flush=True)
    sys.stdin.readline()
    call.sendall(b"late")
    print("said", flush=True)
    print(call.recv(4).decode(), flush=True)
"""

SHORT, LONG = 0.5, 60.0  # seconds until a caller gives up


@contextlib.asynccontextmanager
async def listening():
    """Echo on loopback, yielding the port and the pieces that came."""
    heard = []

    async def echo(reader, writer):
        while piece := await reader.read(100):
            heard.append(piece)
            writer.write(piece)
        writer.close()

    with contextlib.closing(listen_for(echo)) as listener:
        yield listener.port, heard


def inside(island, program, *arguments) -> subprocess.Popen:
    """A Python of the island."""
    return island.inside.run(
        subprocess.Popen,
        [sys.executable, "-S", "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def line(program: subprocess.Popen, told: str = "") -> str:
    """The next line that it prints, after it was told one."""
    program.stdin.write(told)
    program.stdin.flush()
    return (await asyncio.to_thread(program.stdout.readline)).strip()


async def ended(program: subprocess.Popen) -> str:
    """What it prints until it ends."""
    return (await asyncio.to_thread(program.communicate))[0].strip()


async def called(island, link, patience: float) -> str:
    return await ended(inside(island, CALL, link.host, link.port, patience))


async def test_nobody_is_answered_while_a_link_is_cut_and_everybody_after():
    async with listening() as (port, _):
        with Island() as island:
            async with island.link(to_port(port)) as cut, island.link(to_port(port)) as whole:
                assert await called(island, cut, LONG) == "hello"

                cut.pull()

                assert await called(island, cut, SHORT) == "TimeoutError"
                assert await called(island, whole, LONG) == "hello"
                cut.plug()
                assert await called(island, cut, LONG) == "hello"


async def test_what_was_sent_while_a_link_was_cut_is_lost_and_sent_again_after():
    async with listening() as (port, heard):
        with Island() as island:
            async with island.link(to_port(port)) as link:
                speaker = inside(island, SPEAK, link.host, link.port)
                assert await line(speaker) == "early"

                link.pull()

                assert await line(speaker, "\n") == "said"
                assert await called(island, link, SHORT) == "TimeoutError"
                assert heard == [b"early"]
                link.plug()
                assert await ended(speaker) == "late"


async def test_an_island_has_no_way_out_but_its_links():
    async with listening() as (port, _):
        with Island() as island:
            assert await ended(inside(island, CALL, "127.0.0.1", port, SHORT)) == "OSError"


async def test_the_machine_gets_no_interface_of_an_island():
    def interfaces() -> str:
        return subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout

    before = interfaces()
    with Island() as island:
        async with island.link(to_port(1)):
            assert interfaces() == before
    assert interfaces() == before
