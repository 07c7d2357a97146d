"""Long responses outlive their request: Litestar authorises them, then lets go.

While a response of hours is open, everything that made it - the request, its arguments, the stack of
the framework - would stay in memory, and each write would go through the framework's wrappers. So a
response that is marked `handed_over` is only noted while Litestar is at work, and called afterwards
with the server's own `receive` and `send`.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from litestar.types import ASGIApp, Receive, Scope, Send

from app.stream.connection import RawWriter

WIRE = "dossier.wire"  # the server's extension, a `Wire`
SLOT = "dossier.handover"


class Wire(RawWriter, Protocol):
    """A connection as its response sees it."""

    def let_go(self) -> None:
        """Forget the request, once its long response has begun."""


ResultT = TypeVar("ResultT")
Call = Callable[[ResultT, Scope, Receive, Send], Awaitable[None]]


class Handover:
    """The application, and after it the response that it handed over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        slot: list[ASGIApp] = []
        scope[SLOT] = slot  # type: ignore[literal-required]
        await self._app(scope, receive, send)
        if slot:
            await slot.pop()(_bare(scope), receive, send)


def handed_over(call: Call[ResultT]) -> Call[ResultT]:
    """Mark the `__call__` of a response to run after the handler.

    Without a Handover around the application it runs at once.
    """

    @functools.wraps(call)
    async def start(self: ResultT, scope: Scope, receive: Receive, send: Send) -> None:
        slot: list[ASGIApp] | None = scope.get(SLOT)  # type: ignore[assignment]
        if slot is None:
            await call(self, scope, receive, send)
        else:
            slot.append(functools.partial(call, self))

    return start


def _bare(scope: Scope) -> Scope:
    """Keep only the part of the scope that the server needs.

    The server holds the scope to the end.
    """
    for name in scope.keys() - KEPT_SCOPE:
        del scope[name]  # type: ignore[misc]
    return scope


KEPT_SCOPE = frozenset({"type", "method", "http_version", "client", "path", "query_string", "extensions"})
