"""Errors in OpenAI's shape: {"error": {message, type, param, code}}."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from app.api.problem_details import CODES, HANDLERS, Problem

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
OWN_WORDS = {"job_not_found": "No response has this id, or it was deleted or not stored."}
SERVER_FAULT = 500
SUBMISSION = (  # what a route that submits a job refuses with
    "malformed_json", "missing_field", "wrong_type", "too_long", "out_of_range", "model_not_offered",
    "price_unknown", "invalid_key",
    "unsupported_media_type", "body_too_large", "idempotency_conflict", "queue_full", "busy",
    "quota_exceeded", "cost_limit_required",
    "database_unavailable",
)  # fmt: skip
CONFLICT = 409  # which OpenAI's clients would send again, in vain

Handler = Callable[[Any, Any], Response[bytes]]


class ErrorFields(Struct, frozen=True):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(Struct, frozen=True):
    """The body of every error below /v1."""

    error: ErrorFields


_problem = msgspec.json.Decoder(Problem).decode


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def errors_of(*codes: str) -> dict[int, ResponseSpec]:
    """Return the error responses of an operation, one for each status."""
    grouped: dict[int, list[str]] = {}
    for code in dict.fromkeys((*codes, "unauthorised", "forbidden", "tenant_suspended", "internal_error")):
        grouped.setdefault(CODES[code][0], []).append(f"`{code}`: {CODES[code][1].lower()}")
    return {
        status: ResponseSpec(ErrorBody, description="; ".join(words), generate_examples=False)
        for status, words in grouped.items()
    }


def _reshaped(handler: Handler) -> Handler:
    """Return a handler that says the same in OpenAI's shape."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        usual = handler(request, error)
        problem = _problem(usual.content)
        fault = "server_error" if problem.status >= SERVER_FAULT else "invalid_request_error"
        kind = TYPES.get(problem.status, fault)
        param = problem.errors[0].field if problem.errors else None
        message = OWN_WORDS.get(problem.code, problem.detail)
        body = error_body(message, kind, problem.code, param)
        headers = dict(usual.headers)
        if problem.status == CONFLICT:
            headers["x-should-retry"] = "false"
        return Response(
            msgspec.json.encode(body),
            status_code=problem.status,
            media_type="application/json",
            headers=headers,
        )

    return answer


OPENAI_HANDLERS: Mapping[int | type[Exception], Handler] = MappingProxyType(
    {kind: _reshaped(handler) for kind, handler in HANDLERS.items()}
)
