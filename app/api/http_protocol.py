"""One HTTP connection: uvicorn's, with bounds, and with what ASGI lacks.

A client may send anything, as slowly as it likes. So the size of a head, the time of head and body, and
the connections of one address have limits.
"""

import asyncio
import ipaddress
from collections import Counter
from functools import lru_cache
from itertools import chain
from typing import Any

import httptools
import msgspec
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api.declined_upgrade import framing_of, rest_parser
from app.api.handover import WIRE
from app.api.http_1_0 import UntilClose
from app.api.problem_details import MEDIA_TYPE, problem

MAX_HEAD = 65_536  # bytes of a request line and its headers
MAX_HEADERS = 100
FED_AT_ONCE = 16_384  # bytes; the parser joins the parts of a header, which takes long for many
HEAD_SECONDS = 10.0  # from the first byte of a head to its last
BODY_SECONDS = 30.0  # from the first byte of a body to its last
MAX_PIPELINED = 100  # requests that wait behind the one under way
PEER_CONNECTIONS = 1_000  # of one address; those from this machine are not counted

_encode = msgspec.json.Encoder().encode


class LenientTransport:
    """A transport on which a late write is no error.

    asyncio's ignores what uvloop's raises for.
    """

    __slots__ = ("_held", "_holds_next", "_transport")  # there is one for each connection

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = b""
        self._holds_next = False

    def hold_next(self) -> None:
        """Send the next chunk together with the one after it."""
        self._holds_next = True

    def write(self, chunk: bytes) -> None:
        """Write, unless the other end has hung up.

        The protocol is about to hear of that.
        """
        if self._holds_next:
            self._held, self._holds_next = chunk, False
            return
        held, self._held = self._held, b""
        if self._transport.is_closing():
            return
        if held:
            self._transport.writelines((held, chunk))
        else:
            self._transport.write(chunk)

    def close(self) -> None:
        """Write what is held, and close."""
        if self._held:
            self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        """Return True once nothing more can be written."""
        return self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all the rest is the transport's
        return getattr(self._transport, name)


class PeerCount:
    """How many connections each address has."""

    def __init__(self, most: int = PEER_CONNECTIONS, *, counts_loopback: bool = False) -> None:
        self._most = most
        self._counts_loopback = counts_loopback
        self._open: Counter[str] = Counter()

    def admit(self, address: str) -> bool:
        """Count a connection. False: this address has too many."""
        peer, is_local = peer_of(address)
        self._open[peer] += 1
        exempt = is_local and not self._counts_loopback
        return exempt or not self._most or self._open[peer] <= self._most

    def leave(self, address: str) -> None:
        """Count a connection that has ended."""
        peer, _ = peer_of(address)
        self._open[peer] -= 1
        if self._open[peer] <= 0:
            del self._open[peer]


@lru_cache(maxsize=1_000)
def peer_of(address: str) -> tuple[str, bool]:
    """Return who connects, and whether from this machine.

    Of IPv6 it is the network of 64 bits, all of whose addresses one caller has.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a socket without an address is on this machine
        return address, True
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped), ip.ipv4_mapped.is_loopback
        return str(int(ip) >> 64), ip.is_loopback
    return address, ip.is_loopback


class LeanEvent(asyncio.Event):
    """An event with few waiters.

    A deque keeps room for 64, and there would be three for each connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiters = []  # type: ignore[assignment]


class LeanFlow(FlowControl):
    """Says when a connection takes more."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._is_writable_event = LeanEvent()
        self._is_writable_event.set()


class OneWrite(RequestResponseCycle):
    """Sends a head together with the start of its body.

    That takes one call of the system less, and wakes the caller once. A body of unknown length may be
    long in coming, so its head goes ahead.
    """

    async def send(self, message: Any) -> None:  # noqa: ANN401 - any message of ASGI
        """Send a part of the answer."""
        if message["type"] == "http.response.start" and self._has_body(message):
            self.transport.hold_next()  # type: ignore[attr-defined]
        await super().send(message)

    def _has_body(self, start: Any) -> bool:  # noqa: ANN401 - a message of ASGI
        is_known = any(name == b"content-length" for name, _ in start.get("headers", ()))
        return is_known and not self.response_started and self.scope["method"] != "HEAD"


class WaitingRequests(list[Any]):
    """The requests behind the one under way.

    Few connections have any.
    """

    __slots__ = ()

    def appendleft(self, request: object) -> None:
        """Let a request wait in front of those that came before."""
        self.insert(0, request)


def make_parser(protocol: HttpToolsProtocol) -> httptools.HttpRequestParser:
    """Make a parser as uvicorn does."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


@lru_cache(maxsize=100)
def _shared(address: tuple[str, int | None] | None) -> tuple[str, int | None] | None:
    """Return the one object for this server's address that all connections share."""
    return address


