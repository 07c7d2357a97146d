"""Load a server with keep-alive HTTP/1.1 over raw sockets.

The server is the bottleneck.

Runs in a process of its own. A line of input is an `Order`, a line of output its `Tally`.
"""

import asyncio
import itertools
import sys
import time

import msgspec
import uvloop
from msgspec import Struct

WARM_UP = 0.25  # of the seconds, before anything is counted


class Order(Struct, frozen=True):
    """Order `clients` to send these requests for `seconds`.

    Each sends the next one once it has its answer.
    """

    port: int
    requests: list[str]
    seconds: float
    clients: int = 50


class Tally(Struct, frozen=True):
    """What came of it. `refused` are answers that are not 2xx."""

    rate: float
    p50_ms: float
    p99_ms: float
    us_client: float  # CPU microseconds of the generator for one request: the inverse is its own ceiling
    answered: int  # in all, those of the warm-up too
    refused: int


class Load:
    """One order on its way."""

    def __init__(self, order: Order) -> None:
        self.next = itertools.cycle([request.encode() for request in order.requests]).__next__
        self.taken: list[float] = []
        self.answered = 0
        self.refused = 0
        self.over = False


class Client(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answer = b""
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._load.next())

    def data_received(self, received: bytes) -> None:
        answer = self._answer + received if self._answer else received
        if not _complete(answer):
            self._answer = answer
            return
        self._answer = b""
        self._load.taken.append(time.perf_counter() - self._sent)
        self._load.answered += 1
        self._load.refused += answer[9:10] != b"2"
        if self._load.over:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed.set_result(None)


def _complete(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = answer.find(b"content-length: ", 0, end)
    length = int(answer[at + 16 : answer.find(b"\r", at)]) if at > 0 else 0
    return len(answer) >= end + 4 + length


async def carry_out(order: Order) -> Tally:
    load = Load(order)
    loop = asyncio.get_running_loop()
    made = [
        loop.create_connection(lambda: Client(load), "127.0.0.1", order.port) for _ in range(order.clients)
    ]
    clients = [client for _, client in await asyncio.gather(*made)]
    await asyncio.sleep(order.seconds * WARM_UP)
    load.taken.clear()
    started, spent = time.perf_counter(), time.process_time()
    await asyncio.sleep(order.seconds)
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    taken = sorted(load.taken)
    load.over = True
    await asyncio.gather(*(client.closed for client in clients))
    count = max(1, len(taken))
    p50, p99 = (1000 * taken[int(count * share)] if taken else 0.0 for share in (0.5, 0.99))
    return Tally(len(taken) / seconds, p50, p99, 1e6 * spent / count, load.answered, load.refused)


async def main() -> None:
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        tally = await carry_out(msgspec.json.decode(line, type=Order))
        print(msgspec.json.encode(tally).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
