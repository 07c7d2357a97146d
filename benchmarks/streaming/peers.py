"""Serve the same readers with other Python code.

Events live in memory, and uvicorn serves them.

python -m benchmarks.streaming.peers litestar
python -m benchmarks.streaming.peers bare
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine

import uvicorn
import uvloop
from litestar import Litestar, get
from litestar.response.sse import ServerSentEvent, ServerSentEventMessage

from benchmarks.streaming import accounts, events
from benchmarks.streaming.orders import Publish, Published, Started, obey_while, say

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]


class Log:
    """Events in memory, and a bell."""

    def __init__(self) -> None:
        self.messages: list[ServerSentEventMessage] = []
        self.bell = asyncio.Event()

    def push(self, _job: str, seqs: range) -> None:
        for seq in seqs:
            text = events.line(seq).decode()
            self.messages.append(ServerSentEventMessage(text, "job_progress", seq))
        bell, self.bell = self.bell, asyncio.Event()
        bell.set()

    async def follow(self) -> AsyncIterator[ServerSentEventMessage]:
        cursor = len(self.messages)
        while True:
            bell = self.bell
            for message in self.messages[cursor:]:
                yield message
                cursor += 1
            if bell is self.bell:
                await bell.wait()


def litestar() -> tuple[Litestar, Callable[[str, range], None]]:
    """What the framework has for this: a generator for each reader."""
    log = Log()

    @get("/stream")
    async def stream() -> ServerSentEvent:
        return ServerSentEvent(log.follow())

    return Litestar([stream], openapi_config=None, logging_config=None), log.push


class Broadcaster:
    """The least that ASGI allows: encode once, step everybody's `send`.

    Who cannot take something at once is left out from then on, since nothing is kept for it.
    """

    def __init__(self) -> None:
        self._sends: set[Callable[[dict], Coroutine]] = set()

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        self._sends.add(send)
        while (await receive())["type"] != "http.disconnect":
            pass
        self._sends.discard(send)

    def push(self, _job: str, seqs: range) -> None:
        body = b"".join([events.frame(seq) for seq in seqs])
        message = {"type": "http.response.body", "body": body, "more_body": True}
        for send in tuple(self._sends):
            sending = send(message)
            try:
                sending.send(None)
            except StopIteration:
                continue
            self._sends.discard(send)


def bare() -> tuple[Broadcaster, Callable[[str, range], None]]:
    broadcaster = Broadcaster()
    return broadcaster, broadcaster.push


async def main(which: str) -> None:
    accounts.settle_as(server=True)
    app, push = {"litestar": litestar, "bare": bare}[which]()

    async def publish(order: Publish) -> Published:
        return await events.publish(order, push)

    # As uvicorn makes it, but with the protocol named: then asyncio sends small writes at once.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_level="critical", access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    say(Started(sock.getsockname()[1], os.getpid()))
    await obey_while(uvicorn.Server(config).serve([sock]), publish)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
