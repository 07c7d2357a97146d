"""A face is a fold of the log: whatever dies, the client goes on with the same numbers and the same end."""

import asyncio
import contextlib
import json
import random
from datetime import timedelta

import httpx
import openai
import pytest

from app.domain import commands as c
from app.domain import events as e
from app.faces.response_fold import ResponseFold
from app.store import log
from tests.chaos.logs import end, live_job
from tests.steps import as_worker, claimed_job, until
from tests.typescript.node import node
from tests.typescript.package import installed, without_package

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


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """A project that has the TypeScript client."""
    if reason := without_package():
        pytest.skip(reason)
    return installed(tmp_path_factory.mktemp("typescript"))


async def test_the_typescript_client_goes_on_over_a_kill_of_the_server(fleet, writer, user):
    server = fleet.server()
    await server.start()
    job = await live_job(writer)
    reading = asyncio.create_task(node(user, "follow.mjs", server.url, job.id, QUICK="1"))

    for turn in range(20):
        plan = e.PlanDrafted(f"goal {turn}", ("a", "b"))
        job = await as_worker(writer, job, c.RecordEvents(job.epoch, (plan,)))
        await asyncio.sleep(random.uniform(0, 0.05))
        if turn == 8:
            server.kill()
            await server.start()
    await end(writer, job)
    told = await asyncio.wait_for(reading, 90)

    assert told["error"] is None
    stored = [row.line().decode() for row in await log.history(writer.engine, job.id)]
    assert [event["line"] for event in told["seen"]] == stored


async def test_a_chat_whose_server_was_killed_is_read_to_its_end_as_a_response(fleet, writer):
    server = fleet.server()
    await server.start()
    seen = []

    async def chat():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            asked = [{"role": "user", "content": "How does water boil?"}]
            with contextlib.suppress(*LOST, OSError, openai.APIError, httpx.HTTPError):
                async for chunk in await client.chat.completions.create(
                    model="dossier-quick", messages=asked, stream=True
                ):
                    seen.append(chunk)  # noqa: PERF401 - it is watched while it grows

    chatting = asyncio.create_task(chat())
    await until(lambda: ready(seen), 30)
    job = await claimed_job(writer, lease=timedelta(minutes=5))
    server.kill()
    await asyncio.wait_for(chatting, 30)
    await server.start()
    await end(writer, job)

    [first] = {chunk.model_extra["job_id"] for chunk in seen[:1]}
    assert first == str(job.id)
    found = await collected(server.url, f"resp_{job.id.hex}")
    assert json.loads(found[-1])["response"]["status"] == "completed"


async def ready(seen) -> bool:
    return bool(seen)
