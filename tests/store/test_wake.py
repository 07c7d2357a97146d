"""The bell survives whatever Postgres says, and listens again."""

import asyncio
import contextlib
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from app.store import wake
from app.store.database import make_engine
from app.store.wake import Hint, Wake
from tests.conftest import execute, with_database
from tests.steps import until

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"


@contextlib.asynccontextmanager
async def running(url):
    """A bell, and the hints that it hears from others."""
    engine, heard = make_engine(url), []
    bell = Wake(engine, url)
    bell.subscribe(heard.append)
    task = asyncio.create_task(bell.run())
    await until(lambda: is_true(heard))
    yield bell, heard, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await engine.dispose()


async def is_true(found):
    return bool(found)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(wake, "RECONNECT", (0.02, 0.05))


async def test_a_refusal_that_is_no_outage_does_not_silence_the_bell_for_good(database_url):
    """As after a password was changed, or while a database is being renamed."""
    name = make_url(database_url).database
    admin = with_database(database_url, "postgres")
    async with running(database_url) as (bell, heard, task), running(database_url) as (other, *_):
        await execute(admin, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", CUT.format(name=name))
        bell.ring(Hint(frozenset({uuid4()})))  # neither is a notify that cannot be sent
        await asyncio.sleep(0.3)
        await execute(admin, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        heard.clear()
        await until(lambda: is_true(heard))
        heard.clear()

        hint = Hint(frozenset({uuid4()}))
        other.ring(hint)
        await until(lambda: is_true(heard))

        assert heard[-1].job_ids == hint.job_ids
        assert not task.done()
