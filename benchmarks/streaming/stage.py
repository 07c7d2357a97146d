"""A server that runs, readers of it, and whoever adds events."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec
from msgspec import Struct

from benchmarks.child import Child, child
from benchmarks.streaming import accounts
from benchmarks.streaming import orders as o
from benchmarks.streaming.accounts import Account

WARM_UP = 20  # connections before anything is counted


class Spell(Struct, frozen=True):
    """A tally, with what the server used meanwhile."""

    tally: o.Tally
    published: o.Published
    server: Account

    @property
    def us_server(self) -> float:
        return 1e6 * self.server.used / self.tally.events

    @property
    def rate(self) -> float:
        return self.tally.events / self.tally.spread


class Stage:
    """Run one server with its readers, fed by `source`."""

    def __init__(self, started: o.Started, source: Child, crowd: Child, greeting: str) -> None:
        self.port = started.port
        self.pid = started.pid
        self._source = source
        self._crowd = crowd
        self._greeting = greeting

    async def connect(self, requests: Sequence[str], *, deaf: bool = False, mark: str = "id: ") -> float:
        """Connect the readers, and return the server's CPU seconds."""
        before = accounts.account(self.pid)
        order = o.Open(self.port, list(requests), self._greeting, deaf=deaf, mark=mark)
        await o.ask(self._crowd, order, o.Done)
        return accounts.account(self.pid).since(before).used

    async def leave(self) -> None:
        await o.ask(self._crowd, o.Close(), o.Done)

    async def warm_up(self, request: str) -> None:
        await self.connect([request] * WARM_UP)
        await self.leave()

    async def publish(self, order: o.Publish) -> Spell:
        """Add events and see that each reader has them."""
        before = accounts.account(self.pid)
        await self._crowd.tell(msgspec.json.encode(o.Take(order.first, order.count)))
        published = await o.ask(self._source, order, o.Published)
        return await self._taken(published, before)

    async def come_back(self, requests: Sequence[str], first: int, count: int) -> Spell:
        """Cut all readers, and check that each catches up."""
        before = accounts.account(self.pid)
        await self._crowd.tell(msgspec.json.encode(o.Return(self.port, list(requests), first, count)))
        return await self._taken(o.Published(), before)

    async def _taken(self, published: o.Published, before: Account) -> Spell:
        await self._crowd.hear()
        spent = accounts.account(self.pid).since(before)
        tally = msgspec.json.decode(await self._crowd.hear(), type=o.Tally)
        if tally.faults:
            raise RuntimeError(f"The stream is not the log: {'; '.join(tally.faults)}.")
        return Spell(tally, published, spent)


class Pen:
    """The process that writes jobs and events."""

    def __init__(self, writer: Child) -> None:
        self.writer = writer

    async def jobs(self, count: int = 1) -> o.Filled:
        return await o.ask(self.writer, o.Fill(count), o.Filled)


def request(path: str, last_event_id: int | None = None) -> str:
    cursor = "" if last_event_id is None else f"Last-Event-ID: {last_event_id}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{cursor}\r\n"


def stream(job: str, after: int) -> str:
    return request(f"/jobs/{job}/stream?after={after}")


@contextlib.asynccontextmanager
async def serving(
    module: str, *arguments: str, greeting: str = "", source: Child | None = None
) -> AsyncIterator[Stage]:
    """Run a server and a crowd.

    Events come from the server itself where there is no other source.
    """
    async with (
        child(module, *arguments) as (server, first),
        child("benchmarks.streaming.readers") as (crowd, _),
    ):
        started = msgspec.json.decode(first, type=o.Started)
        yield Stage(started, source or server, crowd, greeting)


def dossier(
    url: str, source: Child | None = None, greeting: str = "event: hello"
) -> contextlib.AbstractAsyncContextManager[Stage]:
    """Start this server, past the database if without a source."""
    pushed = () if source else ("pushed",)
    return serving("benchmarks.streaming.dossier", url, *pushed, greeting=greeting, source=source)
