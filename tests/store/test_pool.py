"""The pool lends working connections, never too many, and loses no place."""

import asyncio
import gc

import pytest

from app.store import pool
from app.store.database import dial
from app.store.pool import Pool


@pytest.fixture
async def opened():
    """Every connection that a pool of the test opens."""
    return []


@pytest.fixture
async def two(database_url, opened):
    """A pool of two connections."""

    async def open_session():
        opened.append(await dial(database_url))
        return opened[-1]

    made = Pool(open_session, 2)
    yield made
    made.close()


async def taken(lender, count):
    return [await lender.take() for _ in range(count)]


async def test_the_connection_used_last_is_lent_first(two, opened):
    first, second = await taken(two, 2)
    two.give_back(second)
    two.give_back(first)

    assert await two.take() is first
    assert len(opened) == 2
    assert (two.lent, two.idle) == (1, 1)


async def test_a_second_statement_after_the_first_needs_no_second_connection(two, opened):
    for _ in range(3):
        session = await two.take()
        assert await session.run("SELECT 1")
        two.give_back(session)

    assert len(opened) == 1


async def test_who_comes_when_all_are_lent_gets_the_first_that_is_given_back(two, opened):
    first, _ = await taken(two, 2)
    waiting = asyncio.create_task(two.take())
    await asyncio.sleep(0)
    assert not waiting.done()

    two.give_back(first)
    assert await waiting is first
    assert len(opened) == 2


async def test_one_is_opened_at_a_time_and_who_waits_takes_what_comes_back(two, opened):
    working, may_open = two._open_session, asyncio.Semaphore(1)

    async def open_session():
        await may_open.acquire()
        return await working()

    three = Pool(open_session, 3)
    first = await three.take()
    opens, waits = (asyncio.create_task(three.take()) for _ in range(2))
    await asyncio.sleep(0)
    three.give_back(first)

    assert await waits is first
    assert not opens.done()
    may_open.release()
    assert await opens is opened[1]
    three.close()


async def test_who_waits_opens_one_itself_where_that_failed_or_was_given_up(two, opened):
    working, held = two._open_session, asyncio.Event()

    async def open_session():
        two._open_session = working
        await held.wait()
        raise OSError("refused")

    two._open_session = open_session
    fails = asyncio.create_task(two.take())
    await asyncio.sleep(0)
    waits = asyncio.create_task(two.take())
    await asyncio.sleep(0)
    assert not opened

    held.set()
    with pytest.raises(OSError, match="refused"):
        await fails
    assert await waits is opened[0]


async def test_who_waits_too_long_or_gives_up_takes_no_place_along(two, monkeypatch):
    first, second = await taken(two, 2)
    monkeypatch.setattr(pool, "POOL_TIMEOUT", 0.01)
    with pytest.raises(TimeoutError):
        await two.take()
    gone = asyncio.create_task(two.take())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)

    two.give_back(first)
    two.give_back(second)
    monkeypatch.undo()
    assert {first, second} == set(await taken(two, 2))


async def test_a_connection_that_cannot_be_opened_takes_no_place_along(two, opened):
    working, fails = two._open_session, iter([True, True, True])

    async def open_session():
        if next(fails, False):
            raise OSError("refused")
        return await working()

    two._open_session = open_session
    for _ in range(3):
        with pytest.raises(OSError, match="refused"):
            await two.take()

    assert await taken(two, 2) == opened


async def test_a_connection_that_was_cut_is_not_lent(two):
    first = await two.take()
    two.give_back(first)
    first.terminate()

    second = await two.take()
    assert second is not first
    assert await second.run("SELECT 1")
    assert two.idle == 0


async def test_a_connection_in_a_transaction_is_not_kept(two):
    first = await two.take()
    await first.execute("BEGIN")
    two.give_back(first)

    assert first.is_closed()
    assert await two.take() is not first


async def test_a_connection_whose_statement_was_cancelled_goes_on(two, opened):
    session = await two.take()
    asked = asyncio.create_task(session.run("SELECT pg_sleep(60)"))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    two.give_back(session)

    again = await two.take()
    assert (await again.run("SELECT 7"))[0][0] == 7
    assert opened == [session]


async def test_a_connection_that_is_old_is_replaced(two):
    first = await two.take()
    first.opened_at -= pool.MAX_AGE
    two.give_back(first)

    assert first.is_closed()


async def test_a_connection_that_nobody_needs_is_closed(two):
    first, second = await taken(two, 2)
    two.give_back(first)
    first.used_at -= 2 * pool.MAX_IDLE
    two.give_back(second)

    assert first.is_closed()
    assert not second.is_closed()


async def test_closing_cuts_those_that_are_lent_too(two):
    first, second = await taken(two, 2)
    two.give_back(first)
    two.close()
    two.give_back(second)

    assert first.is_closed()
    assert second.is_closed()
    assert (two.lent, two.idle) == (0, 0)


async def test_a_pool_that_nobody_closed_cuts_its_connections(database_url):
    lost = Pool(lambda: dial(database_url), 1)
    session = await lost.take()
    lost.give_back(session)
    assert not session.is_closed()

    def lose():
        nonlocal lost
        lost = None
        gc.collect()

    await asyncio.to_thread(lose)
    await asyncio.sleep(0)
    assert session.is_closed()