class Protocol(HttpToolsProtocol):
    """Bounds what a caller sends, and offers what ASGI lacks.

    That is to write without waiting, and to cut a connection.
    """

    # Instances share the names of thirty attributes at most, and uvicorn has 28: with more, each has a table.
    __slots__ = (
        "_deadline", "_head_bytes", "_is_in_head", "_is_in_request", "_peer", "_peers", "_raw", "_refusal"
    )  # fmt: skip

    def __init__(self, *args: Any, peers: PeerCount | None = None, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **named)
        self.pipeline = WaitingRequests()  # type: ignore[assignment]
        self._peers = peers or PeerCount()
        self._peer = ""
        self._head_bytes = 0
        self._is_in_head = True
        self._is_in_request = False
        self._refusal = "malformed_request"
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit a caller, unless its address has too many connections."""
        super().connection_made(LenientTransport(transport))  # type: ignore[arg-type]
        self._raw = transport
        self.flow = LeanFlow(self.transport)
        self.server = _shared(self.server)
        self._peer = self.client[0] if self.client else ""
        self._await(HEAD_SECONDS)
        if not self._peers.admit(self._peer):
            self._refuse("too_many_connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the caller."""
        self._await(None)
        self._peers.leave(self._peer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read in parts, so that an endless head is cut."""
        if self.parser is None:
            self.parser = make_parser(self)
        self._is_in_request = True  # perhaps: an empty line may precede it
        for start in range(0, len(data), FED_AT_ONCE):
            if self.transport.is_closing():
                return
            part = data[start : start + FED_AT_ONCE]
            self._feed(part)
            self._head_bytes += len(part)
            if self._is_in_head and self._head_bytes > MAX_HEAD:
                self._refuse("headers_too_large")
        if self._deadline is None and self._is_in_request:
            self._await(HEAD_SECONDS if self._is_in_head else BODY_SECONDS)

    def _feed(self, part: bytes) -> None:
        """Parse a part, and read on after an upgrade that is declined."""
        self._unset_keepalive_if_required()
        while part and not self.transport.is_closing():
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserError as error:
                self.send_400_response(str(error))
            except httptools.HttpParserUpgrade as upgrade:
                if framing := framing_of(self.headers) if self._is_in_request else b"":
                    self.parser = rest_parser(self, framing)
                part = part[upgrade.args[0] :]
                continue
            return

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_in_head, self._is_in_request, self._head_bytes = True, True, 0
        self.scope["extensions"] = {WIRE: self}  # type: ignore[dict-item]  # an object does as well
        if len(self.pipeline) >= MAX_PIPELINED:
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, if they are not too many."""
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._fail("headers_too_large")

    def on_headers_complete(self) -> None:
        """Begin to answer a request whose head is whole."""
        head = len(self.url) + 4 * len(self.headers) + sum(map(len, chain.from_iterable(self.headers)))
        if head > MAX_HEAD:
            self._fail("headers_too_large")
        self._is_in_head = False
        self._await(None)  # a body that is here whole needs no time
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.message_event = LeanEvent()  # nobody waits for the other one yet
            self.cycle.__class__ = OneWrite  # it was made a moment ago, and runs later
        if self.scope.get("http_version") == "1.0" and self.cycle is not None:
            self.cycle.__class__ = UntilClose

    def on_message_complete(self) -> None:
        """The body is whole, unless the parser leaves it out."""
        if self.parser.should_upgrade() and framing_of(self.headers):
            return
        self._is_in_head, self._is_in_request, self._head_bytes = True, False, 0
        self._await(None)
        super().on_message_complete()

    def write(self, chunk: bytes) -> bool:
        """Write a chunk of the response under way, framed for HTTP.

        Returns False where that has to wait.
        """
        cycle = self.cycle
        if (
            self.flow.write_paused
            or not cycle.chunked_encoding
            or cycle.disconnected
            or cycle.response_complete
        ):
            return False
        if not self._raw.is_closing():  # as LenientTransport
            self._raw.write(chunk)
        return True

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    def let_go(self) -> None:
        """Forget the request, unless more than it has come.

        A parser between two messages knows nothing, so the next one gets another.
        """
        if self.parser is None or self.parser.should_upgrade() or self._is_in_request or self.pipeline:
            return
        self.parser = None  # type: ignore[assignment]
        self.headers, self.url = [], b""
        kept = {"type": self.scope["type"], "method": self.scope["method"]}  # uvicorn reads no more
        self.scope.clear()  # type: ignore[attr-defined]
        self.scope.update(kept)  # type: ignore[typeddict-item]

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words
        """Refuse what the parser gave up on."""
        self._refuse(self._refusal)

    def _fail(self, code: str) -> None:
        """Make the parser give up. Raises ValueError."""
        self._refusal = code
        raise ValueError(code)

    def _await(self, seconds: float | None) -> None:
        """Give the caller this time for what comes next."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._late) if seconds else None

    def _late(self) -> None:
        self._deadline = None
        self._refuse("request_too_slow")

    def _refuse(self, code: str) -> None:
        """Hang up, with a problem unless an answer is under way."""
        cycle = self.cycle
        is_free = cycle is None or cycle.response_complete or not cycle.response_started
        if is_free and not self.pipeline:
            self.transport.write(_answer(code))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


def _answer(code: str) -> bytes:
    refused = problem(code, REFUSALS[code])
    body = _encode(refused)
    head = (
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
        "cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n"
    )
    return STATUS_LINE[refused.status] + head.encode() + body


REFUSALS = {
    "malformed_request": "This is not HTTP/1.1.",
    "headers_too_large": f"Send at most {MAX_HEADERS} headers, and {MAX_HEAD:,} bytes before the body.",
    "request_too_slow": f"Send the headers within {HEAD_SECONDS:g} s, the body within {BODY_SECONDS:g} s.",
    "too_many_connections": "Your address has too many connections. Close some.",
}
