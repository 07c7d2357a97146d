"""Do something in the database of a command, or ask its server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.cli.database_url import ready_url
from app.cli.server_connection import connect, is_own
from app.settings import load_settings
from app.store.database import APP_ROLE, Engine, make_engine
from dossier import Dossier

WorkT = TypeVar("WorkT")


def in_database(work: Callable[[Engine], Awaitable[WorkT]]) -> WorkT:
    """Return what `work` does with the engine of the settings' database."""
    return _run(work, APP_ROLE)


def at_server_or_database(
    ask: Callable[[Dossier], WorkT], work: Callable[[Engine], Awaitable[WorkT]]
) -> WorkT:
    """Return what the server at DOSSIER_URL answers, else the database."""
    if is_own():
        return in_database(work)
    with connect() as dossier:
        return ask(dossier)


def as_owner(work: Callable[[Engine], Awaitable[WorkT]]) -> WorkT:
    """Return what `work` does with an engine that keeps its own role."""
    return _run(work, None)


def _run(work: Callable[[Engine], Awaitable[WorkT]], role: str | None) -> WorkT:
    url = ready_url(load_settings())

    async def run() -> WorkT:
        engine = make_engine(url, role=role)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())
