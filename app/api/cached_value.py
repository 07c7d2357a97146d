"""Share a value among all who ask within a few seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class CachedValue(Generic[ValueT]):
    """A value that is looked up at most once in `seconds`.

    This holds however many callers ask at once. They share a failure too: one after the other they would
    each wait for a database that is away.
    """

    def __init__(self, look_up: Callable[[], Awaitable[ValueT]], seconds: float) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._looking: asyncio.Task[ValueT] | None = None
        self._value: ValueT
        self._until = 0.0

    async def get(self) -> ValueT:
        """Return the value, not older than that."""
        if time.monotonic() < self._until:
            return self._value
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)  # a caller who leaves does not end it for the others

    async def _look(self) -> ValueT:
        try:
            self._value = await self._look_up()
            self._until = time.monotonic() + self._seconds
        finally:
            self._looking = None
        return self._value
