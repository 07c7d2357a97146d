"""Call the routes asked most often without Litestar's arguments and responses.

Litestar makes a model of the arguments and several objects of the response for each request: a third of
the CPU of a GET of a job. Such a route is written, checked and documented as all others. Its parameters are
the context, names in the path, a body of JSON, and texts of the query and of headers.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.handlers import BaseRouteHandler
from litestar.params import BodyKwarg, HeaderParameter, QueryParameter
from litestar.types import Send

from app.api.authentication import caller_of
from app.api.contract import JSON, check_request
from app.api.request_headers import header_of

DIRECT = {"is_direct": True}  # the `opt` of such a route

Asked = Request[Any, Any, Any]
Reader = Callable[[Asked, bytes], object]

_encode = msgspec.json.Encoder().encode


async def answer(request: Asked, send: Send) -> None:
    """Check a request, call its route, and send what that returns."""
    await check_request(request)
    response = await _call(request)
    handler: Any = request.route_handler
    await _send(response, response.status_code or handler.status_code, send)


async def _call(request: Asked) -> Response[Any]:
    handler = request.route_handler
    readers, has_body = _readers(handler)
    body = await request.body() if has_body else b""
    given = {name: read(request, body) for name, read in readers.items()}
    response: Response[Any] = await handler.fn(**given)
    return response


async def _send(response: Response[Any], status: int, send: Send) -> None:
    body = _encode(response.content)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    headers += [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@cache
def _readers(handler: BaseRouteHandler) -> tuple[Mapping[str, Reader], bool]:
    """Return what reads each argument, and whether one is the body."""
    parameters = handler.parsed_fn_signature.parameters
    readers = {name: _reader(name, field) for name, field in parameters.items()}
    return readers, any(isinstance(field.kwarg_definition, BodyKwarg) for field in parameters.values())


def _reader(name: str, field: Any) -> Reader:  # noqa: ANN401 - Litestar's view of a parameter
    limits = field.kwarg_definition
    if name == "context":
        return lambda request, _: request.app.state.context.of(caller_of(request))
    if isinstance(limits, BodyKwarg):
        decode = msgspec.json.Decoder(field.annotation).decode
        return lambda _, body: decode(body)
    if isinstance(limits, HeaderParameter):
        header = (limits.name or name).lower().encode()
        return lambda request, _: header_of(request.scope, header)
    if isinstance(limits, QueryParameter):
        parameter = limits.name or name
        return lambda request, _: request.query_params.get(parameter)
    return lambda request, _: request.path_params[name]
