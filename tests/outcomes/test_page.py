"""The page, the view and the report agree on an ending."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from tests.folds.test_page import NODE, WEB, node
from tests.outcomes.causes import CAUSES

SCRIPT = Path(__file__).parent / "page.mjs"

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="package")
async def on_page(ended):
    """What the page says of each cause, from its events alone."""
    async with httpx.AsyncClient(base_url=ended.url, trust_env=False) as http:
        asked = (http.get(f"/jobs/{job}/events", params={"limit": 1000}) for job in ended.job_ids.values())
        pages = [answer.json()["events"] for answer in await asyncio.gather(*asked)]
    logs = json.dumps(dict(zip(ended.job_ids, pages, strict=True)))
    return json.loads(await asyncio.to_thread(node, SCRIPT, WEB.as_uri(), text=logs))


@pytest.mark.parametrize("name", CAUSES)
async def test_the_page_shows_the_badge_and_the_reason_that_the_report_gives(ended, on_page, name):
    cause, shown, job_id = CAUSES[name], on_page[name], ended.job_ids[name]
    async with httpx.AsyncClient(base_url=ended.url, trust_env=False) as http:
        view = (await http.get(f"/jobs/{job_id}")).json()
        report = (await http.get(f"/jobs/{job_id}/report", headers={"Accept": "text/plain"})).text

    assert shown["badge"] == cause.badge
    assert (shown["step"], shown["progress"]) == (view["current_step"], view["progress"])
    if cause.status == "completed" and cause.stop_reason != "answered":
        assert shown["why"] in " ".join(report.split())
