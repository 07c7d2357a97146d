"""A value is looked up once for all who ask."""

import asyncio

import pytest

from app.api.cached_value import CachedValue
from app.errors import DatabaseUnavailable


class Figures:
    """Counts the looks, each of which waits for `answer`."""

    def __init__(self):
        self.looks = 0
        self.answer = asyncio.get_running_loop().create_future()

    async def look(self):
        self.looks += 1
        return await asyncio.shield(self.answer)


async def test_all_who_ask_at_once_share_one_look():
    figures = Figures()
    value = CachedValue(figures.look, 60.0)

    asked = [asyncio.create_task(value.get()) for _ in range(3)]
    await asyncio.sleep(0)
    figures.answer.set_result(7)

    assert await asyncio.gather(*asked) == [7, 7, 7]
    assert await value.get() == 7
    assert figures.looks == 1


async def test_all_who_wait_share_a_failure_and_the_next_one_looks_again():
    figures = Figures()
    value = CachedValue(figures.look, 60.0)

    asked = [asyncio.create_task(value.get()) for _ in range(3)]
    await asyncio.sleep(0)
    figures.answer.set_exception(DatabaseUnavailable("away"))
    found = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in found] == [DatabaseUnavailable] * 3
    assert figures.looks == 1
    with pytest.raises(DatabaseUnavailable):
        await value.get()
    assert figures.looks == 2


async def test_who_leaves_does_not_end_the_look_of_the_others():
    figures = Figures()
    value = CachedValue(figures.look, 60.0)

    leaving, staying = asyncio.create_task(value.get()), asyncio.create_task(value.get())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    figures.answer.set_result(7)

    assert await staying == 7
    assert leaving.cancelled()
