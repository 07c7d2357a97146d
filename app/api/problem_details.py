"""Errors as problem details (RFC 9457).

Each has a stable `code` that a client can branch on.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException
from msgspec import Struct

from app.errors import (
    Busy,
    CostLimitRequired,
    DatabaseUnavailable,
    FeedWithheld,
    FilterNotFound,
    Forbidden,
    IdempotencyConflict,
    JobAlreadyOver,
    JobArchived,
    JobNotFailed,
    JobNotFound,
    JobNotHeld,
    KeyNotFound,
    MasterKeyUnusable,
    NoInputRequested,
    ProviderKeyNotFound,
    QueueFull,
    QuotaExceeded,
    ShareNotFound,
    SignInUnavailable,
    TenantExists,
    TenantNotFound,
    TenantSuspended,
    TooManyFilters,
    TooManyShares,
    TooManyWebhooks,
    Unauthorised,
    WebhookNotFound,
    WorkerNotFound,
    WrongVersion,
)
from dossier.problems import DossierError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# Every code that the API can answer with: its status and its title.
CODES: dict[str, tuple[int, str]] = {
    "malformed_json": (400, "The body is not valid JSON"),
    "missing_body": (400, "The body is missing"),
    "unknown_field": (400, "A field is unknown"),
    "missing_field": (400, "A field is missing"),
    "unknown_parameter": (400, "A query parameter is unknown"),
    "missing_parameter": (400, "A query parameter is missing"),
    "repeated_parameter": (400, "A query parameter is repeated"),
    "wrong_type": (400, "A value has the wrong type"),
    "too_short": (400, "A value is too short"),
    "too_long": (400, "A value is too long"),
    "too_many_items": (400, "A list has too many items"),
    "too_few_items": (400, "A list has too few items"),
    "too_deep": (400, "A value is nested too deeply"),
    "out_of_range": (400, "A value is out of range"),
    "page_size_out_of_range": (400, "The page size is out of range"),
    "invalid_character": (400, "A character is not allowed"),
    "invalid_key": (400, "The idempotency key is not valid"),
    "invalid_provider_key": (400, "The provider key cannot be used"),
    "metadata_too_large": (400, "The metadata is too large"),
    "unsupported_schema": (400, "The output schema is not supported"),
    "malformed_job_id": (400, "The job id is not valid"),
    "malformed_webhook_id": (400, "The webhook id is not valid"),
    "malformed_cursor": (400, "The cursor is not valid"),
    "malformed_url": (400, "The URL is not valid"),
    "malformed_at": (400, "The point in time is not valid"),
    "at_beyond_head": (400, "The job has no such event yet"),
    "malformed_host": (400, "The Host header is not valid"),
    "malformed_form": (400, "The form is not valid"),
    "malformed_request": (400, "The request is not valid HTTP"),
    "invalid_request": (400, "The request is not valid"),
    "unauthorised": (401, "The key is missing or refused"),
    "forbidden": (403, "The key may not do this"),
    "tenant_suspended": (403, "The tenant of the key is suspended"),
    "origin_not_allowed": (403, "The request comes from another site"),
    "not_found": (404, "This route does not exist"),
    "job_not_found": (404, "The job does not exist"),
    "not_yet_submitted": (404, "The job did not exist at that time"),
    "report_not_ready": (404, "The report is not ready"),
    "document_not_found": (404, "The document does not exist"),
    "ingestion_not_found": (404, "The ingestion does not exist"),
    "original_not_found": (404, "The document's file was not kept"),
    "webhook_not_found": (404, "The webhook or its delivery does not exist"),
    "tenant_not_found": (404, "The tenant does not exist"),
    "key_not_found": (404, "The key does not exist"),
    "provider_key_not_found": (404, "There is no key for this provider"),
    "share_not_found": (404, "The link does not exist or has ended"),
    "filter_not_found": (404, "The saved filter does not exist"),
    "worker_not_found": (404, "The worker does not exist"),
    "source_not_found": (404, "The source does not exist"),
    "method_not_allowed": (405, "The route does not support this method"),
    "request_too_slow": (408, "The request took too long to come"),
    "idempotency_conflict": (409, "The idempotency key was used for another request"),
    "cursor_beyond_head": (409, "The cursor is beyond the newest event"),
    "job_already_over": (409, "The job is already over"),
    "ingestion_already_over": (409, "The ingestion is already over"),
    "job_not_held": (409, "No worker holds the job"),
    "job_not_failed": (409, "The job did not fail"),
    "no_input_requested": (409, "The job is not waiting for input"),
    "tenant_exists": (409, "There is a tenant of this name"),
    "too_many_webhooks": (409, "There are too many webhooks"),
    "too_many_shares": (409, "The job has too many links"),
    "too_many_filters": (409, "There are too many saved filters"),
    "master_key_unusable": (409, "The server cannot keep keys of providers"),
    "try_again": (409, "The job changed during the request"),
    "job_archived": (410, "The events of the job are archived"),
    "body_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The media type is not supported"),
    "host_not_allowed": (421, "The server does not answer to this name"),
    "unreadable_document": (422, "The document cannot be read"),
    "model_not_offered": (422, "The model is not offered"),
    "price_unknown": (422, "The price of the model is not known"),
    "cost_limit_required": (422, "The job needs a limit of its cost"),
    "quota_exceeded": (429, "The quota of the tenant is used up"),
    "too_many_connections": (429, "This address has too many connections"),
    "busy": (429, "Too many of these are running"),
    "queue_full": (429, "Too many jobs are waiting"),
    "headers_too_large": (431, "The headers are too large"),
    "http_error": (400, "The request was refused"),
    "internal_error": (500, "The server failed"),
    "database_unavailable": (503, "The database is not available"),
    "sign_in_unavailable": (503, "The provider of sign-ins does not answer"),
    "feed_withheld": (503, "The feed is withheld"),
}

KNOWN: dict[type[DossierError], str] = {
    JobNotFound: "job_not_found",
    JobArchived: "job_archived",
    NoInputRequested: "no_input_requested",
    JobAlreadyOver: "job_already_over",
    IdempotencyConflict: "idempotency_conflict",
    QueueFull: "queue_full",
    Busy: "busy",
    WrongVersion: "try_again",
    FeedWithheld: "feed_withheld",
    WebhookNotFound: "webhook_not_found",
    TooManyWebhooks: "too_many_webhooks",
    KeyNotFound: "key_not_found",
    TenantNotFound: "tenant_not_found",
    TenantExists: "tenant_exists",
    ProviderKeyNotFound: "provider_key_not_found",
    MasterKeyUnusable: "master_key_unusable",
    ShareNotFound: "share_not_found",
    TooManyShares: "too_many_shares",
    FilterNotFound: "filter_not_found",
    TooManyFilters: "too_many_filters",
    WorkerNotFound: "worker_not_found",
    JobNotHeld: "job_not_held",
    JobNotFailed: "job_not_failed",
    Unauthorised: "unauthorised",
    Forbidden: "forbidden",
    TenantSuspended: "tenant_suspended",
    QuotaExceeded: "quota_exceeded",
    CostLimitRequired: "cost_limit_required",
    SignInUnavailable: "sign_in_unavailable",
    DatabaseUnavailable: "database_unavailable",
}
# What these say is about the inside of the server, so the caller reads this instead.
DETAILS = {
    "job_not_found": "No job has this id.",
    "database_unavailable": "The database is not available. Try again in a moment.",
    "internal_error": "The server failed to answer, and logged why. Try again in a moment.",
    "not_found": "No route matches this path; GET /schema lists all routes.",
}
OF_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}

_encode = msgspec.json.Encoder().encode


class InvalidField(Struct, frozen=True):
    """What is wrong with one field of the request."""

    field: str
    message: str
    code: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[InvalidField, ...] = ()


class InvalidRequest(DossierError):
    """The request is refused.

    `errors` names each part that is wrong.
    """

    def __init__(self, errors: Sequence[InvalidField]) -> None:
        super().__init__(" ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = tuple(errors)


class BadRequest(InvalidRequest):
    """The request is refused because of one field."""

    def __init__(self, code: str, message: str, field: str) -> None:
        super().__init__([InvalidField(field, message, code)])


def problem(
    code: str, detail: str, errors: Sequence[InvalidField] = (), status: int | None = None
) -> Problem:
    """Return the problem of this code.

    Its `type` is a name, not a link.
    """
    usual, title = CODES[code]
    return Problem(f"urn:dossier:problem:{code}", title, status or usual, detail, code, tuple(errors))


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return the response of a problem."""
    return Response(_encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def on_invalid_request(_request: Request, error: InvalidRequest) -> Response[bytes]:  # type: ignore[type-arg]
    """Answer with every field error.

    The first one gives the code.
    """
    first, *others = error.errors
    detail = f"{first.message} {_count(len(others))}".strip()
    return answer(problem(first.code, detail, error.errors))


def _count(others: int) -> str:
    return f"{others} more: see errors." if others else ""


def on_dossier_error(_request: Request, error: DossierError) -> Response[bytes]:  # type: ignore[type-arg]
    """Answer an error that Dossier raised on purpose."""
    code = KNOWN.get(type(error), "internal_error")
    if code == "internal_error":
        log.error("An error has no answer of its own.", exc_info=error)
    wait = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(wait)} if wait else {}
    if isinstance(error, QuotaExceeded):
        headers |= error.fields
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = 'Bearer realm="dossier"'
    return answer(problem(code, DETAILS.get(code) or str(error)), headers)


