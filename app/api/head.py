"""HEAD: the status and the headers of a GET, without its body."""

from collections.abc import Awaitable

from litestar.types import ASGIApp, HTTPSendMessage, Receive, Scope, Send


class HeadAsGet:
    """Answers HEAD as GET, but sends only the start."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request.

        Not a coroutine, which would stay for as long as the response of any other request.
        """
        if scope["type"] != "http" or scope["method"] != "HEAD":  # type: ignore[comparison-overlap,typeddict-item]
            return self._app(scope, receive, send)
        # Without the server's own extension, a stream cannot write past this `send`.
        as_get = {**scope, "method": "GET", "extensions": {}}
        return self._app(as_get, receive, _start_only(send))  # type: ignore[arg-type]


def _start_only(send: Send) -> Send:
    """Return a `send` that ends the response after its headers.

    An open stream then sees a disconnect.
    """

    async def pass_on(message: HTTPSendMessage) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return pass_on  # type: ignore[return-value]
