"""`dossier mcp` speaks the Model Context Protocol over stdin and stdout."""

import asyncio

import click

from app.cli.server_connection import OWN_KEY, OWN_WORKERS, own_server
from app.mcp_server.protocol import make_mcp_server
from app.mcp_server.research_tools import ResearchTools
from app.settings import load_settings
from dossier import AsyncDossier


@click.command(epilog="Example: dossier mcp")
@click.option("--json", is_flag=True, expose_value=False, help="Print an error as JSON on standard error.")
def mcp() -> None:
    """Serve the Model Context Protocol over stdio.

    It uses the server at DOSSIER_URL, or runs one for as long as the host keeps it.
    """
    settings = load_settings()
    if settings.url:
        asyncio.run(_serve(settings.url, settings.api_key))
        return
    with own_server(OWN_WORKERS) as url:
        asyncio.run(_serve(url, OWN_KEY))


async def _serve(url: str, api_key: str) -> None:
    async with AsyncDossier(url, api_key=api_key) as dossier:
        await make_mcp_server(ResearchTools(dossier)).run_stdio_async()
