"""A whole research run, and the ways to tamper with a database as its owner."""

import asyncpg
import pytest

from app.domain.signature import generate, public_key, signer
from app.store.address import driver_url
from tests.conftest import serving
from tests.steps import until

OFF = (
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE checkpoints DISABLE TRIGGER ALL",
    "ALTER TABLE blobs DISABLE TRIGGER ALL",
)


async def researched(house, query="At what temperature does water boil?"):
    """A whole run of the scripted model, on a real server with a worker; returns its id as text."""
    import httpx

    async with serving(house) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        created = (await http.post("/jobs", json={"query": query})).json()

        async def over():
            return (await http.get(created["url"])).json()["status"] == "completed"

        await until(over, 30)
    return created["job_id"]


@pytest.fixture
async def tamper(database_url):
    """Runs statements as the owner of the tables, with every trigger off."""
    connection = await asyncpg.connect(driver_url(database_url))
    for statement in OFF:
        await connection.execute(statement)

    async def run(*statements):
        for statement in statements:
            await connection.execute(statement)

    run.connection = connection
    yield run
    await connection.close()


@pytest.fixture
def keys():
    """A signer, and its public key."""
    secret, public = generate()
    return signer(secret), public_key(public)
