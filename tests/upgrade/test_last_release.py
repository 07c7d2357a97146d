"""The last release and today's code share a database during an upgrade.

They do so before and after it, too.
"""

import asyncio
import os
import re
import subprocess
import sys
from uuid import UUID, uuid4

import httpx
import pytest

from app.audit.verify import verify
from app.cli import exits
from app.store.database import fetch
from app.store.migrate import migrate
from tests.chaos.processes import KNOBS, Fleet
from tests.conftest import execute
from tests.databases import with_database
from tests.mocks.openai import OpenAIMock
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock
from tests.replays import assert_all_replay
from tests.steps import until
from tests.upgrade.release import ROOT, last_release, unpack

UNFINISHED = "SELECT count(*) FROM jobs WHERE status <> 'completed'"
CLAIMED = "SELECT DISTINCT job_id FROM events WHERE type = 'attempt_started' AND actor = $1"
WORKER = re.compile(r"Worker (\S+) works")
OF_EACH = "SELECT DISTINCT actor FROM events WHERE type = 'attempt_started'"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The folder of the last release's code."""
    return unpack(last_release(), tmp_path_factory.mktemp("release"))


@pytest.fixture
async def providers():
    model, search = OpenAIMock(None), TavilyMock(None)
    for mock in (model, search):
        mock.play("slow")
        mock.delay = 0.1
    async with served(model) as to_model, served(search) as to_search:
        yield {
            "OPENAI_BASE_URL": to_model,
            "TAVILY_BASE_URL": to_search,
            "TAVILY_API_KEY": "tvly-test",
            "DOSSIER_LOG_LEVEL": "INFO",
        }


async def submit(server, number):
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        assert (await http.get("/health/ready")).status_code == 200
        answer = await http.post("/jobs", json={"query": f"At how many degrees does water boil? ({number})"})
        return answer.raise_for_status().json()["job_id"]


async def lines(server, job_id):
    """Return the id and type of each event that a stream shows."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        text = (await http.get(f"/jobs/{job_id}/stream")).text
    return [line for line in text.splitlines() if line.startswith(("id:", "event:"))]


async def test_both_versions_work_on_jobs_of_the_next_schema(
    release, database_url, engine, providers, tmp_path
):
    fleet = Fleet(database_url, tmp_path)
    old = {"PYTHONPATH": str(release)}
    servers = fleet.server(**old), fleet.server()
    old_worker = fleet.worker(2, **old, **providers)
    fleet.worker(2, **providers)
    try:
        await fleet.start()
        jobs = [await submit(servers[0], 0), await submit(servers[1], 1)]
        while len(await fetch(engine, OF_EACH)) < len(servers):
            jobs.append(await submit(servers[len(jobs) % 2], len(jobs)))
        await until(lambda: all_ended(engine))
        for job_id in jobs:
            assert await lines(servers[0], job_id) == await lines(servers[1], job_id)
    finally:
        fleet.stop()
    assert [str(finding) for finding in (await verify(database_url, processes=1)).findings] == []
    hands_back = (release / "app/worker/newer_jobs.py").exists()  # the first release did not yet
    beyond = set() if hands_back else {UUID(job) for job in jobs[1::2]} & await worked_by(engine, old_worker)
    assert await assert_all_replay(engine, beyond) == len(jobs) - len(beyond)


async def worked_by(engine, worker):
    """The jobs that a worker claimed."""
    actor = f"worker:{WORKER.search(worker.said())[1]}"
    return {row[0] for row in await fetch(engine, CLAIMED, actor)}


async def all_ended(engine):
    return not (await fetch(engine, UNFINISHED))[0][0]


def dossier(release, url, *arguments):
    """Run a command of the last release on this database."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(KNOBS)}
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *arguments],
        env={**ours, "PYTHONPATH": str(release), "DATABASE_URL": url},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


async def test_a_rollback_is_a_sentence(release, database_url):
    said = await asyncio.to_thread(dossier, release, database_url, "migrate")
    assert said.returncode == 0, said.stderr
    assert "a newer version needs. This one runs on it too." in said.stdout


async def test_todays_code_does_not_start_on_the_schema_of_the_last_release(release, postgres_url):
    name = f"dossier_{uuid4().hex[:12]}"
    await execute(postgres_url, f"CREATE DATABASE {name}")
    url = with_database(postgres_url, name)
    try:
        assert (await asyncio.to_thread(dossier, release, url, "migrate")).returncode == 0
        said = await asyncio.to_thread(dossier, ROOT, url, "worker")
        assert said.returncode == exits.FAILED.number, said.stderr
        assert "dossier migrate" in said.stderr
        assert "Traceback" not in said.stderr
        await asyncio.to_thread(migrate, url)
    finally:
        await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
