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

LISTENING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


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
    """Listening resumes after a refusal that is no outage.

    That is what a changed password or a database that is being renamed gives.
    """
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


async def test_a_listen_that_fails_is_logged_once_and_tried_again(database_url, monkeypatch, caplog):
    tries, real = [], wake.connect

    async def refused(url):
        tries.append(url)
        if 1 < len(tries) < 6:
            raise OSError("no route to host")
        return await real(url)

    monkeypatch.setattr(wake, "connect", refused)
    async with running(database_url) as (_, heard, _):
        heard.clear()
        await execute(database_url, LISTENING)
        await until(lambda: is_true(heard))  # it listens again

    said = [record for record in caplog.records if "LISTEN failed" in record.getMessage()]
    assert len(tries) >= 6
    assert [record.levelname for record in said] == ["WARNING"]
    assert "trying again" in said[0].getMessage()
