"""Call the routes asked most often without Litestar's arguments and responses.

Litestar makes a model of the arguments and several objects of the response for each request: a third of
the CPU of a GET of a job, a sixth of that of opening its stream. Such a route is written, checked and
documented as all others. Its parameters are the context, names in the path, a body of JSON, and texts of the
query and of headers.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import msgspec
from litestar import Request, Response
from litestar.params import BodyKwarg, HeaderParameter, QueryParameter
from litestar.types import ASGIApp, Send

from app.api.authentication import caller_of
from app.api.contract import JSON, checked_request
from app.api.request_headers import header_of

DIRECT = {"is_direct": True}  # the `opt` of such a route

Asked = Request[Any, Any, Any]
Reader = Callable[[Asked, object], object]
ContentT = TypeVar("ContentT")

_encode = msgspec.json.Encoder().encode
_JSON_TYPE = (b"content-type", JSON.encode())


class DirectResponse(Response[ContentT]):
    """What such a route returns, without all that Litestar could add."""

    def __init__(
        self,
        content: ContentT,
        status_code: int | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.content = content
        self.status_code = status_code
        self.headers = headers  # type: ignore[assignment]


class _Route(NamedTuple):
    """A route, and what reads each of its arguments."""

    call: Callable[..., Awaitable[Response[Any] | ASGIApp]]
    status: int
    readers: tuple[tuple[str, Reader], ...]


async def answer(request: Asked, send: Send) -> None:
    """Check a request, call its route, and send what that returns."""
    route = _route(request.scope["route_handler"])
    body = await checked_request(request)
    given = {name: read(request, body) for name, read in route.readers}
    response = await route.call(**given)
    if isinstance(response, Response):
        await _send(response, response.status_code or route.status, send)
    else:  # it sends itself, as a stream does
        await response(request.scope, request.receive, send)


async def _send(response: Response[Any], status: int, send: Send) -> None:
    body = _encode(response.content)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    headers += [_JSON_TYPE, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@cache
def _route(handler: Any) -> _Route:  # noqa: ANN401 - any handler of Litestar
    parameters = handler.parsed_fn_signature.parameters
    readers = tuple((name, _reader(name, field)) for name, field in parameters.items())
    return _Route(handler.fn, handler.status_code, readers)


def _reader(name: str, field: Any) -> Reader:  # noqa: ANN401 - Litestar's view of a parameter
    limits = field.kwarg_definition
    if name == "context":
        return lambda request, _: request.app.state.context.of(caller_of(request))
    if isinstance(limits, BodyKwarg):
        decode = msgspec.json.Decoder(field.annotation).decode
        return lambda _, body: decode(body) if isinstance(body, bytes) else body
    if isinstance(limits, HeaderParameter):
        header = (limits.name or name).lower().encode()
        return lambda request, _: header_of(request.scope, header)
    if isinstance(limits, QueryParameter):
        parameter = limits.name or name
        return lambda request, _: request.query_params.get(parameter)
    return lambda request, _: request.path_params[name]
