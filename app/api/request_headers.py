"""Look single headers up.

Litestar makes a map of all headers first, which costs more than the few that most requests are asked for.
"""

import math
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import Empty, Scope


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the first value of a header, or None."""
    for given, value in scope["headers"]:
        if given == name:
            return value.decode("latin-1")
    return None


class LeanRequest(Request[Any, Any, Any]):
    """A request whose body is read without a map of headers.

    Most bodies come in one message, and need no generator.
    """

    __slots__ = ()

    async def body(self) -> bytes:
        """Return the body. Raises RequestEntityTooLarge."""
        if self._body is Empty:
            kept = self._connection_state
            self._body = kept.body = await self._received() if kept.body is Empty else kept.body
        body: bytes = self._body
        return body

    async def _received(self) -> bytes:
        most = self.route_handler.resolve_request_max_body_size() or math.inf
        if (self.content_length or 0) > most:
            raise RequestEntityTooLarge
        body = bytearray()
        while True:
            message: Any = await self.receive()
            if message["type"] == "http.disconnect":
                raise InternalServerException("client disconnected prematurely")
            body += message["body"]
            if len(body) > most:
                raise RequestEntityTooLarge
            if not message.get("more_body", False):
                return bytes(body)

    @property
    def content_length(self) -> int | None:
        """Return the announced length. The body is bounded without it too."""
        announced = header_of(self.scope, b"content-length") or ""
        return int(announced) if announced.isdecimal() else None
