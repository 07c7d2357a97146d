"""Check requests and name the problems of each operation."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.datastructures.headers import Accept
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg, QueryParameter
from litestar.routes import HTTPRoute
from msgspec import Meta, Struct
from msgspec import inspect as kinds

from app.api.problem_details import (
    CODES,
    MEDIA_TYPE,
    BadRequest,
    InvalidField,
    InvalidRequest,
    Problem,
    allowed,
)
from app.api.request_guard import SAFE
from app.api.request_headers import header_of
from app.api.shape import bound_faults, faults, is_closed, text_faults
from app.text.json_bounds import MAX_JSON_DEPTH, is_nested

BodyT = TypeVar("BodyT")

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
MAX_REQUEST_BODY = 65_536  # bytes; the longest legal request has 4,000 characters and 10 KB of metadata
MAX_PAGE_SIZE = 100  # jobs, uses or deliveries
MAX_KEY = 255  # characters of an idempotency key
MAX_FAULTS = 50  # that one answer names
# Bytes of a body that has neither too many keys nor too much metadata, even with its numbers written out.
PLAIN_BODY = 2_048
LONG_TEXT = re.compile(rb'"[^"]{200}')  # perhaps too long for a key
REFUSED_TYPE = re.compile(r";\s*q=0(\.0*)?\s*(;|$)")  # a media type that the caller does not take
WHOLE_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)  # in a query: any such number fits 64 bits
TRUTHS = {"true": True, "false": False}
DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)

TAKES_ANY_QUERY = {"takes_any_query": True}  # of a route that another site leads a browser to
COMMON = ("unknown_parameter", "unauthorised", "forbidden", "tenant_suspended", "internal_error")
BODY = (
    "malformed_json", "missing_body", "unknown_field", "missing_field", "wrong_type", "too_short",
    "too_long", "too_many_items", "too_few_items", "too_deep", "out_of_range", "invalid_character",
    "metadata_too_large", "unsupported_schema", "body_too_large", "unsupported_media_type",
)  # fmt: skip
SUBMITTING = (
    *("model_not_offered", "price_unknown", "cost_limit_required", "invalid_key"),
    *("idempotency_conflict", "queue_full", "quota_exceeded"),
)
JOB_PROBLEMS = ("malformed_job_id", "job_not_found", "database_unavailable")
PAGE_PROBLEMS = (
    "page_size_out_of_range",
    "malformed_cursor",
    "invalid_character",
    "repeated_parameter",
    "database_unavailable",
)
LOG = (*JOB_PROBLEMS, "job_archived")  # of routes that read the events of a job


EXAMPLES_FILE = Path(__file__).parent / "problem_examples.json"


class RecordedProblem(Struct, frozen=True):
    """A problem's example: the answer, and the request that caused it."""

    request: str
    answer: dict[str, Any]


# By code. A test gets each of them again from a running server, and compares.
RECORDED_PROBLEMS = msgspec.json.decode(EXAMPLES_FILE.read_bytes(), type=dict[str, RecordedProblem])


def problems_of(*codes: str) -> dict[int, ResponseSpec]:
    """Return the error responses of an operation, one for each status.

    Each has an example for each of its codes.
    """
    grouped: dict[int, list[str]] = {}
    for code in dict.fromkeys((*codes, *COMMON)):
        grouped.setdefault(CODES[code][0], []).append(code)
    return {status: _response(names) for status, names in grouped.items()}


def _response(codes: list[str]) -> ResponseSpec:
    examples = [_example(code) for code in codes]
    words = "; ".join(f"`{code}`: {CODES[code][1].lower()}" for code in codes)
    return ResponseSpec(Problem, description=words, media_type=MEDIA_TYPE, examples=examples)


def _example(code: str) -> Example:
    recorded = RECORDED_PROBLEMS[code]
    return Example(
        summary=CODES[code][1], description=f"As `{recorded.request}` got it.", value=recorded.answer
    )


class Parameter(Struct, frozen=True):
    """A query parameter that a route knows."""

    kind: kinds.Type
    is_list: bool
    is_required: bool


class Expected(Struct, frozen=True):
    """What a route accepts as body and query parameters."""

    body: kinds.Type | None
    parameters: Mapping[str, Parameter]
    # Reads the body, where its type forbids all that it does not name.
    decode: Callable[[bytes], object] | None = None


