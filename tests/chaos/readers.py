"""Read streams that break in every way, and report any wrong frame."""

import asyncio
import contextlib
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from uuid import UUID

from tests.chaos.logs import LAST
from tests.chaos.wire import PATIENCE, Frame, Malformed, Wire, connect

WILD = 900_000_000  # a cursor beyond every log
GREETINGS = ("hello", "reconnect")  # the latter alone where the server does not want readers now
FRUITLESS = 100  # connections in a row that the server ends without an event, until a reader gives up
STORY = 30  # connections that a complaint tells of


class Complaint(AssertionError):
    """Say that a reader did not get the log, and why."""


class Manner(NamedTuple):
    """How one connection is made, and how it is lost."""

    port: int
    path: str = "stream"  # or "events", with Accept
    carrier: str = "header"  # of the cursor: "query", or "both" with a stale query, as browsers do
    frames: int | None = None  # events after which it is dropped
    raw: int | None = None  # bytes after which it is dropped, wherever that is
    rude: bool = False  # dropped with a reset
    sip: int = 65_536  # bytes taken at a time
    pause: float = 0.0  # seconds between two sips
    patience: float = PATIENCE  # seconds without a frame, heartbeats or not, after which it is dropped


def random_manner(rng: random.Random, ports: Sequence[int]) -> Manner:
    """A connection of an impatient reader somewhere on a bad network."""
    cut = rng.choice(("frames", "raw", "raw", "none"))
    slow = rng.random() < 0.15
    return Manner(
        port=rng.choice(ports),
        path=rng.choice(("stream", "stream", "events")),
        carrier=rng.choice(("header", "query", "both")),
        frames=int(rng.expovariate(1 / 40)) + 1 if cut == "frames" else None,
        raw=int(rng.expovariate(1 / rng.choice((1_000, 30_000)))) + 1 if cut == "raw" else None,
        rude=rng.random() < 0.3,
        sip=rng.randint(64, 4096) if slow else 65_536,
        pause=rng.uniform(0, 0.05) if slow else 0.0,
        patience=rng.uniform(0.5, 2.0),
    )


def calm_manner(rng: random.Random, ports: Sequence[int]) -> Manner:
    """A connection that stays until the server ends it."""
    return Manner(rng.choice(ports), rng.choice(("stream", "events")), rng.choice(("header", "query")))


