"""The `mcp` package's client works over HTTP and stdio with our server."""

import asyncio
import contextlib
import json
import os
import sys

import httpx
import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from app.domain.caller import ANYBODY
from app.mcp_server.mount import REACHED_AT, McpMount
from app.store import documents
from tests.conftest import serving

TOOLS = {
    *("start_research", "get_research", "finish_research", "cancel_research", "answer_question"),
    *("search", "fetch"),
}


@pytest.fixture
async def address(house):
    """A server with /mcp, as `dossier serve` has it."""
    plain = house.app
    house.app = lambda workers: plain(workers, {"/mcp": McpMount()})
    async with serving(house) as url:
        yield url


@contextlib.asynccontextmanager
async def over_http(address):
    async with streamable_http_client(f"{address}/mcp") as (read, write, *_):  # noqa: SIM117 - it fits a line
        async with ClientSession(read, write) as session:
            await session.initialize()
            yield session


async def told(session, name, **arguments):
    """Return a tool's answer, the same in both forms that hosts read."""
    answer = await session.call_tool(name, arguments)
    assert not answer.is_error, answer.content
    assert json.loads(answer.content[0].text) == answer.structured_content
    return answer.structured_content


async def test_research_over_http_from_the_question_to_the_report(address):
    async with (
        streamable_http_client(f"{address}/mcp") as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        assert {tool.name for tool in (await session.list_tools()).tools} == TOOLS

        started = await told(session, "start_research", question="How does water boil?", effort="quick")
        research = await told(session, "get_research", job_id=started["job_id"], wait_seconds=30)
        report = await session.read_resource(research["report_resource"])
        fetched = await told(session, "fetch", id=f"job:{started['job_id']}")

    assert fetched["url"] == f"{address}/browse/jobs/{started['job_id']}"
    assert research["status"] == "completed"
    assert research["report"].startswith("Water boils")
    assert [source["url"] for source in research["sources"]] == [
        "https://example.com/a",
        "https://example.com/b",
    ]
    assert "Water boils" in report.contents[0].text


async def test_links_lead_where_the_server_is_reached():
    found = []

    async def app(scope, receive, send):
        found.append(REACHED_AT.get())

    def asked(mount, scheme, host):
        mount._app = asyncio.get_running_loop().create_future()
        mount._app.set_result(app)
        headers = [(b"host", host)] if host else []
        return mount({"type": "http", "method": "GET", "scheme": scheme, "headers": headers}, None, None)

    await asked(McpMount("/dossier"), "https", b"research.example.com")
    await asked(McpMount(), "http", b"")
    await asked(McpMount("/dossier", "https://out.example.com/dossier/"), "http", b"10.0.0.7:8000")
    assert found == [
        "https://research.example.com/dossier",
        "http://127.0.0.1:8000",
        "https://out.example.com/dossier",
    ]


async def test_a_host_says_what_the_report_is_to_be_like_and_has_it_written_now(address, house):
    house.model.pause = 0.5
    wish = {"instructions": "For children.", "language": "de", "length": "short", "outline": ["Boiling"]}
    pages = {"published_after": "2020-01-01", "language": "en", "region": "AT"}
    async with over_http(address) as session, httpx.AsyncClient(base_url=address) as http:
        asked = {"question": "How does water boil?", "pages": pages, **wish}
        started = await told(session, "start_research", **asked)
        finished = await told(session, "finish_research", job_id=started["job_id"])
        research = await told(session, "get_research", job_id=started["job_id"], wait_seconds=30)
        view = (await http.get(f"/jobs/{started['job_id']}")).json()
        over = await session.call_tool("finish_research", {"job_id": started["job_id"]})
        refused = [
            await session.call_tool("start_research", {"question": "?", **bad})
            for bad in ({"language": "no such tag"}, {"pages": pages | {"published_before": "2019-01-01"}})
        ]

    assert finished["status"] in {"pending", "running"}
    assert research["status"] == "completed"
    assert {name: view[name] for name in wish} == wish
    assert view["result"]["stop_reason"] == "finish_requested"
    assert over.is_error
    assert [reply.is_error for reply in refused] == [True, True]
    assert "not earlier than published_after" in refused[1].content[0].text
    assert view["sources"] == pages


async def test_a_host_reviews_the_plan_and_gets_a_filled_schema(address, house):
    schema = {"type": "object", "properties": {"degrees": {"type": "integer"}}}
    wish = {"plan_review": True, "output_schema": schema}
    async with over_http(address) as session:
        started = await told(session, "start_research", question="How does water boil?", **wish)
        waiting = await told(session, "get_research", job_id=started["job_id"], wait_seconds=30)
        refused = await session.call_tool("answer_question", {"job_id": started["job_id"]})
        await told(session, "answer_question", job_id=started["job_id"], plan=["Boil it"], answers=["Soon."])
        research = await told(session, "get_research", job_id=started["job_id"], wait_seconds=30)

    assert waiting["status"] == "input_required"
    assert waiting["plan"]
    assert refused.is_error
    assert house.model.asks[-1].review.steps == ("Boil it",)
    assert research["output"]["value"] == {"degrees": None}
    assert [field["field"] for field in research["output"]["fields"]] == ["/degrees"]


async def test_search_and_fetch_have_the_shapes_that_chatgpt_reads(address, engine):
    await documents.put(
        engine, ANYBODY, "docs://kettle", "The kettle", "A kettle whistles when its water boils."
    )
    async with (
        streamable_http_client(f"{address}/mcp") as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        found = await told(session, "search", query="When does a kettle whistle?")
        [first] = found["results"]
        fetched = await told(session, "fetch", id=first["id"])

    assert first == {"id": "docs://kettle", "title": "The kettle", "url": "docs://kettle"}
    assert fetched["text"] == "A kettle whistles when its water boils."


async def test_what_the_server_refuses_is_told_to_the_model(address):
    async with (
        streamable_http_client(f"{address}/mcp") as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        unknown = "00000000-0000-0000-0000-000000000000"
        answer = await session.call_tool("get_research", {"job_id": unknown, "wait_seconds": 0})

    assert answer.is_error
    assert "No job has this id" in answer.content[0].text


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}], ids=["host", "origin"]
)
async def test_a_web_page_of_somebody_else_cannot_reach_it(address, headers):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{address}/mcp", json=body, headers=accept | headers)
    assert answer.status_code in {403, 421}


async def test_over_stdio_nothing_but_the_protocol_is_printed(address):
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "app", "mcp"], env=os.environ | {"DOSSIER_URL": address}
    )
    async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        started = await told(session, "start_research", question="How does water boil?", effort="quick")
        research = await told(session, "get_research", job_id=started["job_id"], wait_seconds=30)
    assert research["status"] == "completed"
