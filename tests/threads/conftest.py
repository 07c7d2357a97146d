"""Every run that a test here leaves behind is replayed: today's code must decide the same at each event."""

import pytest

from tests.replays import assert_all_replay


@pytest.fixture
async def house(house):
    yield house
    await assert_all_replay(house.engine)
