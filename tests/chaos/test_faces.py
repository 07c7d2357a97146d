"""Clients of every face survive a death without losing their place.

They see the same numbers and the same end, because each face is a fold of the log.
"""

import asyncio
import contextlib
import json
import random
from datetime import timedelta
from uuid import UUID

import httpx
import openai
import pytest
from mcp import ClientSession, MCPError
from mcp.client.streamable_http import streamable_http_client

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain.caller import ANYBODY
from app.faces.response_fold import ResponseFold
from app.store import documents
from tests.chaos.logs import end, live_job
from tests.mocks.streaming import PAUSE, streaming
from tests.steps import as_worker, claimed_job, until, whole_log
from tests.typescript.node import node
from tests.typescript.package import installed, without_package

GONE = (BaseExceptionGroup, TimeoutError, OSError, httpx.HTTPError, MCPError)
LOST = (openai.APIConnectionError, openai.APIStatusError)


async def collected(url: str, response_id: str) -> list[str]:
    """Collect a response with OpenAI's client, over as many streams as needed."""
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
    for row in await whole_log(writer.engine, job.id):
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
    stored = [row.line().decode() for row in await whole_log(writer.engine, job.id)]
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


async def asked_by_host(url: str, tool: str, **arguments: object) -> dict:
    """Return a tool's answer to a host that retries after a death."""
    while True:
        with contextlib.suppress(*GONE):
            async with (
                asyncio.timeout(60),
                streamable_http_client(f"{url}/mcp") as (read, write, *_),
                ClientSession(read, write) as session,
            ):
                await session.initialize()
                answer = await session.call_tool(tool, arguments)
                if not answer.is_error:
                    return answer.structured_content
        await asyncio.sleep(0.1)


async def test_an_mcp_host_goes_on_over_a_kill_of_server_and_worker(fleet, writer):
    await documents.put(
        writer.engine, ANYBODY, "docs://kettle", "The kettle", "Water boils at 100 degrees Celsius."
    )
    server, heir = fleet.server(), fleet.worker()
    async with streaming() as model:
        model.play([PAUSE])  # so the worker is in the middle of a call until it is killed
        worker = fleet.worker(OPENAI_BASE_URL=model.url, DOSSIER_LEASE_SECONDS="1.5")
        await asyncio.gather(server.start(), worker.start())
        started = await asked_by_host(
            server.url, "start_research", question="At how many degrees does water boil?"
        )
        waiting = asyncio.create_task(
            asked_by_host(server.url, "get_research", job_id=started["job_id"], wait_seconds=45)
        )
        await until(lambda: ready(model.requests))
        server.kill()
        worker.kill()
        await asyncio.gather(server.start(), heir.start())
        research = await asyncio.wait_for(waiting, 90)
    while research["status"] in {"pending", "running"}:
        research = await asked_by_host(server.url, "get_research", job_id=started["job_id"], wait_seconds=45)

    stored = await handle.load(writer, UUID(started["job_id"]))
    assert (research["status"], stored.attempt) == ("completed", 2)
    assert research["report"] == stored.research.report.content
    assert [source["url"] for source in research["sources"]] == ["docs://kettle"]
