"""Write one thing at a time, each to its end."""

import asyncio
import gc

import pytest

from app.domain.job import Job
from app.store.wake import Wake
from app.store.writer import Writer
from app.worker.attempt import Attempt


class Work:
    """A write that waits until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self) -> str:
        self.begun.set()
        await self.go_on.wait()
        self.done.set()
        return "written"


def attempt() -> Attempt:
    engine = None  # nothing here asks Postgres
    return Attempt(Writer(engine, Wake(engine, None)), Job("a"), "worker")


async def fail() -> None:
    raise ValueError("The database says no.")


async def test_in_turn_returns_what_the_work_returns_or_raises():
    one = attempt()
    work = Work()
    work.go_on.set()
    assert await one.in_turn(work) == "written"
    with pytest.raises(ValueError, match="says no"):
        await one.in_turn(fail)
    assert await one.in_turn(work) == "written", "an error leaves the next one its turn"


async def test_a_cancel_does_not_cut_what_is_being_written():
    one, work, after = attempt(), Work(), Work()
    caller = asyncio.create_task(one.in_turn(work))
    await work.begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    next_one = asyncio.create_task(one.in_turn(after))
    await asyncio.sleep(0)
    assert not work.done.is_set()
    assert not after.begun.is_set(), "it began in the middle of another's write"
    work.go_on.set()
    after.go_on.set()
    assert await next_one == "written"
    assert work.done.is_set()


async def test_an_error_that_nobody_waits_for_any_more_is_not_reported():
    one, work, complaints = attempt(), Work(), []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

    async def fail_late() -> None:
        await work()
        raise ValueError("too late")

    caller = asyncio.create_task(one.in_turn(fail_late))
    await work.begun.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    work.go_on.set()
    await work.done.wait()
    assert await one.in_turn(work) == "written"
    gc.collect()
    assert not complaints
