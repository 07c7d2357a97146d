"""Share a seeded history, and connections in the role of its reader."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.store import analyst_session
from app.store.database import make_engine
from tests.conftest import execute, with_database
from tests.reporting import bulk, history


async def _database(postgres_url, template) -> AsyncIterator[str]:
    name = f"dossier_report_{uuid4().hex[:8]}"
    await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield with_database(postgres_url, name)
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="package")
async def seeded_url(postgres_url, template) -> AsyncIterator[str]:
    """A database with the eight jobs of `history`."""
    async for url in _database(postgres_url, template):
        engine, owner = make_engine(url), make_engine(url, role=None)
        await history.write(engine, owner)
        await engine.dispose()
        await owner.dispose()
        yield url


@pytest.fixture
async def analyst(seeded_url):
    """A connection to it as `dossier sql` makes it."""
    async with analyst_session.connected(seeded_url, 60) as connection:
        yield connection


@pytest.fixture(scope="package")
async def bulky_url(postgres_url, template) -> AsyncIterator[str]:
    """A database with 200,000 events in twelve months."""
    async for url in _database(postgres_url, template):
        await bulk.make(url, 4000)
        yield url
