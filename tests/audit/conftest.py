"""Make a finished job, and tamper with it as the database's owner."""

import asyncpg
import pytest

from app.domain.signature import generate, public_key, signer
from app.store.address import driver_url
from tests.steps import claimed_job, submitted_job
from tests.worker.crashes import run_once

# Of this session alone: to disable a trigger changes the schema, and the database would serve no other test.
OFF = "SET session_replication_role = replica"


async def researched(house, query="At what temperature does water boil?", **fields):
    """Run a job with the scripted model, and return its id."""
    await submitted_job(house.writer, query=query, **fields)
    job = await claimed_job(house.writer)
    await run_once(house, job, house.writer)
    return str(job.id)


@pytest.fixture
async def tamper(database_url):
    """Runs statements as the owner of the tables, with every trigger off."""
    connection = await asyncpg.connect(driver_url(database_url))
    await connection.execute(OFF)

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
