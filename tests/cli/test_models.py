"""`dossier models`: what is configured, and a call of it."""

import asyncio
import os
import sys

import msgspec
import pytest

from tests.mocks.openai import OpenAIMock
from tests.mocks.serving import served


async def dossier(*arguments, **environment):
    """Run the command, returning its exit code, output and errors."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("DOSSIER_", "OPENAI_"))
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "models", *arguments,
        env={**plain, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_without_a_model_it_says_what_to_set():
    code, _, errors = await dossier()

    assert code == 1
    assert "Set OPENAI_API_KEY" in errors


@pytest.mark.parametrize(("profile", "code"), [("success", 0), ("auth_error", 1)])
async def test_a_test_makes_one_call_and_says_what_it_took(profile, code):
    mock = OpenAIMock(None)
    mock.play(profile)
    async with served(mock) as url:
        given = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": mock.key}
        ended, output, errors = await dossier("--test", "--json", **given)

    assert not errors
    [line] = map(msgspec.json.decode, output.splitlines())
    assert (ended, len(mock.requests)) == (code, 1)
    assert mock.key not in output
    if code:
        assert "OPENAI_API_KEY" in line["error"]
    else:
        assert (line["name"], line["form"], line["input_tokens"]) == ("gpt-6-luna", "strict", 1000)
        assert line["cost_usd"] == pytest.approx((600 * 0.10 + 400 * 0.01 + 200 * 0.50) / 1e6)
