"""Faces of a job's stream: frames folded once for all readers.

The fold reads the job's own topic as any reader does, from the first event on, so that a face costs the
database nothing of its own. Its frames are numbered from 1 and kept in a ring; a reader further behind
gets them from a new fold over the log.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from app.domain.caller import Caller
from app.faces.fold import Fold
from app.stream.connection import BodyPart, Connection, message
from app.stream.hub import Hub
from app.stream.reader import Reader
from app.stream.topic import EncodedEvent, Topic

EVENT = b"id: "  # how frames of events begin; no other frame has an id
DATA = b"\ndata: "
RESET = b"event: reset\n"

log = logging.getLogger(__name__)

MakeFold = Callable[[], Fold]
# Whose, job, the seq before -> lines, [] at the end.
ReadLines = Callable[[Caller, UUID, int], Awaitable[list[bytes]]]


class FaceTopic(Topic):
    """The frames of one face of a job."""

    is_complete = False  # the last frame there can be is in it


class Faces:
    """The faces that are being followed in one process."""

    def __init__(self, hub: Hub, read_lines: ReadLines) -> None:
        self._hub = hub
        self._read_lines = read_lines
        self._topics: dict[tuple[UUID, str], FaceTopic] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def topic(self, caller: Caller, job_id: UUID, head: int, name: str, make_fold: MakeFold) -> FaceTopic:
        """Return a face of a job, for a reader to be added.

        Args:
            caller: whose job it is.
            job_id: the job.
            head: the seq of its newest event, as just read.
            name: tells this face of the job from others.
            make_fold: makes a fold that has seen nothing.
        """
        key = (job_id, name)
        if key not in self._topics:
            self._topics[key] = self._follow(caller, key, head, make_fold)
        return self._topics[key]

    def _follow(self, caller: Caller, key: tuple[UUID, str], head: int, make_fold: MakeFold) -> FaceTopic:
        job_id = key[0]
        topic = FaceTopic(
            job_id, 0, self._pages(caller, make_fold), lambda: self._forget(key, reader), end=b""
        )
        feeder = _Feeder(make_fold(), topic, lambda: self._send_away(key, topic))
        reader = Reader(self._hub.topic(caller, job_id, head), 0, feeder)
        self._hub.crowd.add(reader, message(b"", more=True))
        return topic

    def _pages(
        self, caller: Caller, make_fold: MakeFold
    ) -> Callable[[UUID, int, int], Awaitable[list[EncodedEvent]]]:
        async def read(job_id: UUID, after: int, limit: int) -> list[EncodedEvent]:
            fold, found, count, seq = make_fold(), list[EncodedEvent](), 0, 0
            while lines := await self._read_lines(caller, job_id, seq):
                for line in lines:
                    for frame in framed(fold, line, count):
                        count = frame.seq
                        if count > after:
                            found.append(frame)
                if len(found) >= limit:
                    break
                seq += len(lines)
                await asyncio.sleep(0)  # a long log must not hold the loop
            return found[:limit]

        return read

    def _forget(self, key: tuple[UUID, str], reader: Reader[int]) -> None:
        self._topics.pop(key, None)
        closing = asyncio.get_running_loop().create_task(self._hub.crowd.remove(reader))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _send_away(self, key: tuple[UUID, str], topic: FaceTopic) -> None:
        """End the streams that are complete, or all on a failed fold."""
        self._topics.pop(key, None)
        for reader in self._hub.crowd.of(topic):
            if reader.cursor >= topic.head or not topic.is_complete:
                reader.leave("over")


def framed(fold: Fold, line: bytes, count: int) -> list[EncodedEvent]:
    """Return the frames that a line adds, numbered after `count`."""
    bodies = fold.feed(line)
    last = count + len(bodies)
    return [
        EncodedEvent(number, body, last=fold.is_over and number == last)
        for number, body in enumerate(bodies, start=count + 1)
    ]


class _Nowhere:
    """Takes nothing."""

    def write(self, _chunk: bytes, /) -> bool:
        return False

    def abort(self) -> None:
        pass


class _Feeder(Connection):
    """Takes what a reader of the job's stream gets, and folds it."""

    __slots__ = ("_ended", "_fold", "_topic")

    def __init__(self, fold: Fold, topic: FaceTopic, ended: Callable[[], None]) -> None:
        super().__init__(_never, _Nowhere())
        self.ends_at = float("inf")
        self._fold = fold
        self._topic = topic
        self._ended = ended

    def start(self, part: BodyPart) -> Awaitable[None] | None:
        """Fold the events of this part."""
        if self.over:
            return None
        self.over = not part["more_body"] or part["body"].startswith(RESET)
        try:
            fresh = self._framed(part["body"])
        except Exception:  # the fault of one face must not end the hub, which all streams share
            log.exception("A face of job %s ended early.", self._topic.job_id)
            self.over, fresh = True, []
        if fresh:
            self._topic.is_complete = fresh[-1].last
            self._topic.extend(fresh)
        if self.over:
            self._ended()
        return None

    def _framed(self, body: bytes) -> list[EncodedEvent]:
        fresh = list[EncodedEvent]()
        for frame in body.split(b"\n\n"):
            if frame.startswith(EVENT):
                line = frame[frame.index(DATA) + len(DATA) :]
                fresh += framed(self._fold, line, self._topic.head + len(fresh))
        return fresh

    async def finish(self, _rest: Awaitable[None]) -> None:
        """Nothing waits here."""


async def _never(_part: BodyPart) -> None:
    """Hold a connection's place in the stream."""
