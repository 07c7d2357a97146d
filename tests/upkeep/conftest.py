"""Whole runs of the scripted model, each on a house of its own."""

from uuid import UUID

import pytest

from tests.audit.conftest import researched, tamper  # noqa: F401 - a fixture
from tests.conftest import FAST, TestHouse


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
