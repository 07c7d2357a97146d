"""The MCP inspector's command line, unmodified, against a real server."""

import asyncio
import json

import pytest

from tests.mcp_server.inspector import INSPECTOR, PROGRAM
from tests.mcp_server.test_mcp import TOOLS, address  # noqa: F401 - a fixture

SECONDS = 90.0  # for one call: Node starts, and says hello first


@pytest.fixture
def inspected(address):  # noqa: F811 - the fixture
    """Asks the server one method, as somebody at a terminal does."""
    if reason := INSPECTOR.missing():
        pytest.skip(reason)

    async def ask(method, *arguments):
        command = (PROGRAM, "--cli", f"{address}/mcp", "--transport", "http", "--method", method)
        pipe = asyncio.subprocess.PIPE
        program = await asyncio.create_subprocess_exec(*command, *arguments, stdout=pipe, stderr=pipe)
        try:
            async with asyncio.timeout(SECONDS):
                output, errors = await program.communicate()
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
        assert program.returncode == 0, errors.decode()
        return json.loads(output)

    return ask


def call(name, **arguments):
    given = [part for key, value in arguments.items() for part in ("--tool-arg", f"{key}={value}")]
    return ("tools/call", "--tool-name", name, *given)


async def test_the_inspector_finds_the_tools_and_researches_with_them(inspected):
    tools = (await inspected("tools/list"))["tools"]
    started = await inspected(*call("start_research", question="How does water boil?", effort="quick"))
    job_id = started["structuredContent"]["job_id"]
    research = await inspected(*call("get_research", job_id=job_id, wait_seconds=45))
    report = await inspected("resources/read", "--uri", f"dossier://jobs/{job_id}/report")

    assert {tool["name"] for tool in tools} == TOOLS
    assert all(tool["inputSchema"]["type"] == "object" and tool["description"] for tool in tools)
    assert research["structuredContent"]["status"] == "completed"
    assert research["structuredContent"]["report"].startswith("Water boils")
    assert "Water boils" in report["contents"][0]["text"]
