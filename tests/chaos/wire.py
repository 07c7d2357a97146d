"""Speak to a server byte by byte, without buffering or retries.

The parser is strict and its own, so that a fault of the server's or of the client's is not shared with it.
"""

import asyncio
import contextlib
import re
import socket
import struct
import time
from typing import NamedTuple

# A frame as docs/streaming.md has it, after any number of heartbeats.
FRAME = re.compile(rb"(?::\n)*(?:id: (\d+)\n)?event: ([a-z_]+)\n(?:retry: (\d+)\n)?data: ([^\r\n]*)\n\n")
PATIENCE = 30.0  # seconds without a frame, heartbeats or not, after which a test's reader gives up


class Frame(NamedTuple):
    """Hold a complete frame, whose `id` is None for control frames."""

    id: int | None
    event: str
    data: bytes


class Malformed(AssertionError):
    """The server sent what is neither HTTP nor a frame of ours."""


class Answer:
    """What one connection has brought so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.ended = False  # the chunk of no bytes came: the server ended the answer, not the network
        self.rest = b""  # the beginning of a frame
        self._raw = b""
        self._left = 0  # bytes of the chunk that have not come

    def feed(self, raw: bytes) -> list[Frame]:
        """The frames that these bytes complete. Raises Malformed."""
        self._raw += raw
        if self.status is None and not self._head():
            return []
        self.rest += self._dechunk()
        return self._frames()

    def _head(self) -> bool:
        head, blank, rest = self._raw.partition(b"\r\n\r\n")
        if not blank:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self._raw = rest
        return True

    def _dechunk(self) -> bytes:
        """Return the body's bytes, or none if the answer is no stream."""
        if self.status != 200:
            return b""
        if self.headers.get("transfer-encoding") != "chunked":
            raise Malformed(f"The body has no end of its own: {self.headers}")
        parts = []
        while self._raw and not self.ended and (self._left or self._next_chunk()):
            parts.append(self._raw[: self._left])
            self._raw = self._raw[self._left :]
            self._left -= len(parts[-1])
        return b"".join(parts)

    def _next_chunk(self) -> bool:
        """Read a chunk's size, after the line end of the one before."""
        line, end, rest = self._raw.removeprefix(b"\r\n").partition(b"\r\n")
        if not end:
            return False
        if int(line, 16) == 0:
            self.ended = rest.startswith(b"\r\n")
            return False
        self._left, self._raw = int(line, 16), rest
        return True

    def _frames(self) -> list[Frame]:
        found, at = [], 0
        while match := FRAME.match(self.rest, at):
            identity, name, _, text = match.groups()
            found.append(Frame(int(identity) if identity else None, name.decode(), text))
            at = match.end()
        self.rest = self.rest[at:]
        if b"\n\n" in self.rest or (self.ended and self.rest.strip(b":\n")):
            raise Malformed(f"Not a frame: {self.rest[:300]!r}")
        return found


class Wire:
    """A connection with one request on it."""

    def __init__(self, sock: socket.socket) -> None:
        self.answer = Answer()
        self.received = 0  # bytes, of the answer's head too
        self.closed = False  # by the other side
        self._sock = sock
        self._heard_at = time.monotonic()

    async def read(self, most: int = 65_536, patience: float = PATIENCE) -> list[Frame]:
        """Read at most `most` bytes, and return the frames they complete.

        Raises Malformed, and TimeoutError where no frame was completed for `patience` seconds.
        """
        try:
            async with asyncio.timeout(self._heard_at + patience - time.monotonic()):
                raw = await asyncio.get_running_loop().sock_recv(self._sock, most)
        except ConnectionError:
            raw = b""
        self.received += len(raw)
        self.closed = not raw
        if frames := self.answer.feed(raw):
            self._heard_at = time.monotonic()
        return frames

    async def frames(self, patience: float = PATIENCE):
        """All frames until the other side ends it."""
        while not self.closed and not self.answer.ended:
            for frame in await self.read(patience=patience):
                yield frame

    def half_close(self) -> None:
        """Say that nothing more will be asked, and go on listening."""
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._sock.close()

    def abort(self) -> None:
        """Close with a reset: the other side's next write fails."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()


async def connect(port: int, path: str, *headers: str, buffer: int | None = None) -> Wire:
    """Ask for `path` over a receive buffer of this size. Raises OSError.

    A reader that does not read can hold back no more than that.
    """
    sock = socket.socket()
    sock.setblocking(False)
    try:
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            await loop.sock_connect(sock, ("127.0.0.1", port))
            request = "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""])
            await loop.sock_sendall(sock, request.encode())
    except BaseException:
        sock.close()
        raise
    return Wire(sock)
