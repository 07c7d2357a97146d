"""Tell a host of progress that only grows, as the protocol demands."""

from collections.abc import Awaitable, Callable

TellProgress = Callable[[float, str], Awaitable[None]]


class GrowingProgress:
    """Passes on each progress that is greater than all before."""

    def __init__(self, tell: TellProgress) -> None:
        self._tell = tell
        self._told = -1.0

    async def __call__(self, progress: float, step: str) -> None:
        """Tell the progress, unless it did not grow."""
        if progress > self._told:
            self._told = progress
            await self._tell(progress, step)
