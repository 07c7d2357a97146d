"""Errors, named by what the caller does next.

DossierError
├── ApiError        the server refused: `code` says why, `retry_after` when to try again
├── BadUrl          correct the server's URL
├── NoContact       start the server, or correct its URL
├── NoResult        the job failed or was cancelled: `job` says how
├── StillRunning    wait longer, or cancel the job
└── StreamBroken    report it: the server or a proxy sent something that is not the job's log
"""

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from dossier.job_types import JobView

if TYPE_CHECKING:
    import httpx

MAX_DETAIL = 300  # characters of an answer that is not a problem document


class FieldError(Struct, frozen=True):
    """What is wrong with one field of the request."""

    field: str
    message: str


class DossierError(Exception):
    """Base of all errors that Dossier raises on purpose."""


class BadUrl(DossierError, ValueError):
    """The URL of the server is not an http or https URL."""


class ApiError(DossierError):
    """The server refused the request (RFC 9457 problem details).

    Attributes:
        status: The HTTP status.
        code: The stable code to branch on, such as "job_not_found".
        detail: The server's sentence.
        errors: The fields that were refused, each with a message.
        retry_after: Seconds to wait before the next try; None if the server named none.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(_sentence(detail, errors))
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after


class NoContact(DossierError):
    """The server did not answer, or was silent for longer than `patience`."""


class StreamBroken(DossierError):
    """An event is missing, repeated or unreadable.

    Or the answer is not Dossier's.
    """


class NoResult(DossierError):
    """The job failed or was cancelled.

    `job` is its last state.
    """

    def __init__(self, job: JobView) -> None:
        why = f": {job.error.error_message}" if job.error else "."
        super().__init__(f"Job {job.job_id} is {job.status}{why}")
        self.job = job


class StillRunning(DossierError, TimeoutError):
    """The job was not over within the timeout.

    It continues.
    """


class _Problem(Struct, frozen=True):
    detail: str = ""
    title: str = ""
    code: str = "http_error"
    errors: tuple[FieldError, ...] = ()


def api_error(response: "httpx.Response") -> ApiError:
    """Make the error of a response whose body has been read."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem(response.text[:MAX_DETAIL].strip())
    detail = problem.detail or problem.title or f"The server answered {response.status_code}."
    return ApiError(response.status_code, problem.code, detail, problem.errors, _retry_after(response))


def _sentence(detail: str, errors: tuple[FieldError, ...]) -> str:
    """Add the refused fields that the detail does not name."""
    fields = ", ".join(error.field for error in errors if error.field not in detail)
    return f"{detail} ({fields})" if fields else detail


def _retry_after(response: "httpx.Response") -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
