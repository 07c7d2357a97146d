"""Topics over a log in memory."""

import asyncio

from app.stream.topic import EncodedEvent, Topic


def frame(seq: int, size: int = 10, *, last: bool = False) -> EncodedEvent:
    return EncodedEvent(seq, (b"%d " % seq).ljust(size, b"."), last)


class Log:
    """A job's log that counts how often it is read."""

    def __init__(self, length: int) -> None:
        self.rows = [frame(seq) for seq in range(1, length + 1)]
        self.reads: list[int] = []

    async def read(self, _job_id, after, limit):
        self.reads.append(after)
        found = self.rows[after : after + limit]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return found


def a_topic(head: int, log: Log | None = None) -> Topic:
    return Topic("job", head, (log or Log(head)).read, lambda: None)
