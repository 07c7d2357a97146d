"""Whoever asks is answered, also at the moment when a lane ends."""

import asyncio

from app.store.batch import Batch


async def test_what_is_asked_in_the_turn_in_which_the_last_lane_ends_is_answered():
    async def doubled(items):
        return [2 * item for item in items]

    batch = Batch(doubled, lanes=1)

    async with asyncio.timeout(60):
        assert [await batch.ask(item) for item in range(5)] == [0, 2, 4, 6, 8]
