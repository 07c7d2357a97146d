"""Replay every run that a test here leaves behind.

Today's code must decide the same at each event.
"""

import pytest

from tests.replays import assert_all_replay


@pytest.fixture
async def house(house):
    yield house
    await assert_all_replay(house.engine)
