"""Compare what an event costs on OpenAI's stream and on our own.

A fold turns each event into frames once for all readers of a face. So the streams are measured with many
readers of one job, who share the fold, and with one reader for each of many jobs, who each pay for theirs.
"""

import asyncio
from uuid import UUID

from msgspec import Struct

from benchmarks.streaming.orders import Publish
from benchmarks.streaming.scale import Size
from benchmarks.streaming.sheet import Round, Row, compared
from benchmarks.streaming.stage import Pen, dossier, request, stream

EVENTS = 40
SETTLE = 1.0  # seconds after the last connect
APART = 100  # jobs that have one reader each


class Face(Struct, frozen=True):
    """A stream of a job, and what tells its events."""

    name: str
    greeting: str
    mark: str

    def path(self, job: str, head: int) -> str:
        if self.name == "own":
            return stream(job, head)
        return request(f"/v1/responses/resp_{UUID(job).hex}?stream=true")


OWN = Face("own", "event: hello", "id: ")
RESPONSES = Face("responses", "event: response.in_progress", '"type":"response.reasoning_summary_text.delta"')


async def measure(url: str, pen: Pen, size: Size) -> list[Row]:
    """Ask for both streams in each round.

    The yardstick is our own stream.
    """
    ours, own = list[Round](), list[Round]()
    for _ in range(size.rounds):
        ours.append(await _round(url, pen, size, RESPONSES))
        own.append(await _round(url, pen, size, OWN))
    together = f"/v1/responses, {size.readers:,} readers of one job: us CPU an event"
    return [
        compared(together, ours, "together", "≤ 15", own),
        compared(f"… {APART} jobs with one reader each", ours, "apart", "", own),
    ]


async def _round(url: str, pen: Pen, size: Size, face: Face) -> Round:
    return {
        "together": await _cost(url, pen, face, 1, size.readers),
        "apart": await _cost(url, pen, face, APART, APART),
    }


async def _cost(url: str, pen: Pen, face: Face, jobs: int, readers: int) -> float:
    made = await pen.jobs(jobs)
    paths = [face.path(made.jobs[at % jobs], made.head) for at in range(readers)]
    async with dossier(url, greeting=face.greeting) as stage:
        await stage.connect(paths, mark=face.mark)
        await asyncio.sleep(SETTLE)
        return (await stage.publish(Publish(made.jobs, made.head + 1, EVENTS))).us_server
