"""Proxy Postgres on loopback, and lose the traffic it is told to."""

import asyncio
import contextlib

from sqlalchemy import make_url

from tests.listener import listen_for

NOTIFICATION, READY = b"A", b"Z"  # types of messages in PostgreSQL's protocol
FATAL = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
PIECE = 65_536


class Between:
    """`url` leads through it. Change its attributes at any time."""

    def __init__(self, url: str) -> None:
        self.deaf = False  # swallow notifications, as a pooler does that shares connections
        self.swallowed = 0
        self.refused: bytes | None = None  # a connection that sends these words is cut
        self.refusals = 0
        self.ends_after: bytes | None = (
            None  # once: Postgres ends the connection after these words were taken in
        )
        self.ended = 0
        self._to = make_url(url)

    @property
    def url(self) -> str:
        through = self._to.set(host="127.0.0.1", port=self._listener.port, query={"sslmode": "disable"})
        return through.render_as_string(hide_password=False)

    async def has_ended(self) -> bool:
        return self.ended > 0

    async def __aenter__(self):
        self._listener = listen_for(self._join)
        return self

    async def __aexit__(self, *_):
        self._listener.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            from_postgres, to_postgres = await self._connect()
            doomed = asyncio.Event()
            ways = [
                asyncio.create_task(self._ask(reader, to_postgres, doomed)),
                asyncio.create_task(self._answer(from_postgres, writer, doomed)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            to_postgres.transport.abort()
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._to.query.get("host") or self._to.host or "localhost", self._to.port or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _ask(
        self, reader: asyncio.StreamReader, postgres: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while piece := await reader.read(PIECE):
            if self.refused and self.refused in piece:
                self.refusals += 1
                return
            if self.ends_after and self.ends_after in piece:
                self.ends_after = None
                doomed.set()
            postgres.write(piece)
            await postgres.drain()

    async def _answer(
        self, postgres: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await postgres.readexactly(5)
                body = await postgres.readexactly(int.from_bytes(head[1:], "big") - 4)
                if self.deaf and head[:1] == NOTIFICATION:
                    self.swallowed += 1
                    continue
                if doomed.is_set() and head[:1] == READY:
                    self.ended += 1
                    writer.write(head + body + b"E" + (len(FATAL) + 4).to_bytes(4, "big") + FATAL)
                    await writer.drain()
                    return
                writer.write(head + body)
                await writer.drain()
