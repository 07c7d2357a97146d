"""Serve the protocol inside the API's process, without a network."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import httpx
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Receive, Scope, Send
from mcp.server.transport_security import TransportSecuritySettings

from app.mcp_server.protocol import make_mcp_server
from app.mcp_server.research_tools import ResearchTools
from app.text.json_bounds import is_nested
from dossier import AsyncDossier

OWN_URL = "http://127.0.0.1:8000"  # of links in answers; requests do not leave the process
MAX_MESSAGE = 65_536  # bytes; the longest argument is a question of 4,000 characters
LOCAL = ["127.0.0.1:*", "localhost:*", "[::1]:*"]


class McpMount:
    """Answers /mcp while it runs, and refuses requests before or after."""

    def __init__(
        self, process_key: str, allowed_hosts: Sequence[str] = (), allowed_origins: Sequence[str] = ()
    ) -> None:
        self._process_key = process_key
        hosts = [*LOCAL, *allowed_hosts]
        origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
        self._security = TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=[*origins, *allowed_origins]
        )
        self._app: ASGIApp | None = None

    @contextlib.asynccontextmanager
    async def running(self, api: ASGIApp) -> AsyncIterator[None]:
        """Serve over this API while open."""
        transport = httpx.ASGITransport(api)  # type: ignore[arg-type]  # Litestar's types of ASGI are its own
        async with AsyncDossier(OWN_URL, api_key=self._process_key, transport=transport) as dossier:
            server = make_mcp_server(ResearchTools(dossier))
            app = server.streamable_http_app(
                streamable_http_path="/", stateless_http=True, transport_security=self._security
            )
            async with server.session_manager.run():
                self._app = app  # type: ignore[assignment]
                yield
                self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        body = await _body(receive) if scope["method"] == "POST" else b""
        if self._app is None:
            await _refuse(send, 503)
        elif len(body) > MAX_MESSAGE:
            await _refuse(send, 413)
        elif is_nested(body):
            await _refuse(send, 400)
        else:
            await self._app(scope, _again(body, receive), send)


async def _body(receive: Receive) -> bytes:
    """Return the body, cut once it is too long."""
    body = bytearray()
    while len(body) <= MAX_MESSAGE:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message["body"]
        if not message["more_body"]:
            break
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that begins with this body."""
    waiting: list[HTTPRequestEvent] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> HTTPReceiveMessage:
        return waiting.pop() if waiting else await receive()  # type: ignore[return-value]

    return next_message  # type: ignore[return-value]


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
