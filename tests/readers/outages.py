"""Write one job's log while its readers lose connections and server."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.store.writer import Writer
from tests.api.sse import Seen
from tests.api.stored import stored
from tests.conftest import TestHouse, serving
from tests.readers.clients import SECONDS, Client
from tests.readers.proxy import By, Cut, Proxy, proxying
from tests.steps import as_worker, running_job, until

# What Python's str.splitlines() takes for the end of a line, and no stream does; and letters of 2 to 4 bytes,
# one of which a cut may fall into.
QUERY = "Wärme?\u2028水 \u0085 \u2029 😀"
LONG = "😀" * 25_000  # makes a frame that takes many reads
HEAD = 12  # seq of the newest event when the readers come

Backup = Callable[[TestHouse], Awaitable[TestHouse]]

CUTS = (
    Cut(b"id: 4\nevent: job_progress\ndata: {", By.RESET),
    Cut(b"", By.RESET),  # before the first byte of the answer
    Cut(b"id: 8\nevent: job_progress\ndata: ", By.CLOSE, more=50_001),
    Cut(b"id: 15\nevent: job_pro", By.CLOSE),  # while it is followed live
)


async def begun_job(writer: Writer) -> Job:
    """A job whose log has HEAD events, the eighth of them long."""
    job = await running_job(writer, lease=timedelta(minutes=5), query=QUERY)
    return await recorded(writer, job, range(3, HEAD + 1))


async def recorded(writer: Writer, job: Job, seqs: range) -> Job:
    """Events with these numbers, each in an append of its own."""
    for seq in seqs:
        about = LONG if seq == 8 else f"call {seq} of {QUERY}"
        call = e.CallRequested(f"{seq}/model", "model", "m", "00", about)
        job = await as_worker(writer, job, c.RecordEvents(job.epoch, (call,)))
    return job


class Reading(NamedTuple):
    """What a client saw, and what it should have seen."""

    seen: list[Seen]
    log: list[Seen]
    proxy: Proxy


async def read_through_outages(client: Client, house: TestHouse, successor: TestHouse) -> Reading:
    """Have a client read a job across lost connections and two servers.

    The job begins under `house` and is completed under `successor`. The client loses its connection to each
    of CUTS, hears heartbeats, and is sent away by the server that stops.
    """
    job = await begun_job(house.writer)
    async with serving(successor, workers=0) as second, proxying(second, *CUTS) as proxy:
        async with asyncio.TaskGroup() as tasks:
            async with serving(house, workers=0) as first:
                proxy.forward_to(first)
                reading = tasks.create_task(asyncio.wait_for(client(proxy.url, str(job.id)), SECONDS))
                await until(lambda: newest_has(proxy, b"id: 12\n", b"\n:\n"), SECONDS)
                proxy.forward_to(second)
                connections = len(proxy.streams)
            await until(lambda: newest_has(proxy, b"event: hello\n", beyond=connections), SECONDS)
            job = await recorded(successor.writer, job, range(HEAD + 1, 21))
            await as_worker(successor.writer, job, c.CompleteJob(job.epoch, "answered"))
        return Reading(reading.result(), await stored(successor, job.id), proxy)


async def read_through_restore(client: Client, house: TestHouse, backup: Backup) -> Reading:
    """Have a client read on after a restore lost the newest events.

    It then sees the log of the copy, to its end.
    """
    job = await begun_job(house.writer)
    older = await backup(house)
    async with serving(older, workers=0) as second, proxying(second) as proxy:
        async with asyncio.TaskGroup() as tasks:
            async with serving(house, workers=0) as first:
                proxy.forward_to(first)
                await recorded(house.writer, job, range(HEAD + 1, 17))
                reading = tasks.create_task(asyncio.wait_for(client(proxy.url, str(job.id)), SECONDS))
                await until(lambda: newest_has(proxy, b"id: 16\n"), SECONDS)
                proxy.forward_to(second)
            await until(lambda: newest_has(proxy, b"event: reset\n"), SECONDS)
            await as_worker(older.writer, job, c.CompleteJob(job.epoch, "answered"))
        return Reading(reading.result(), await stored(older, job.id), proxy)


async def newest_has(proxy: Proxy, *parts: bytes, beyond: int = 0) -> bool:
    """Return True once a newer stream than the first brought these bytes."""
    streams = proxy.streams[beyond:]
    return bool(streams) and all(part in streams[-1].answer for part in parts)
