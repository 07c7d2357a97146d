"""Let pages of listed origins call the API (CORS).

This is around the whole server, because streams leave the framework before their first byte.
"""

import re
from collections.abc import Iterable

from litestar.types import ASGIApp, HTTPSendMessage, Receive, Scope, Send

ANY = "*"
ALLOW_ORIGIN = b"access-control-allow-origin"
OFFERED_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PREFLIGHT_SECONDS = b"7200"  # as long as Chromium keeps an answer
# What a script may read beside the few headers that every script may.
READABLE = ("Allow", "ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate")
EXPOSED = ", ".join((*READABLE, "X-Job-Id", "X-Request-Id", "X-Should-Retry")).encode()
HEADER_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}")

Headers = list[tuple[bytes, bytes]]


class CrossOrigin:
    """Answers preflights and marks responses for the origins that are listed."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        """Wrap an application.

        Args:
            app: the application inside.
            origins: such as https://app.example.com; "*" is any, without cookies.
        """
        self._app = app
        self._origins = {origin.rstrip("/").lower().encode() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not self._origins:  # type: ignore[comparison-overlap]
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        granted = self._granted(given.get(b"origin"))
        is_options = scope["method"] == "OPTIONS"  # type: ignore[typeddict-item]
        if granted and is_options and b"access-control-request-method" in given:
            await _allow(send, granted, given)
            return
        await self._app(scope, receive, _marking(send, granted))

    def _granted(self, origin: bytes | None) -> Headers:
        """Return what allows this origin, or nothing."""
        if origin and origin.lower() in self._origins:
            return [
                (ALLOW_ORIGIN, origin),
                (b"access-control-allow-credentials", b"true"),
            ]
        if origin and ANY.encode() in self._origins:
            return [(ALLOW_ORIGIN, b"*")]
        return []


async def _allow(send: Send, granted: Headers, given: dict[bytes, bytes]) -> None:
    """Answer a preflight."""
    headers: Headers = [
        *granted,
        (b"access-control-allow-methods", OFFERED_METHODS),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        (b"vary", b"Origin, Access-Control-Request-Headers"),
    ]
    names = given.get(b"access-control-request-headers", b"")
    if HEADER_NAMES.fullmatch(names):
        headers.append((b"access-control-allow-headers", names))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _marking(send: Send, granted: Headers) -> Send:
    """Return a `send` that says who may read the response.

    A cache must not give one origin's response to another.
    """
    more: Headers = [(b"vary", b"Origin")]
    if granted:
        more += [*granted, (b"access-control-expose-headers", EXPOSED)]

    async def pass_on(message: HTTPSendMessage) -> None:
        if message["type"] == "http.response.start":
            said = [header for header in message["headers"] if not granted or header[0] != ALLOW_ORIGIN]
            message = {**message, "headers": [*said, *more]}
        await send(message)

    return pass_on  # type: ignore[return-value]
