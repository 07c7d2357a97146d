"""A provider that fails again and again is left alone for a while, by all jobs of the process.

Otherwise a thousand jobs would hammer it, each with its own retries. One job after the other tries it
again once the pause is over; the first success closes the breaker.
"""

import time

from app.errors import ProviderAway, ProviderError

FAILURES = 5  # in a row until it opens
PAUSE = (5.0, 120.0)  # seconds: the first pause, and the longest; doubled each time that it fails again
OUTAGES = frozenset({"network", "timeout", "rate_limit"})  # what says something about the provider


class Breaker:
    """The state of one provider in one process."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._failures = 0
        self._pause = PAUSE[0]
        self._open_until = 0.0

    def check(self) -> None:
        """Raises ProviderAway while the breaker is open."""
        left = self._open_until - time.monotonic()
        if left > 0:
            raise ProviderAway(self._provider, left)
        if self._failures >= FAILURES:
            # One try goes through; the others wait until it has come back.
            self._open_until = time.monotonic() + PAUSE[0]

    def succeeded(self) -> None:
        """The provider answered."""
        self._failures, self._pause, self._open_until = 0, PAUSE[0], 0.0

    def failed(self, error: ProviderError) -> None:
        """The provider did not answer; errors that are about the request do not count."""
        if error.error_type not in OUTAGES:
            return
        self._failures += 1
        if self._failures >= FAILURES:
            self._open_until = time.monotonic() + max(self._pause, error.retry_after or 0.0)
            self._pause = min(PAUSE[1], 2 * self._pause)
