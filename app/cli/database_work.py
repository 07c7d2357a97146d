"""Do something in the database of a command, with its engine."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.cli.database_url import ready_url
from app.settings import load_settings
from app.store.database import Engine, make_engine

WorkT = TypeVar("WorkT")


def in_database(work: Callable[[Engine], Awaitable[WorkT]]) -> WorkT:
    """Return what `work` does with the engine of the settings' database."""
    url = ready_url(load_settings())

    async def run() -> WorkT:
        engine = make_engine(url)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())
