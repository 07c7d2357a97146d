"""The guard that keeps the tests off the network."""

import asyncio
import contextlib
import socket

import httpx
import pytest

from tests.listener import listen_for
from tests.network import NetworkIsOff, no_network

__all__ = ["no_network"]  # it holds here, whatever the conftest imports

ADDRESSES = ["192.0.2.1", "2001:db8::1", "10.0.0.1", "169.254.169.254"]


async def hang_up(reader, writer):
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_socket_cannot_leave_the_machine(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(NetworkIsOff):
        sock.connect((address, 80))
    with socket.socket(family) as sock, pytest.raises(NetworkIsOff):
        sock.connect_ex((address, 80))


def test_a_datagram_cannot_leave_the_machine():
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(NetworkIsOff):
        sock.sendto(b"hello", ("192.0.2.1", 53))


def test_a_name_is_not_looked_up():
    with pytest.raises(NetworkIsOff, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)


async def test_asyncio_and_httpx_are_stopped_too():
    with pytest.raises(NetworkIsOff):
        await asyncio.open_connection("192.0.2.1", 80)
    async with httpx.AsyncClient() as client:
        with pytest.raises(NetworkIsOff):
            await client.get("https://example.com")


async def test_loopback_is_open():
    with contextlib.closing(listen_for(hang_up)) as listener:
        for host in ("127.0.0.1", "localhost"):
            await hang_up(*await asyncio.open_connection(host, listener.port))


async def test_unix_sockets_are_open(tmp_path):
    server = await asyncio.start_unix_server(hang_up, str(tmp_path / "s"))
    async with server:
        await hang_up(*await asyncio.open_unix_connection(str(tmp_path / "s")))