@cache
def expected(handler: BaseRouteHandler) -> Expected:
    """Read off a handler's signature what it takes."""
    body, decode, parameters = None, None, {}
    for name, field in handler.parsed_fn_signature.parameters.items():
        if isinstance(field.kwarg_definition, BodyKwarg):
            body = kinds.type_info(field.annotation)
            decode = msgspec.json.Decoder(field.annotation).decode if is_closed(body) else None
        elif isinstance(field.kwarg_definition, QueryParameter):
            parameters[field.kwarg_definition.name or name] = _parameter(field.annotation, field)
    return Expected(body, parameters, decode)


def _parameter(annotation: Any, field: Any) -> Parameter:  # noqa: ANN401 - a type, and Litestar's view of it
    limits = field.kwarg_definition
    bounds = {name: getattr(limits, name) for name in ("ge", "le", "min_length", "max_length")}
    given = {name: value for name, value in bounds.items() if value is not None}
    kind = kinds.type_info(Annotated[annotation, Meta(**given)] if given else annotation)
    inner = _without_none(kind)
    return Parameter(inner, isinstance(inner, kinds.ListType), field.is_required)


def _without_none(kind: kinds.Type) -> kinds.Type:
    if isinstance(kind, kinds.UnionType):
        return next(one for one in kind.types if not isinstance(one, kinds.NoneType))
    return kind


