"""Define the messages between the processes.

A line of JSON each way.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from benchmarks.child import Child

Answer = TypeVar("Answer")


class Started(Struct, frozen=True):
    """Say where a server listens, and whose CPU counts."""

    port: int
    pid: int


class Publish(Struct, frozen=True, tag=True):
    """Add `count` events to each of these jobs.

    `batch` at a time, `pause` seconds from one to the next.
    """

    jobs: list[str]
    first: int
    count: int
    batch: int = 1
    pause: float = 0.0


class Published(Struct, frozen=True):
    """Say what one append took, where there were any."""

    p50_ms: float = 0.0
    p99_ms: float = 0.0


class Fill(Struct, frozen=True, tag=True):
    """Submit and claim this many jobs."""

    jobs: int


class Filled(Struct, frozen=True):
    """Their ids, and the seq that all of them are at."""

    jobs: list[str]
    head: int


class Open(Struct, frozen=True, tag=True):
    """Connect a reader for each request.

    `wave` at a time; each must be answered.

    A `deaf` reader takes the beginning of its answer and never looks again. `mark` is what stands once in
    each event.
    """

    port: int
    requests: list[str]
    greeting: str  # what has to come before a reader counts as connected
    wave: int = 250
    deaf: bool = False
    mark: str = "id: "


class Take(Struct, frozen=True, tag=True):
    """Read until every reader has these events.

    `patience`: seconds of silence that end it.

    Answered by a Done when it is read, and a Tally when it is looked at.
    """

    first: int
    count: int
    patience: float = 5.0


class Return(Struct, frozen=True, tag=True):
    """Cut all connections, and come back with these requests.

    Then take these events.
    """

    port: int
    requests: list[str]
    first: int
    count: int
    patience: float = 5.0


class Close(Struct, frozen=True, tag=True):
    """Cut all connections."""


class Done(Struct, frozen=True):
    """Nothing more to say."""

    seconds: float = 0.0


class Tally(Struct, frozen=True):
    """Count what a crowd of readers took.

    `faults` are readers that did not get each event once, in order.
    """

    events: int  # over all readers
    spread: float  # seconds from the first event's stamp to the last read
    seconds: float  # from the order to the last read
    p50_ms: float  # from an event's stamp until a reader has it
    p99_ms: float
    reads: int
    cpu: float  # seconds that the readers' process used
    faults: list[str]


async def ask(child: Child, order: Struct, answer: type[Answer]) -> Answer:
    await child.tell(msgspec.json.encode(order))
    return msgspec.json.decode(await child.hear(), type=answer)


def say(answer: Struct) -> None:
    print(msgspec.json.encode(answer).decode(), flush=True)


async def obey(kinds: Any, carry_out: Callable[[Any], Awaitable[Struct]]) -> None:
    """Carry out messages until the parent process is gone."""
    orders = asyncio.StreamReader(limit=1 << 24)
    protocol = asyncio.StreamReaderProtocol(orders)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await orders.readline():
        say(await carry_out(msgspec.json.decode(line, type=kinds)))


async def obey_while(
    serving: Coroutine[Any, Any, None], publish: Callable[[Publish], Awaitable[Published]]
) -> None:
    """Serve until a signal, or until nobody is left."""
    tasks = [asyncio.create_task(serving), asyncio.create_task(obey(Publish, publish))]
    ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()
