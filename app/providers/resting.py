"""Leave a server alone for a while after it failed."""

import time

from app.errors import ProviderError


class ServerRest:
    """Remembers why a server is left alone, and until when.

    What it refuses of one caller is no reason: others ask something else.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._failure: ProviderError | None = None

    def check(self) -> None:
        """Raise ProviderError while the server rests."""
        if self._failure and time.monotonic() < self._until:
            raise _again(self._failure)

    def begin(self, error: ProviderError, seconds: float) -> None:
        """Leave it alone for so long, or as long as it asks."""
        if is_of_server(error):
            self._failure = _again(error)
            self._until = time.monotonic() + max(seconds, error.retry_after or 0.0)

    def end(self) -> None:
        """Ask it again: it has answered."""
        self._failure = None


def is_of_server(error: ProviderError) -> bool:
    """Return whether another request would fail as well."""
    return error.retryable or error.error_type == "auth"


def _again(error: ProviderError) -> ProviderError:
    """Return the same error without its traceback.

    One that is raised again and again would keep the frames of all who met it.
    """
    return ProviderError(
        error.error_type, str(error), retryable=error.retryable, retry_after=error.retry_after
    )