class Reader:
    """Follow one job from a cursor, keeping its frames in `seen`."""

    def __init__(self, name: str, job_id: UUID, cursor: int = 0) -> None:
        self.name = name
        self.job_id = job_id
        self.start = cursor
        self.cursor = cursor
        self.head: int | None = None  # as the newest connection told it
        self.seen: list[Frame] = []
        self.over = False
        self.hurry = False  # from here on it is not slow any more
        self.connections = 0
        self.torn = 0  # connections that ended inside a frame
        self.resets = 0
        self._fruitless = 0
        self._story: deque[str] = deque(maxlen=STORY)

    @property
    def is_level(self) -> bool:
        """True once it has what there was when it connected."""
        return self.over or (self.head is not None and self.cursor >= self.head)

    async def follow(self, next_manner, pause=lambda: 0.0) -> None:
        """Connect again and again until the job is over. Raises Complaint."""
        while not self.over:
            await self.visit(next_manner())
            await asyncio.sleep(pause())

    async def come_back(self, next_manner, pause=lambda: 0.0) -> None:
        """Reconnect to a finished job until a 204. Raises Complaint."""
        self.over = False
        await self.follow(next_manner, pause)

    async def visit(self, manner: Manner) -> None:
        """Read one connection until it is lost, for any reason. Raises Complaint."""
        self.connections += 1
        before, ending = self.cursor, "?"
        try:
            ending = await self._visit(manner)
        except OSError as error:  # among them a TimeoutError
            ending = repr(error)
            if isinstance(error, TimeoutError) and manner.patience >= PATIENCE:
                raise self.complaint("Nothing comes, though the job is not over.") from error
        except Malformed as error:
            ending = f"malformed: {error}"
            raise self.complaint(str(error)) from error
        finally:
            self._story.append(f"{before} -> {self.cursor} {ending} {manner}")

    async def _visit(self, manner: Manner) -> str:
        buffer = 4096 if manner.pause else None
        wire = await connect(manner.port, *self._request(manner), buffer=buffer)
        try:
            return await self._read(wire, manner)
        finally:
            self.torn += bool(wire.answer.rest.strip(b":\n"))
            if manner.rude:
                wire.abort()
            else:
                wire.close()

    def _request(self, manner: Manner) -> list[str]:
        query = {"header": None, "query": self.cursor, "both": self.start}[manner.carrier]
        path = f"/jobs/{self.job_id}/{manner.path}" + (f"?after={query}" if query is not None else "")
        header = [f"Last-Event-ID: {self.cursor}"] if manner.carrier != "query" else []
        accept = ["Accept: text/event-stream"] if manner.path == "events" else []
        return [path, *header, *accept]

    async def _read(self, wire: Wire, manner: Manner) -> str:
        frames, greeted, wild = 0, False, self.cursor == WILD
        while True:
            most = 65_536 if self.hurry else manner.sip
            if manner.raw is not None:
                most = min(most, manner.raw - wire.received)
            if most <= 0:
                return "cut between two bytes"
            for frame in await wire.read(most, manner.patience):
                if not greeted and frame.event not in GREETINGS:
                    raise self.complaint(f"The first frame is {frame}")
                greeted = True
                self._take(frame, wild=wild)
                frames += frame.id is not None
                if frames == manner.frames:
                    return "cut after a frame"
            if wire.closed or wire.answer.ended or wire.answer.status not in (None, 200):
                return self._close(wire)
            await asyncio.sleep(0 if self.hurry else manner.pause)

    def _close(self, wire: Wire) -> str:
        """The other side has ended the connection."""
        status = wire.answer.status
        if status == 204:
            self.over = True
        elif status not in (None, 200):
            raise self.complaint(f"The server answers {status}.")
        self._fruitless += 1
        if self._fruitless > FRUITLESS:
            raise self.complaint("The server ends every connection before the next event.")
        return f"ended by the server ({status}, {'whole' if wire.answer.ended else 'broken off'})"

    def _take(self, frame: Frame, *, wild: bool) -> None:
        if frame.id is not None:
            self._take_event(frame)
        elif frame.event == "hello":
            self.head = json.loads(frame.data)["head"]
            if self.head < self.cursor and not wild:
                raise self.complaint(f"The server knows less than was read from it: {frame}")
        elif frame.event == "reset":
            if not wild:
                raise self.complaint(f"A reset that nothing called for: {frame}")
            self.resets += 1
            self.start = self.cursor = 0
            self.seen.clear()
        elif frame.event == "end" and not self.over:
            raise self.complaint("An end before the last event.")

    def _take_event(self, frame: Frame) -> None:
        if self.over:
            raise self.complaint(f"An event after the last one: {frame}")
        if frame.id != self.cursor + 1 or json.loads(frame.data)["seq"] != frame.id:
            raise self.complaint(f"Event {frame.id} after {self.cursor}: {frame.data[:200]!r}")
        self.cursor, self._fruitless = frame.id, 0
        self.seen.append(frame)
        self.over = frame.event in LAST

    def complaint(self, text: str) -> Complaint:
        """What went wrong, with the latest connections."""
        story = "\n".join(self._story)
        return Complaint(f"{self.name} of job {self.job_id} from {self.start}: {text}\n{story}")

    def check(self, whole: list[Frame]) -> None:
        """Compare what was seen with the finished job's log. Raises Complaint."""
        if self.seen == whole[self.start :]:
            return
        expected = dict(enumerate(whole[self.start :]))
        for at, frame in enumerate(self.seen):
            if frame != expected.get(at):
                raise self.complaint(f"Got {frame}, but the log has {expected.get(at)}.")
        raise self.complaint(f"Got {len(self.seen)} events, but the log has {len(expected)}.")


@contextlib.asynccontextmanager
async def following(port: int, job_id: UUID, cursor: int = 0, **manner) -> AsyncIterator[Reader]:
    """Follow a job until all of its log has been read.

    When the block begins, the reader has all that was there then.
    """
    reader = Reader("Reader", job_id, cursor)
    home = asyncio.create_task(reader.follow(lambda: Manner(port, **manner)))
    try:
        while not (reader.is_level or home.done()):  # noqa: ASYNC110 - the wait of a moment, on loopback
            await asyncio.sleep(0.005)
        yield reader
        async with asyncio.timeout(PATIENCE):
            await home
    finally:
        home.cancel()
        await asyncio.gather(home, return_exceptions=True)
