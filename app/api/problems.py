"""Errors as problem details (RFC 9457), each with a stable `code` that a client can switch on."""

import logging
import re

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from msgspec import Struct

from app.errors import (
    Busy,
    DatabaseUnavailable,
    FeedWithheld,
    IdempotencyConflict,
    JobAlreadyOver,
    JobArchived,
    JobNotFound,
    NoInputRequested,
    QueueFull,
    WrongVersion,
)
from dossier.problems import DossierError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(Struct, frozen=True):
    """What is wrong with one field of the request."""

    field: str
    message: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] = ()


class BadRequest(DossierError):
    """The request cannot be understood; `field` names the part of it."""

    def __init__(self, code: str, message: str, field: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.status = status


# code -> (status, title)
KNOWN: dict[type[DossierError], tuple[int, str, str]] = {
    JobNotFound: (404, "job_not_found", "No such job"),
    JobArchived: (410, "job_archived", "The log of the job is archived"),
    NoInputRequested: (409, "no_input_requested", "The job asks for nothing"),
    JobAlreadyOver: (409, "job_already_over", "The job is already over"),
    IdempotencyConflict: (409, "idempotency_conflict", "The idempotency key was used for another request"),
    QueueFull: (429, "queue_full", "Too many jobs are waiting"),
    Busy: (429, "busy", "Others are doing this just now"),
    WrongVersion: (409, "try_again", "The job is changing too fast"),
    FeedWithheld: (503, "feed_withheld", "The feed is withheld"),
    DatabaseUnavailable: (503, "database_unavailable", "The database does not answer"),
}

# The wording of msgspec's validation errors -> the code. What a limit is about shows in the message.
VALIDATION = (
    (re.compile(r"^'data'$"), "missing_body"),
    (re.compile(r"unknown field `(?P<field>[^`]+)`"), "unknown_field"),
    (re.compile(r"missing required field `(?P<field>[^`]+)`"), "missing_field"),
    (re.compile(r"`str` of length >="), "too_short"),
    (re.compile(r"`str` of length <="), "too_long"),
    (re.compile(r"`array` of length <="), "too_many_items"),
    (re.compile(r"`array` of length >="), "too_few_items"),
    (re.compile(r"(<=|>=|<|>) "), "out_of_range"),
    (re.compile(r"Invalid enum value|Expected `.*`, got"), "wrong_type"),
)

STATUS_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

_encode = msgspec.json.Encoder().encode


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The response of a problem."""
    return Response(_encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def problem(status: int, code: str, title: str, detail: str, field: str | None = None) -> Problem:
    """Put the members together; the type is a name, not a place to fetch."""
    errors = (FieldError(field, detail),) if field else ()
    return Problem(f"urn:dossier:problem:{code}", title, status, detail, code, errors)


def on_dossier_error(_request: Request, error: DossierError) -> Response[bytes]:  # type: ignore[type-arg]
    """Errors of our own: the detail is ours too, so it leaks nothing."""
    if isinstance(error, BadRequest):
        return answer(problem(error.status, error.code, "The request is not valid", str(error), error.field))
    status, code, title = KNOWN.get(type(error), (500, "internal_error", "Something went wrong"))
    hides = isinstance(error, DatabaseUnavailable) or status == 500
    detail = f"{title}. Try again in a moment." if hides else str(error)
    if isinstance(error, JobNotFound):
        detail = "There is no job with this id."
    wait = getattr(error, "retry_after", None)
    return answer(problem(status, code, title, detail), {"Retry-After": str(wait)} if wait else None)


def on_validation(_request: Request, error: ValidationException) -> Response[bytes]:  # type: ignore[type-arg]
    """A body or a query parameter that does not fit; every error is named with its field."""
    found = error.extra if isinstance(error.extra, list) else []
    errors = [_named(item) for item in found if isinstance(item, dict)]
    if not errors:
        return answer(problem(400, "invalid_request", "The request is not valid", error.detail))
    code, first = errors[0]
    if code == "out_of_range" and first.field == "limit":
        code = "page_size_out_of_range"
    named = tuple(item for _, item in errors)
    details = Problem(
        f"urn:dossier:problem:{code}", "The request is not valid", 400, first.message, code, named
    )
    return answer(details)


def _named(item: dict[str, object]) -> tuple[str, FieldError]:
    message, field = str(item.get("message", "")), str(item.get("key", ""))
    for pattern, code in VALIDATION:
        if match := pattern.search(message):
            inner = match.groupdict().get("field")
            return code, FieldError(_path(field, inner), message)
    return "invalid_request", FieldError(_path(field, None), message)


def _path(field: str, inner: str | None) -> str:
    """Litestar calls the whole body `data`; a caller knows its parts only by their own names."""
    outer = "" if field == "data" else field
    return ".".join(part for part in (outer, inner) if part) or "body"


def on_http(_request: Request, error: HTTPException) -> Response[bytes]:  # type: ignore[type-arg]
    """What Litestar itself refuses: routes, methods, sizes, JSON that is none."""
    if error.status_code == 400 and isinstance(error.__cause__, SerializationException):
        return answer(
            problem(
                400, "malformed_json", "The body is not JSON", f"The body is not JSON: {error.detail}", "body"
            )
        )
    code = STATUS_CODES.get(error.status_code, "http_error")
    return answer(problem(error.status_code, code, error.detail, error.detail))


def on_crash(request: Request, error: Exception) -> Response[bytes]:  # type: ignore[type-arg]
    """A fault of ours: logged in full, answered without a word of it."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(problem(500, "internal_error", "Something went wrong", "The fault is ours; it was logged."))


HANDLERS = {
    DossierError: on_dossier_error,
    ValidationException: on_validation,
    HTTPException: on_http,
    Exception: on_crash,
}
