"""When to reconnect, and when to give up."""

import asyncio
import random
import time

from dossier.problems import NoContact

RETRY = 1.0  # seconds; until the server names another delay
RETRY_BOUNDS = (0.1, 30.0)  # seconds; neither a hot loop nor a wait without end
BACKOFF_MOST = 10.0  # seconds
JITTER = 0.25  # added to the server's delay, so that readers do not reconnect all at once


class Patience:
    """Counts failed attempts since the last contact."""

    def __init__(self, seconds: float, url: str) -> None:
        self._seconds = seconds
        self._url = url
        self._lost_at: float | None = None  # when the first attempt failed; a slow reader loses nothing
        self._failures = 0
        self._retry = RETRY

    def heard(self, retry_ms: int | None = None) -> None:
        """Note contact, and the delay that the server asked for."""
        self._lost_at = None
        self._failures = 0
        if retry_ms is not None:
            least, most = RETRY_BOUNDS
            self._retry = min(most, max(least, retry_ms / 1000))

    async def wait_as_told(self) -> None:
        """Wait as long as the server asked for, plus jitter."""
        await self._sleep(self._retry * random.uniform(1, 1 + JITTER))

    async def wait(self, why: str, at_least: float | None = None) -> None:
        """Wait after a failure: exponential, with full jitter.

        Raises NoContact once patience is over.
        """
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        longest = min(BACKOFF_MOST, self._retry * 2**self._failures)
        self._failures = min(self._failures + 1, 16)  # bounded, so that the power stays finite
        if self._left() <= 0:
            raise NoContact(f"No contact with {self._url} for {self._seconds:g} s ({why}).")
        await self._sleep(max(at_least or 0.0, random.uniform(0, longest)))

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, min(seconds, self._left())))

    def _left(self) -> float:
        return self._seconds - (time.monotonic() - self._lost_at if self._lost_at else 0)
