"""Serve the protocol inside the API's process, without a network."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import httpx
from litestar.types import ASGIApp, Receive, Scope, Send
from mcp.server.transport_security import TransportSecuritySettings

from app.mcp_server.protocol import make_mcp_server
from app.mcp_server.research_tools import ResearchTools
from dossier import AsyncDossier

OWN_URL = "http://127.0.0.1:8000"  # of links in answers; requests do not leave the process
LOCAL = ["127.0.0.1:*", "localhost:*", "[::1]:*"]


class McpMount:
    """Answers /mcp while it runs, and refuses requests before or after."""

    def __init__(self, process_key: str, allowed_hosts: Sequence[str] = ()) -> None:
        self._process_key = process_key
        hosts = [*LOCAL, *allowed_hosts]
        origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
        self._security = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)
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
        if self._app is None:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await self._app(scope, receive, send)
