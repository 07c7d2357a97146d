"""Run a coroutine as far as it goes without a task: most writes end at once, and a task costs more."""

import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any


def step(work: Coroutine[Any, None, None]) -> Awaitable[None] | None:
    """Run `work` until it waits; None if it has ended, else what is left of it, to be awaited once."""
    try:
        waits_for = work.send(None)
    except StopIteration:  # the work is done
        return None
    return _rest(work, waits_for)


@types.coroutine
def _rest(work: Coroutine[Any, None, None], waits_for: object) -> Generator[object, Any, None]:
    """Hand on what `work` waits for, then run it as if it had been awaited from the start."""
    try:
        yield waits_for
    except BaseException:
        work.close()
        raise
    yield from work
