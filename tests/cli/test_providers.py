"""`dossier ask` plays a whole job against stand-ins for OpenAI and Tavily."""

import asyncio
import json
import os
import sys

from tests.mocks.openai import OpenAIMock
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock


async def dossier(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command, returning its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "app", *arguments,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_whole_job_runs_on_any_conforming_model_and_search(tmp_path, database_url):
    model, search = OpenAIMock(None), TavilyMock(None)
    async with served(model) as model_url, served(search) as search_url:
        code, out, err = await dossier(
            "ask", "At what temperature does water boil?", "--effort", "quick", "--json",
            DOSSIER_HOME=str(tmp_path), DOSSIER_URL="", DATABASE_URL=database_url,
            OPENAI_API_KEY="sk-test-1234567890", OPENAI_BASE_URL=f"{model_url}/v1",
            TAVILY_API_KEY="tvly-test-1234567890", TAVILY_BASE_URL=search_url,
        )  # fmt: skip

    assert code == 0, err
    job = json.loads(out)
    assert job["result"]["stop_reason"] == "answered"
    assert job["result"]["claims"]
    assert job["usage"]["input_tokens"] > 0
    assert len(model.requests) == job["usage"]["model_calls"]
    assert "1234567890" not in out + err


async def test_a_refused_key_ends_the_job_at_once_and_says_which(tmp_path, database_url):
    model = OpenAIMock(None)
    model.play("auth_error")
    async with served(model) as model_url:
        code, _, err = await dossier(
            "ask", "why?",
            DOSSIER_HOME=str(tmp_path), DOSSIER_URL="", DATABASE_URL=database_url,
            OPENAI_API_KEY="sk-test-1234567890", OPENAI_BASE_URL=f"{model_url}/v1",
        )  # fmt: skip

    assert code == 1
    assert "OPENAI_API_KEY" in err
    assert "1234567890" not in err
    assert len(model.requests) == 1
