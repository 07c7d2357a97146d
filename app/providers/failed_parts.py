"""Keep why a part of a search failed, and what it cost."""

from app.agent.ports import PartlyPaid
from app.domain.events import FailedPart, Usage
from app.errors import ProviderError

MAX_PART_ERROR = 300  # characters of an error that are kept


def failed_part(provider: str, error: ProviderError) -> FailedPart:
    """Return what is kept of a provider's error."""
    return FailedPart(provider, error.error_type, str(error)[:MAX_PART_ERROR], error.retryable)


def paid_by(error: ProviderError) -> Usage:
    """Return what was paid for a call that failed all the same."""
    return error.usage if isinstance(error, PartlyPaid) else Usage()
