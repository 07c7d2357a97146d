"""Whole runs of the scripted model, each on a house of its own."""

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
    """Runs a job to its report; returns its id."""

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
    """Three jobs of March 2025, in a partition of their own, and one of today."""
    await fetch(owner, "SELECT make_event_partition($1::timestamptz)", OLD)
    found = [await old_job(writer, OLD + timedelta(days=day)) for day in range(3)]
    await completed_job(writer)
    return found
