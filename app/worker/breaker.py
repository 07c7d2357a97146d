"""Stop calls to a failing provider for a while, in all jobs.

Otherwise a thousand jobs would hammer it, each with its own retries. Once the pause is over one try goes
through, the probe; its success closes the breaker. A pause grows with the outage, so that a long one
costs a job few events, and a short one is over soon after the provider is back.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from app.errors import ProviderAway, ProviderError

FAILURES_TO_OPEN = 3  # in a row until it opens: fewer than the tries of one call
PAUSE_SHARE = 0.5  # of the outage so far that the next pause takes
OUTAGES = frozenset({"network", "timeout", "rate_limit"})  # what says something about the provider

# A provider, and the error that opened its breaker; an empty one when it is closed again.
Changed = Callable[[str, str], None]


class Times(Struct, frozen=True):
    """How long a worker waits for its providers, in seconds."""

    # That a search or a page may take, whatever its provider's own time-out is. A model bounds its own waits.
    call: float = 120.0
    backoff: tuple[float, float] = (0.5, 8.0)  # before the second try of a call, and the longest
    pause: tuple[float, float] = (1.0, 60.0)  # of a breaker: the shortest, and the longest
    patience: float = 20.0  # that a worker's slot is held for a provider's Retry-After


class Breaker:
    """The state of one provider in one process."""

    def __init__(
        self,
        provider: str,
        times: Times = Times(),  # noqa: B008 - it is frozen
        changed: Changed | None = None,
    ) -> None:
        self._provider = provider
        self._times = times
        self._changed = changed or _ignore
        self._failures = 0
        self._failing_since = 0.0
        self._open_until = 0.0
        self._said = ""

    @property
    def is_open(self) -> bool:
        """True while calls wait for a probe to succeed."""
        return self._failures >= FAILURES_TO_OPEN

    def check(self) -> None:
        """Let a call through, or raise ProviderAway while open.

        One probe is let through.
        """
        if not self.is_open:
            return
        now = time.monotonic()
        if now < self._open_until:
            raise self.away()
        # A probe that is cut off says nothing: after a pause the next one goes through.
        self._open_until = now + self._pause(now)

    def away(self) -> ProviderAway:
        """Return the wait, the start of the outage, and the last error."""
        now = time.monotonic()
        wait = max(self._open_until - now, self._times.pause[0])
        return ProviderAway(self._provider, wait, timedelta(seconds=now - self._failing_since), self._said)

    def succeeded(self) -> None:
        """Close: the provider answered."""
        if self.is_open:
            self._changed(self._provider, "")
        self._failures, self._open_until = 0, 0.0

    def failed(self, error: ProviderError) -> None:
        """Count a provider's fault.

        An error about the request is none.
        """
        if error.error_type not in OUTAGES or not error.retryable:
            self.succeeded()
            return
        now, wish, was_open = time.monotonic(), error.retry_after or 0.0, self.is_open
        self._failing_since = self._failing_since if self._failures else now
        self._failures += 1
        self._said = str(error)
        if wish > self._times.patience:  # it says so itself: asking it twice more would not help
            self._failures = max(self._failures, FAILURES_TO_OPEN)
        if self.is_open:
            self._open_until = now + max(self._pause(now), wish)
            if not was_open:
                self._changed(self._provider, self._said)

    def _pause(self, now: float) -> float:
        shortest, longest = self._times.pause
        return min(longest, max(shortest, PAUSE_SHARE * (now - self._failing_since)))


def _ignore(_provider: str, _said: str) -> None:
    """Tell nobody of a change."""
