"""Send a request to a model's server, and read the reply live.

Four waits are bounded, each by a setting: for the connection, for the first token, for the next bytes, and
for the whole call. However a call ends, its connection is closed, so that the server stops writing.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Protocol

import httpx
from msgspec import Struct

from app.errors import ProviderError
from app.providers.error_words import ErrorWords, body_of, decoded, words_of
from app.providers.http import MAX_REPLY_BODY
from dossier.sse_parser import Parser

DONE_DATA = b"[DONE]"
MAX_REFUSAL = 200_000  # bytes of the body of a refusal that are read
GATEWAY = 502  # what an error in a reply with status 200 counts as, where it names no status


class ModelPatience(Struct, frozen=True):
    """How long a call of a model may take, in seconds."""

    connect: float = 10.0
    first_token: float = 300.0  # reading a long prompt on a small machine takes minutes
    silence: float = 60.0  # between two pieces of a reply
    call: float = 600.0  # in all, without the time in the queue


class ServerRefusal(Exception):
    """A server's reply that is an error, whatever its status."""

    def __init__(self, status: int, body: object, headers: httpx.Headers | None = None) -> None:
        super().__init__(f"The model's server answered {status}.")
        self.status = status
        self.headers = headers or httpx.Headers()
        self.words: ErrorWords = words_of(body)
        self.text = json.dumps(body)  # all of it, for the names of what it is about


class ReplyCollector(Protocol):
    """Puts a streamed reply together, and tells how far it is."""

    @property
    def has_begun(self) -> bool:
        """True from the first token on."""
        ...

    @property
    def is_whole(self) -> bool:
        """True once the server has said that nothing follows."""
        ...

    def take(self, piece: dict[str, Any]) -> None:
        """One frame of the stream. Raises ServerRefusal where it is an error."""
        ...

    def value(self) -> dict[str, Any]:
        """The reply as its server sends it without a stream."""
        ...


class WireReply(Struct, frozen=True):
    """A whole reply."""

    value: dict[str, Any]
    was_streamed: bool


def unreadable() -> ProviderError:
    """The error of an answer that a model's server does not give."""
    message = "The model's server sent something that is not a chat completion."
    return ProviderError("network", message, retryable=True)


