"""Whoever asks is answered, also at the moment when a lane ends."""

import asyncio

from app.store.batch import Batch


async def test_what_is_asked_in_the_turn_in_which_the_last_lane_ends_is_answered():
    async def doubled(items):
        return [2 * item for item in items]

    batch = Batch(doubled, lanes=1)

    async with asyncio.timeout(60):
        assert [await batch.ask(item) for item in range(5)] == [0, 2, 4, 6, 8]


async def asked_while_one_runs(patience: float, pause: float) -> list[list[int]]:
    """Ask for three items while nothing ends, and return the runs begun."""
    runs, held = list[list[int]](), asyncio.Event()

    async def run(items):
        runs.append(list(items))
        await held.wait()
        return items

    batch = Batch(run, patience=patience)
    asking = []
    for item in range(3):
        asking.append(asyncio.create_task(batch.ask(item)))
        await asyncio.sleep(pause)
    begun = list(runs)
    held.set()
    assert await asyncio.gather(*asking) == [0, 1, 2]
    assert sorted(item for items in runs for item in items) == [0, 1, 2]
    return begun


async def test_what_comes_while_a_run_is_young_goes_into_the_next_one_together():
    assert await asked_while_one_runs(patience=3600, pause=0.01) == [[0]]


async def test_a_run_that_takes_long_gets_another_one_beside_it():
    assert await asked_while_one_runs(patience=0.01, pause=0.02) == [[0], [1]]
    assert await asked_while_one_runs(patience=0.0, pause=0.001) == [[0], [1]]


async def test_what_waits_for_a_run_that_hangs_gets_another_one_though_nothing_else_is_asked():
    begun, held = asyncio.Event(), asyncio.Event()

    async def run(items):
        if items == ["hangs"]:
            begun.set()
            await held.wait()
        return items

    batch = Batch(run, patience=0.5)
    hanging = asyncio.create_task(batch.ask("hangs"))
    await begun.wait()
    async with asyncio.timeout(60):
        assert await batch.ask("waits") == "waits"
    held.set()
    assert await hanging == "hangs"


async def test_a_lane_that_is_free_is_taken_while_another_one_is_due():
    async def run(items):
        return items

    batch = Batch(run, patience=3600)
    async with asyncio.timeout(60):
        for round_ in range(3):
            assert await asyncio.gather(*(batch.ask(item) for item in range(3))) == [0, 1, 2]
            assert await batch.ask(round_) == round_
