"""Share a house among a module's tests whose requests do not meet."""

import pytest

from tests.conftest import FAST, TestHouse
from tests.steps import completed_job


@pytest.fixture(scope="module")
async def front_house(databases):
    """A house of its own database, with nothing running yet."""
    url = await databases.take()
    house = TestHouse(FAST, url)
    yield house
    await house.engine.dispose()
    await databases.give_back(url)


@pytest.fixture(scope="module")
async def over(front_house):
    """The id of a completed job of that house."""
    return (await completed_job(front_house.writer)).id
