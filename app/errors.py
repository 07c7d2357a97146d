"""What can go wrong, named by what the caller does next.

DossierError
├── Refused                 the command is not allowed in this state; nothing was written
│   ├── JobAlreadyOver      leave it
│   ├── LeaseLost           stop working on the job, at once
│   ├── CancelPending       make no further paid call; confirm the cancel
│   ├── FinishPending       look at the job again, and decide again
│   └── NoInputRequested    the job is not waiting for input
├── WrongVersion            somebody else wrote first: load again, decide again
├── JobNotFound             and KeyNotFound, ProviderKeyNotFound, ShareNotFound, FilterNotFound,
│                           TenantNotFound, WebhookNotFound, WorkerNotFound: correct the name
├── JobArchived             its events are in an archive, not in the database
├── JobNotHeld              leave it: no worker has it
├── JobNotFailed            leave it: there is nothing to retry
├── StillNeeded             wait for the jobs that are named, or cancel them
├── IdempotencyConflict     the key was used for another request
├── QueueFull               and Busy, QuotaExceeded: try again after `retry_after` seconds
├── TooManyWebhooks         and TooManyShares, TooManyFilters: remove one first
├── CostLimitRequired       send a limit of the cost
├── TenantExists            choose another name
├── Unauthorised            send a key that is valid
├── Forbidden               use a key that may do this
├── TenantSuspended         ask the operator
├── SignInUnavailable       try again later, or tell the operator
├── DatabaseUnavailable     try again after `retry_after` seconds
├── FeedWithheld            follow the chapter on restoring: the log has no order here
├── MasterKeyUnusable       set the master key that sealed the others
├── EmbeddedUnavailable     set DATABASE_URL
├── BadDocument             a file that cannot be ingested
├── BadSetting              fix the environment
├── ProviderAway            wait `retry_after` seconds; the job waits without a worker
└── ProviderError           an outside call failed; carries `error_type` and `retryable`
    └── ResearchFailed      end the job with it: another attempt would come to the same end
"""

from datetime import timedelta

from dossier.job_types import ErrorType
from dossier.problems import DossierError


class Refused(DossierError):
    """The job's state does not allow the command."""


class JobAlreadyOver(Refused):
    """The job has reached its terminal event.

    Nothing can follow it.
    """

    def __init__(self, status: str) -> None:
        is_ending = status == "cancelling"
        what = "is being cancelled" if is_ending else f"is already over: its status is {status}"
        super().__init__(f"The job {what}.")
        self.status = status


class LeaseLost(Refused):
    """The writer does not hold the job's lease (any more)."""


class CancelPending(Refused):
    """The job is being cancelled: no new paid call may be recorded."""


class FinishPending(Refused):
    """The report is wanted now, which the decision did not know."""


class NoInputRequested(Refused):
    """Nobody asked: the job is not waiting for an answer."""


class WrongVersion(DossierError):
    """The job moved on between reading and writing."""

    retry_after = 1  # seconds; the other caller is done by then


class JobNotFound(DossierError):
    """Job not found, or it belongs to another tenant."""


class JobArchived(DossierError):
    """The month of the job was archived.

    The job's row is here, but its events are not.
    """


class EmbeddedUnavailable(DossierError):
    """The embedded Postgres cannot run here."""


class StillNeeded(DossierError):
    """Jobs that are not over stand in the way."""


class IdempotencyConflict(DossierError):
    """The idempotency key belongs to a request with another body."""


class QueueFull(DossierError):
    """Too many jobs are waiting."""

    retry_after = 10  # seconds; a queue at its limit does not empty within one


class Busy(DossierError):
    """As many as may at once are doing this already."""

    retry_after = 5  # seconds


class WebhookNotFound(DossierError):
    """Webhook endpoint not found, or it belongs to another tenant."""


class TooManyWebhooks(DossierError):
    """The tenant has as many endpoints as it may."""


class KeyNotFound(DossierError):
    """No API key has this id, or it belongs to another tenant."""


class ProviderKeyNotFound(DossierError):
    """The tenant has no key for this provider."""


class MasterKeyUnusable(DossierError):
    """The master key does not open what it should."""


class ShareNotFound(DossierError):
    """No valid link has this address or id."""


class TooManyShares(DossierError):
    """The job has as many valid links as it may."""


class FilterNotFound(DossierError):
    """No saved filter has this id."""


class TooManyFilters(DossierError):
    """The tenant has as many saved filters as it may."""


class WorkerNotFound(DossierError):
    """No worker that runs has this name."""


class JobNotHeld(DossierError):
    """No worker holds the job, so it cannot be taken from one."""


class JobNotFailed(DossierError):
    """The job did not fail, so it cannot be retried."""


class Unauthorised(DossierError):
    """The caller presents no key, or one that opens nothing."""


class SignInUnavailable(DossierError):
    """The OpenID provider does not answer, or not as one."""


class Forbidden(DossierError):
    """The caller's key may not do this."""


class TenantSuspended(DossierError):
    """The key is one of a tenant that is suspended."""

    def __init__(self, tenant: str, actor: str) -> None:
        super().__init__(f"The tenant {tenant!r} is suspended. Ask the operator of this server.")
        self.tenant = tenant
        self.actor = actor


class QuotaExceeded(DossierError):
    """The caller's tenant has used up what it may."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds
        self.fields: dict[str, str] = {}  # of the answer's header


class CostLimitRequired(DossierError):
    """A tenant with such a quota submits no job without a limit."""


class TenantNotFound(DossierError):
    """No tenant has this name."""


class TenantExists(DossierError):
    """A tenant has this name already."""


class DatabaseUnavailable(DossierError):
    """Postgres does not answer, or has no free connection."""

    retry_after = 1  # seconds; the pool reconnects on the next request


class FeedWithheld(DossierError):
    """The log came from another cluster and has no order here.

    The numbers of that cluster's transactions were higher, so events of several jobs cannot be ordered.
    """


class BadDocument(DossierError):
    """A file that no extractor can read."""


class BadSetting(DossierError):
    """A setting in the environment has a value that makes no sense."""


class ProviderAway(DossierError):
    """A provider has failed so often that calls are paused.

    Wait `retry_after` seconds.
    """

    def __init__(
        self, provider: str, retry_after: float, away_for: timedelta = timedelta(), said: str = ""
    ) -> None:
        super().__init__(f"{provider} does not answer at the moment.")
        self.provider = provider
        self.retry_after = retry_after
        self.away_for = away_for
        self.said = said  # the last error


class ProviderError(DossierError):
    """A model, a search or a page could not be had.

    `retry_after` is the provider's own wish in seconds, where it gave one.
    """

    def __init__(
        self, error_type: ErrorType, message: str, *, retryable: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.error_type: ErrorType = error_type
        self.retryable = retryable
        self.retry_after = retry_after


class ResearchFailed(ProviderError):
    """The job cannot be done.

    No call of its model succeeded, and its time is over.
    """
