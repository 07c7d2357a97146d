"""The way to every route: the key, and what is compressed.

One layer around each route. As a guard, the check of the key would have Litestar copy the route's handler
for each request.
"""

from litestar.types import ASGIApp, Receive, Scope, Send

from app.api.authentication import require_key
from app.api.compression import SENT_AS_IS, compressing, takes_gzip
from app.api.direct import DIRECT, answer
from app.api.request_headers import LeanRequest, header_of


class Entrance:
    """Admits requests to a route, and compresses its answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of somebody who may send it."""
        request = LeanRequest(scope, receive, send)
        await require_key(request)
        if _takes_gzip(scope):
            send = compressing(send)
        if DIRECT.keys().isdisjoint(scope["route_handler"].opt):
            await self._app(scope, receive, send)
        else:
            await answer(request, send)


def _takes_gzip(scope: Scope) -> bool:
    """Tell whether an answer may be compressed."""
    if not SENT_AS_IS.keys().isdisjoint(scope["route_handler"].opt):
        return False
    accepted = header_of(scope, b"accept-encoding")
    return accepted is not None and takes_gzip(accepted)