async def check_request(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Refuse a request that does not fit its route.

    The answer names everything that is wrong with it.
    """
    if request.method == "OPTIONS" and _has_name(request):
        return methods_of(request)
    await checked_request(request)
    return None


async def checked_request(request: Request[Any, Any, Any]) -> object:
    """Return the body of a request that fits its route.

    It is bytes, unless it had to be decoded to be checked, and None for a route without one.
    """
    if not _has_name(request):
        raise NotFoundException
    handler: BaseRouteHandler = request.scope["route_handler"]
    if not getattr(handler, "include_in_schema", False) or handler.opt.get("takes_any_query"):
        return None
    wanted = expected(handler)
    found: Iterable[InvalidField] = _query_faults(request, wanted.parameters)
    body: object = None
    if handler.opt.get("receives"):  # the body of the route is streamed, and checked there
        pass
    elif wanted.body is not None:
        require_json(request)
        sent = await request.body()
        if (body := plain_body(sent, wanted.decode)) is None:
            body, found = sent, chain(found, _body_faults(sent, wanted.body))
    elif request.scope["method"] not in SAFE and _has_body(request):
        require_json(request)
    if errors := list(islice(found, MAX_FAULTS)):
        raise InvalidRequest(errors)
    return body


def _has_name(request: Request[Any, Any, Any]) -> bool:
    """Return False for a path that nothing can have.

    Postgres would not take it.
    """
    return "\0" not in request.scope["path"]


def _has_body(request: Request[Any, Any, Any]) -> bool:
    headers = request.headers
    return (
        "content-type" in headers
        or "transfer-encoding" in headers
        or headers.get("content-length", "0") != "0"
    )


def methods_of(request: Request[Any, Any, Any]) -> Response[None]:
    """Answer with the methods of the path.

    Litestar's own answer knows only those of one handler.
    """
    template = request.scope["path_template"]
    routes = [route for route in request.app.routes if route.path_format == template]
    methods = {name for route in routes if isinstance(route, HTTPRoute) for name in route.methods}
    return Response(None, status_code=204, headers={"Allow": allowed(",".join(methods))})


def _query_faults(
    request: Request[Any, Any, Any], parameters: Mapping[str, Parameter]
) -> Iterator[InvalidField]:
    given = request.query_params.dict() if request.scope["query_string"] else {}
    for name, values in given.items():
        if name in parameters:
            yield from _parameter_faults(name, values, parameters[name])
        else:
            known = f"Known parameters: {', '.join(parameters)}." if parameters else "This route has none."
            yield InvalidField(name[:100], f"Unknown query parameter. {known}", "unknown_parameter")
    for name, parameter in parameters.items():
        if parameter.is_required and name not in given:
            yield InvalidField(name, "This query parameter is required.", "missing_parameter")


def _parameter_faults(name: str, values: list[str], parameter: Parameter) -> Iterator[InvalidField]:
    if parameter.is_list:
        yield from faults(values, parameter.kind, name)
    elif len(values) > 1:
        yield InvalidField(name, "Give this query parameter once.", "repeated_parameter")
    else:
        for fault in faults(_value(values[0], parameter.kind), parameter.kind, name):
            is_size = (name, fault.code) == ("limit", "out_of_range")
            yield InvalidField(name, fault.message, "page_size_out_of_range") if is_size else fault
    yield from text_faults(values if parameter.is_list else values[0], name)


def _value(text: str, kind: kinds.Type) -> object:
    wanted = kind.types if isinstance(kind, kinds.UnionType) else (kind,)
    for one in wanted:
        if isinstance(one, kinds.BoolType) and text in TRUTHS:
            return TRUTHS[text]
        if isinstance(one, kinds.IntType) and WHOLE_NUMBER.fullmatch(text):
            return int(text)
        if isinstance(one, kinds.FloatType) and DECIMAL.fullmatch(text):
            return float(text)
    return text


def checked_body(body: bytes, kind: type[BodyT]) -> BodyT:
    """Return a JSON body as its type.

    Raises InvalidRequest, which names every fault.
    """
    if errors := list(islice(_body_faults(body, kinds.type_info(kind)), MAX_FAULTS)):
        raise InvalidRequest(errors)
    return msgspec.json.decode(body, type=kind)


def plain_body(body: bytes, decode: Callable[[bytes], object] | None) -> object:
    """Decode a body that its type alone shows to be right.

    Return None for any other.

    A short one is within all bounds of JSON. Without escapes its texts have no control characters.
    """
    if decode is None or len(body) > PLAIN_BODY or b"\\" in body or LONG_TEXT.search(body) or is_nested(body):
        return None
    try:
        return decode(body)
    except ValueError:
        return None


def _body_faults(body: bytes, kind: kinds.Type) -> Iterator[InvalidField]:
    if not body.strip():
        yield InvalidField("body", "Send a body.", "missing_body")
        return
    value = decoded_body(body)
    if beyond := list(islice(bound_faults(value), MAX_FAULTS)):
        yield from beyond
        return
    yield from (_of_body(fault) for fault in faults(value, kind, ""))
    yield from text_faults(value, "")


def decoded_body(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Decode a body. Raises BadRequest."""
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise BadRequest("too_deep", f"Nest at most {MAX_JSON_DEPTH} levels.", "body") from None
    except ValueError as error:  # also of a text that is not UTF-8
        message = f"The body is not valid JSON in UTF-8{_where(error)}."
        raise BadRequest("malformed_json", message, "body") from None


def _of_body(fault: InvalidField) -> InvalidField:
    return fault if fault.field else InvalidField("body", fault.message, fault.code)


def _where(error: Exception) -> str:
    """Return at which byte a JSON decoder failed, if it says so."""
    _, found, place = str(error).rpartition("(byte ")
    number = place.rstrip(")")
    return f" (byte {number})" if found and number.isdigit() else ""


def require_json(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is not declared as JSON.

    A page of another site can make a browser send a body without a type, or as a form, but not as JSON.
    """
    kind = (header_of(request.scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != JSON:
        got = f", not {kind[:100]}" if kind else ""
        raise BadRequest("unsupported_media_type", f"Send Content-Type: {JSON}{got}.", "Content-Type")


def check_key(key: str | None) -> None:
    """Refuse an idempotency key that breaks the rules.

    It must not be too long or empty, or contain U+0000.
    """
    if key is not None and not (0 < len(key) <= MAX_KEY and "\x00" not in key):
        raise BadRequest("invalid_key", f"Use a key of 1 to {MAX_KEY} characters.", "Idempotency-Key")


def accepted(request: Request[Any, Any, Any], *offers: str) -> str | None:
    """Return which of these media types the caller prefers, by quality.

    None if the caller accepts none of them.
    """
    header = request.headers.get("accept", "*/*")
    named = [part for part in header.split(",") if not REFUSED_TYPE.search(part)]
    refused = {
        part.partition(";")[0].strip().lower() for part in header.split(",") if REFUSED_TYPE.search(part)
    }
    try:
        accept = Accept(",".join(named))
    except OverflowError:  # a quality of infinity
        accept = Accept("*/*")
    return accept.best_match([offer for offer in offers if offer not in refused])
