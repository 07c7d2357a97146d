"""Play all causes on one server, and read them through every door."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from msgspec import Struct

from app.settings import Settings
from tests.conftest import execute, serving, with_database
from tests.outcomes.causes import CAUSES, QUESTION, CausedHouse
from tests.steps import until

PATIENCE = 90.0  # seconds for all jobs together


class Ended(Struct, frozen=True):
    """A server whose jobs are over, and their ids by their causes."""

    url: str
    database_url: str
    job_ids: dict[str, str]


@pytest.fixture(scope="package")
async def ended(postgres_url: str, template: str) -> AsyncIterator[Ended]:
    """Each cause has happened to a job of its own."""
    name = f"dossier_{uuid4().hex[:12]}"
    await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    database_url = with_database(postgres_url, name)
    async with serving(CausedHouse(Settings(drain_seconds=0.1), database_url), workers=len(CAUSES)) as url:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as http:
            made = await asyncio.gather(*(_played(http, cause) for cause in CAUSES))
        yield Ended(url, database_url, dict(zip(CAUSES, made, strict=True)))
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _played(http: httpx.AsyncClient, name: str) -> str:
    """Submit a cause's question, act as its caller, and await the end."""
    cause = CAUSES[name]
    created = (
        await http.post("/jobs", json={"query": QUESTION, "tags": [name], "model": name, **cause.request})
    ).json()
    at = created["url"]

    async def hangs():
        log = (await http.get(f"{at}/events")).json()["events"]
        asked = [event["data"]["key"] for event in log if event["type"] == "call_requested"]
        return f"{cause.model_hangs_at}/model" in asked

    if cause.then:
        await until(hangs, PATIENCE)
        answer = await (http.delete(at) if cause.then == "cancel" else http.post(f"{at}/finish"))
        assert answer.is_success, answer.text

    async def over():
        return (await http.get(at)).json()["status"] in {"completed", "failed", "cancelled"}

    await until(over, PATIENCE)
    return created["job_id"]
