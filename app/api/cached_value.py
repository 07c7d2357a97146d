"""Share a value among all who ask within a few seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class CachedValue(Generic[ValueT]):
    """A value that is looked up at most once in `seconds`.

    This holds however many callers ask at once.
    """

    def __init__(self, look_up: Callable[[], Awaitable[ValueT]], seconds: float) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._value: ValueT
        self._until = 0.0

    async def get(self) -> ValueT:
        """The value, not older than that."""
        async with self._lock:
            if time.monotonic() >= self._until:
                self._value = await self._look_up()
                self._until = time.monotonic() + self._seconds
            return self._value
