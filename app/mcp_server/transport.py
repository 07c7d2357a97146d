"""The protocol over HTTP, with every package that it needs."""

import contextlib
from collections.abc import AsyncIterator, Callable

from mcp.server.transport_security import TransportSecuritySettings

from app.mcp_server.protocol import make_mcp_server
from app.mcp_server.research_tools import ResearchTools
from dossier import AsyncDossier


@contextlib.asynccontextmanager
async def serving(dossier: AsyncDossier, page: Callable[[], str]) -> AsyncIterator[object]:
    """Yield the ASGI application that answers with this client, while open.

    `page` says where people find reports.
    """
    server = make_mcp_server(ResearchTools(dossier, page))
    # The server around it has checked Host and Origin already, for every route.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path="/", stateless_http=True, transport_security=security
    )
    async with server.session_manager.run():
        yield app
