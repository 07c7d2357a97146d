"""Play whole jobs with the scripted model, each on its own house."""

import asyncio
import os
import sys
from datetime import timedelta
from uuid import UUID

import pytest

from app.store.database import fetch
from tests.audit.conftest import researched, tamper  # noqa: F401 - a fixture
from tests.conftest import FAST, TestHouse
from tests.steps import completed_job
from tests.upkeep.old_jobs import OLD, old_job


@pytest.fixture
def ask(database_url):
    """Run a job to its report, and return its id."""

    async def run(query="At what temperature does water boil?") -> UUID:
        house = TestHouse(FAST, database_url)
        try:
            return UUID(await researched(house, query))
        finally:
            await house.engine.dispose()

    return run


@pytest.fixture
async def job(ask) -> UUID:
    return await ask()


@pytest.fixture
async def old(writer, owner) -> list[UUID]:
    """Make three jobs in a partition of March 2025, and one today."""
    await fetch(owner, "SELECT make_event_partition($1::timestamptz)", OLD)
    found = [await old_job(writer, OLD + timedelta(days=day)) for day in range(3)]
    await completed_job(writer)
    return found


@pytest.fixture
def dossier(database_url, tmp_path):
    """Run the command, returning its exit code and output."""

    async def run(*arguments):
        environment = {**os.environ, "DATABASE_URL": database_url, "DOSSIER_HOME": str(tmp_path / "home")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", *arguments, env=environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 90)
        return process.returncode, out.decode(), err.decode()

    return run
