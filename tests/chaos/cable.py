"""Pull a cable between two programs, and plug it in again.

Nothing passes, nobody is told, and what was on its way arrives later.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from sqlalchemy import make_url

from tests.listener import Listener

PIECE = 65_536

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Open = Callable[[], Awaitable[Ends]]


class Cable:
    """Lead from a loopback port of its own to wherever `to` connects."""

    cut_by = "a proxy"

    def __init__(self, to: Open) -> None:
        self._to = to
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._ways: set[asyncio.Task] = set()

    @property
    def host(self) -> str:
        return self._listener.host

    @property
    def port(self) -> int:
        return self._listener.port

    def pull(self) -> None:
        """Stop all traffic in both directions.

        New connections are not answered either.
        """
        self._plugged.clear()

    def plug(self) -> None:
        """What was sent meanwhile arrives, as TCP would send it again."""
        self._plugged.set()

    async def __aenter__(self):
        self._listener = Listener(self._join, self._listen())
        return self

    async def __aexit__(self, *_):
        self._listener.close()
        self.plug()
        for way in tuple(self._ways):
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def _listen(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", 0))

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ways.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._plugged.wait()
            there, back = await self._to()
            ways = [
                asyncio.create_task(self._pass(reader, back)),
                asyncio.create_task(self._pass(there, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                back.transport.abort()
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        writer.transport.abort()
        self._ways.discard(asyncio.current_task())

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                await self._plugged.wait()
                sink.write(piece)
                await sink.drain()
            await self._plugged.wait()  # the end of a connection cannot be heard either


def to_postgres(url: str) -> Open:
    """Connect to the Postgres of this URL."""
    parts = make_url(url)
    host, port = parts.query.get("host") or parts.host or "localhost", parts.port or 5432

    def connect() -> Awaitable[Ends]:
        if host.startswith("/"):
            return asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return asyncio.open_connection(host, port)

    return connect


def to_port(port: int) -> Open:
    """Connect to a port of this machine."""
    return lambda: asyncio.open_connection("127.0.0.1", port)


def through(url: str, cable: Cable) -> str:
    """The URL of a database, by way of the cable."""
    there = make_url(url).set(host=cable.host, port=cable.port, query={"sslmode": "disable"})
    return there.render_as_string(hide_password=False)
