"""A face is a fold of the log: whatever dies, the client goes on with the same numbers and the same end."""

import asyncio
import contextlib
import json
import random

import openai

from app.domain import commands as c
from app.domain import events as e
from app.faces.response_fold import ResponseFold
from app.store import log
from tests.chaos.logs import end, live_job
from tests.steps import as_worker

LOST = (openai.APIConnectionError, openai.APIStatusError)


async def collected(url: str, response_id: str) -> list[str]:
    """Every event of a response, read by OpenAI's client over as many streams as it takes."""
    found = list[str]()
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        while not found or "response.completed" not in found[-1]:
            after = {"starting_after": len(found) - 1} if found else {}
            with contextlib.suppress(*LOST, OSError, openai.APIError):
                async for event in await client.responses.retrieve(response_id, stream=True, **after):
                    found.append(event.to_json(indent=None))
            await asyncio.sleep(0.05)
    return found


async def test_a_client_goes_on_over_a_kill_of_the_server(fleet, writer):
    server = fleet.server()
    await server.start()
    job = await live_job(writer)
    reading = asyncio.create_task(collected(server.url, f"resp_{job.id.hex}"))

    for turn in range(20):
        plan = e.PlanDrafted(f"goal {turn}", ("a", "b"))
        job = await as_worker(writer, job, c.RecordEvents(job.epoch, (plan,)))
        await asyncio.sleep(random.uniform(0, 0.05))
        if turn == 8:
            server.kill()
            await server.start()
    await end(writer, job)
    found = await asyncio.wait_for(reading, 60)

    fold, frames = ResponseFold(), list[bytes]()
    for row in await log.history(writer.engine, job.id):
        frames += fold.feed(row.line())
    told = [json.loads(frame.partition(b"data: ")[2]) for frame in frames]
    assert [json.loads(one)["sequence_number"] for one in found] == list(range(len(told)))
    assert [json.loads(one)["type"] for one in found] == [one["type"] for one in told]
