"""What can go wrong between a client and a server, named by what the caller does next.

DossierError
├── ApiError        the server refused: `code` says why, `retry_after` when to come back
├── NoContact       the server cannot be reached: start it, or mend the address
├── NoResult        the job ended without one: `job` says how
└── StreamBroken    what came is not the log of the job: a fault of the server or of a proxy
"""

import httpx
import msgspec
from msgspec import Struct

from app.domain.view import JobView
from app.errors import DossierError

MAX_DETAIL = 300  # characters of an answer that is no problem details


class FieldError(Struct, frozen=True):
    """What is wrong with one field of the request."""

    field: str
    message: str


class ApiError(DossierError):
    """The server answered with a problem (RFC 9457)."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        retry_after: float | None = None,  # seconds
    ) -> None:
        super().__init__(_sentence(detail, errors))
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after


class NoContact(DossierError):
    """The server cannot be reached, or was silent for longer than the caller's patience."""


class StreamBroken(DossierError):
    """An event is missing, comes twice, or is not an event at all."""


class NoResult(DossierError):
    """The job failed or was cancelled, so it has no result."""

    def __init__(self, job: JobView) -> None:
        why = f": {job.error.error_message}" if job.error else "."
        super().__init__(f"Job {job.job_id} is {job.status}{why}")
        self.job = job


class _Problem(Struct, frozen=True):
    detail: str = ""
    title: str = ""
    code: str = "http_error"
    errors: tuple[FieldError, ...] = ()


def api_error(response: httpx.Response) -> ApiError:
    """The error that an answer stands for; its body must have been read."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem(response.text[:MAX_DETAIL].strip())
    detail = problem.detail or problem.title or f"The server answered {response.status_code}."
    return ApiError(response.status_code, problem.code, detail, problem.errors, _retry_after(response))


def _sentence(detail: str, errors: tuple[FieldError, ...]) -> str:
    """The detail and the fields that it is about, where it does not say them itself."""
    fields = ", ".join(error.field for error in errors if error.field not in detail)
    return f"{detail} ({fields})" if fields else detail


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