class ModelExchange:
    """Sends the requests to one server through the shared client."""

    def __init__(self, client: httpx.AsyncClient, name: str, patience: ModelPatience) -> None:
        self._client = client
        self._name = name
        self._patience = patience

    def request(self, url: str, headers: dict[str, str], body: bytes) -> httpx.Request:
        """Build a request with only its own headers.

        The shared client gets none of them.
        """
        waits = httpx.Timeout(connect=self._patience.connect, read=None, write=None, pool=None)
        return self._client.build_request("POST", url, headers=headers, content=body, timeout=waits)

    async def send(
        self, request: httpx.Request, collector: ReplyCollector, *, is_streamed: bool
    ) -> WireReply:
        """The reply. Raises ServerRefusal, ProviderError."""
        clock = _Clock(self._patience, is_streamed=is_streamed)
        try:
            async with clock.running(), self._opened(request) as reply:
                return await self._read(reply, collector, clock)
        except TimeoutError:
            raise self._too_slow(clock) from None
        except httpx.TimeoutException:
            raise self._too_slow(clock) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise unreachable(type(error).__name__) from None

    @contextlib.asynccontextmanager
    async def _opened(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        reply = await self._client.send(request, stream=True)
        try:
            yield reply
        finally:
            await reply.aclose()

    async def _read(self, reply: httpx.Response, collector: ReplyCollector, clock: "_Clock") -> WireReply:
        if reply.status_code >= 300:
            raise ServerRefusal(reply.status_code, body_of(await _start(reply, MAX_REFUSAL)), reply.headers)
        chunks = reply.aiter_bytes()
        first = await _first(chunks)
        if _is_stream(reply, first):
            await self._collect(first, chunks, collector, clock)
            return WireReply(collector.value(), was_streamed=True)
        clock.is_streamed = False
        clock.heard(has_begun=True)
        value = decoded(first + await _rest(chunks, MAX_REPLY_BODY - len(first)))
        if not isinstance(value, dict):
            raise unreadable()
        return WireReply(value, was_streamed=False)

    async def _collect(
        self, first: bytes, chunks: AsyncIterator[bytes], collector: ReplyCollector, clock: "_Clock"
    ) -> None:
        parser, size, chunk = Parser(), 0, first
        while chunk:
            size += len(chunk)
            if size > MAX_REPLY_BODY:
                raise httpx.ReadError(f"The reply is longer than {MAX_REPLY_BODY} bytes.")
            if _take(parser, chunk, collector):
                return
            clock.heard(has_begun=collector.has_begun)
            chunk = await _first(chunks)
        _take(parser, b"\n\n", collector)  # some servers leave the last frame open
        if not collector.is_whole:
            message = "The model's server broke off its reply."
            raise ProviderError("network", message, retryable=True)

    def _too_slow(self, clock: "_Clock") -> ProviderError:
        return ProviderError("timeout", f"{self._name} {clock.why()}", retryable=True)


class _Clock:
    """The time-outs of a call, between pieces and in all."""

    def __init__(self, patience: ModelPatience, *, is_streamed: bool) -> None:
        self._patience = patience
        self._timer = asyncio.timeout(None)
        self._end = 0.0
        self._has_begun = False
        self.is_streamed = is_streamed

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Time what is done in this block."""
        now = asyncio.get_running_loop().time()
        self._end = now + self._patience.call
        first = self._patience.first_token if self.is_streamed else self._patience.call
        self._timer = asyncio.timeout_at(min(self._end, now + first))
        async with self._timer:
            yield

    def heard(self, *, has_begun: bool) -> None:
        """Note that bytes came.

        Only after the first token they extend the wait.
        """
        if not has_begun:
            return
        self._has_begun = True
        now = asyncio.get_running_loop().time()
        silence = self._patience.silence if self.is_streamed else self._patience.call
        self._timer.reschedule(min(self._end, now + silence))

    def why(self) -> str:
        """What did not come in time, as the rest of a sentence."""
        patience, when = self._patience, self._timer.when()
        if not self._timer.expired():
            return f"could not be reached within {patience.connect:g} seconds."
        if when is not None and when >= self._end:
            return f"did not finish its reply within {patience.call:g} seconds."
        if self._has_begun:
            return f"fell silent for {patience.silence:g} seconds in the middle of its reply."
        return f"did not begin to answer within {patience.first_token:g} seconds."


def unreachable(cause: str) -> ProviderError:
    """The error of a server that cannot be spoken to."""
    return ProviderError("network", f"The model's server cannot be reached ({cause}).", retryable=True)


def _is_stream(reply: httpx.Response, first: bytes) -> bool:
    """True for server-sent events, whatever type the server gives them."""
    if "text/event-stream" in reply.headers.get("content-type", ""):
        return not first.lstrip().startswith((b"{", b"["))
    return first.lstrip().startswith((b"data:", b"event:", b":"))


def _take(parser: Parser, chunk: bytes, collector: ReplyCollector) -> bool:
    """Pass on a chunk's frames.

    Return True at the stream's end.
    """
    try:
        frames = parser.feed(chunk)
    except ValueError:
        raise unreadable() from None
    for frame in frames:
        if frame.data.strip() == DONE_DATA:
            return True
        piece = decoded(frame.data)
        if not isinstance(piece, dict):
            raise unreadable()
        if frame.event == "error" and "error" not in piece:
            piece = {"error": piece}
        collector.take(piece)
    return False


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    """The next bytes, b"" at the end."""
    async for chunk in chunks:  # left as it is, so that the next call goes on
        if chunk:
            return chunk
    return b""


async def _rest(chunks: AsyncIterator[bytes], most: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise httpx.ReadError(f"The reply is longer than {MAX_REPLY_BODY} bytes.")
    return bytes(body)


async def _start(reply: httpx.Response, most: int) -> bytes:
    """As much of a body as is looked at."""
    body = bytearray()
    async for chunk in reply.aiter_bytes():
        body += chunk
        if len(body) >= most:
            break
    return bytes(body[:most])
