"""Every connection of the application has timeouts, whoever opened it."""

import asyncio
import inspect

import asyncpg
import pytest

from app.errors import DatabaseUnavailable
from app.store import analyst_session, database
from app.store.database import COMMAND_TIMEOUT, SERVER_SETTINGS, connect, fetch, make_engine
from app.store.session import Session
from app.worker.beats import Beats
from tests.steps import LEASE, claimed_job, submitted_job, until

NAMES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
SHOWN = ", ".join(f"current_setting('{name}')" for name in NAMES)


def assert_bounded(row):
    assert dict(zip(NAMES, row, strict=True)) == {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "30s",
    }


@pytest.mark.parametrize("role", ["dossier_app", None])
async def test_the_pools_of_the_application_and_of_the_owner(database_url, role):
    engine = make_engine(database_url, role=role)
    [row] = await fetch(engine, f"SELECT {SHOWN}")
    await engine.dispose()

    assert_bounded(row)


async def test_a_connection_outside_the_pool(database_url):
    connection = await connect(database_url)
    assert_bounded(await connection.fetchrow(f"SELECT {SHOWN}"))
    assert (
        connection._config.command_timeout == COMMAND_TIMEOUT
    )  # also where the server is gone without a word
    await connection.close()


@pytest.fixture
def opened(monkeypatch):
    """Every connection that the driver opens meanwhile."""
    found, plain = [], asyncpg.connect

    async def note(*args, **given):
        found.append(await plain(*args, **given))
        return found[-1]

    monkeypatch.setattr(asyncpg, "connect", note)
    return found


async def test_the_one_that_listens(house, opened):
    heard = []
    house.wake.subscribe(heard.append)
    running = asyncio.create_task(house.wake.run())

    async def listening():
        return heard  # the first hint says that it listens

    await until(listening)
    for connection in opened:
        assert_bounded(await connection.fetchrow(f"SELECT {SHOWN}"))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_one_that_beats(writer, database_url, opened):
    import time

    from app.store import queue

    await submitted_job(writer)
    job = await claimed_job(writer)
    beats = Beats(database_url, LEASE, lambda _lost: None)
    beats.hold([queue.Lease(job.id, job.epoch, job.updated_at)], time.monotonic())

    connection = await beats._beat(None)
    assert connection in opened
    assert_bounded(await connection.fetchrow(f"SELECT {SHOWN}"))
    await connection.close()


async def test_a_lock_that_somebody_holds_is_not_waited_for_for_ever(writer, engine, owner, monkeypatch):
    """The statement is given up as an outage, which the caller retries."""
    monkeypatch.setitem(SERVER_SETTINGS, "lock_timeout", "200")
    job = await submitted_job(writer)
    holder = await asyncpg.connect(database.driver_url(owner._url))
    await holder.execute(f"BEGIN; SELECT FROM jobs WHERE job_id = '{job.id}' FOR UPDATE")
    impatient = make_engine(owner._url)

    with pytest.raises(database.DatabaseUnavailable):
        await fetch(impatient, "SELECT FROM jobs WHERE job_id = $1 FOR UPDATE", job.id)
    await impatient.dispose()
    await holder.close()


async def test_an_alarm_cuts_the_statement_that_it_is_for(database_url, monkeypatch):
    """The alarm of the first statement rings while the second one runs."""
    engine = make_engine(database_url, pool_size=1)
    for seconds, sql in ((2.0, "SELECT 1"), (60.0, "SELECT pg_sleep(2.2)")):
        monkeypatch.setattr(database, "COMMAND_TIMEOUT", seconds)
        await fetch(engine, sql)

    monkeypatch.setattr(database, "COMMAND_TIMEOUT", 0.2)
    with pytest.raises(database.DatabaseUnavailable):
        await fetch(engine, "SELECT pg_sleep(20)")
    assert engine.connections() == (0, 0, 0)  # not cancelled by the server, which has 30 s
    await engine.dispose()


def test_no_other_place_opens_connections():
    """`dossier sql` and migrations have timeouts of their own.

    The reader chooses those of `dossier sql`, and migrations may take long.
    """
    from pathlib import Path

    import app

    folder = Path(app.__file__).parent
    opens = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if "asyncpg.connect(" in (text := path.read_text()) or "create_pool(" in text
    }
    assert opens == {"store/database.py", "store/analyst_session.py"}
    assert "statement_timeout" in inspect.getsource(analyst_session)


async def test_a_connection_that_is_cut_while_a_statement_is_prepared_is_away(engine, monkeypatch):
    """The driver has no word of its own for it."""
    look_up = Session._introspect_types

    async def cut(connection, *args):
        connection.terminate()
        return await look_up(connection, *args)

    monkeypatch.setattr(Session, "_introspect_types", cut)
    with pytest.raises(DatabaseUnavailable):
        await fetch(engine, "SELECT $1::jobs[]", [])
