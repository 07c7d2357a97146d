import asyncio

import pytest

from app.errors import DatabaseUnavailable
from app.store.renewed_value import RenewedValue


class Counted:
    """Counts its looks, each of which waits until it may end."""

    def __init__(self):
        self.looks, self.may_end = 0, asyncio.Event()

    async def look(self):
        self.looks += 1
        number = self.looks
        await self.may_end.wait()
        return number


async def test_all_wait_for_the_first_value_and_one_for_each_later_one():
    counted = Counted()
    value = RenewedValue(counted.look)
    first = [asyncio.create_task(value.get(0.0)) for _ in range(5)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in first)
    counted.may_end.set()
    known = max(await asyncio.gather(*first))

    counted.may_end.clear()
    renewing = asyncio.create_task(value.get(0.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        assert [await value.get(0.0) for _ in range(5)] == [known] * 5
    counted.may_end.set()
    assert await renewing == known + 1 == counted.looks


async def test_a_young_value_is_not_looked_up_again():
    counted = Counted()
    counted.may_end.set()
    value = RenewedValue(counted.look)
    assert [await value.get(3600.0) for _ in range(3)] == [1, 1, 1]


async def test_a_look_that_fails_is_told_to_who_asked_and_made_again():
    answers = iter([DatabaseUnavailable("away"), 7])

    async def look():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    value = RenewedValue(look)
    with pytest.raises(DatabaseUnavailable):
        await value.get(3600.0)
    assert await value.get(3600.0) == 7