def on_http(request: Request, error: HTTPException) -> Response[bytes]:  # type: ignore[type-arg]
    """Answer what Litestar itself refuses, such as an unknown route or method."""
    status = error.status_code
    code = OF_STATUS.get(status) or ("http_error" if status != 400 else "invalid_request")
    headers = dict(error.headers or {})
    if isinstance(error, MethodNotAllowedException):
        headers = {"Allow": allowed(headers.pop("allow", ""))}
        return answer(problem(code, f"This route supports {headers['Allow']}."), headers)
    detail = _too_large(request) if code == "body_too_large" else DETAILS.get(code) or error.detail
    return answer(problem(code, detail, status=status), headers)


def _too_large(request: Request) -> str:  # type: ignore[type-arg]
    most = request.route_handler.resolve_request_max_body_size()
    return f"The body is larger than {most:,} bytes." if most else "The body is too large."


def allowed(methods: str) -> str:
    """Return the value of an Allow header.

    What answers GET answers HEAD too.
    """
    names = {name.strip() for name in methods.split(",") if name.strip()}
    return ", ".join(sorted(names | {"OPTIONS"} | ({"HEAD"} if "GET" in names else set())))


def on_crash(request: Request, error: Exception) -> Response[bytes]:  # type: ignore[type-arg]
    """Log a fault of the server in full.

    The answer reveals nothing of it.
    """
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(problem("internal_error", DETAILS["internal_error"]))


# For reading: Litestar adds to the mapping that it is given.
HANDLERS: Mapping[int | type[Exception], Callable[[Any, Any], Response[bytes]]] = MappingProxyType(
    {
        InvalidRequest: on_invalid_request,
        DossierError: on_dossier_error,
        HTTPException: on_http,
        Exception: on_crash,
    }
)
