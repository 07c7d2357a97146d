"""Know a value that is looked up again when it is old."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from app.store.batch import Batch

ValueT = TypeVar("ValueT")


class RenewedValue(Generic[ValueT]):
    """A value that one of its readers renews when it is old.

    The others go on with the one before: else all requests would wait, each time. Only for the first one
    everybody waits.
    """

    def __init__(self, look_up: Callable[[], Awaitable[ValueT]]) -> None:
        self._look_up = look_up
        self._known: tuple[ValueT] | None = None
        self._at = float("-inf")  # of the monotonic clock
        self._is_looking = False
        self._looks: Batch[None, ValueT] = Batch(self._look, lanes=1)

    async def get(self, seconds: float) -> ValueT:
        """Return the value, renewed where it is so many seconds old.

        Raises what looking it up raises.
        """
        if self._known and (self._is_looking or time.monotonic() - self._at < seconds):
            return self._known[0]
        return await self._looks.ask(None)

    async def _look(self, asked: Sequence[None]) -> Sequence[ValueT]:
        self._is_looking, began = True, time.monotonic()
        try:
            self._known = (await self._look_up(),)
            self._at = began
        finally:
            self._is_looking = False
        return [self._known[0]] * len(asked)
