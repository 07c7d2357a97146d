"""Run a coroutine without a task until it first waits.

Most writes end at once, and a task costs more.
"""

import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any


def step(work: Coroutine[Any, None, None]) -> Awaitable[None] | None:
    """Run `work` until it waits.

    Return what is left to await. None if it has ended.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:  # the work is done
        return None
    return _rest(work, waits_for)


@types.coroutine
def _rest(work: Coroutine[Any, None, None], waits_for: object) -> Generator[object, Any, None]:
    """Pass on what `work` waits for, then continue it."""
    try:
        yield waits_for
    except BaseException:
        work.close()
        raise
    yield from work
