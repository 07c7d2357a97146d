"""The engine: pools, timeouts, and the role that cannot change the log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import exc, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.errors import DatabaseUnavailable

APP_ROLE = "dossier_app"
POOL_SIZE = 8  # connections of one process; two cores answer no faster with more
POOL_TIMEOUT = 5.0  # seconds to wait for a free connection before the answer is 503
CONNECT_TIMEOUT = 5.0  # seconds
COMMAND_TIMEOUT = 30.0  # seconds; asyncpg gives up, also when the server is gone without a word

# In milliseconds, enforced by the server: nothing that this process forgot can hold a lock for ever.
SERVER_SETTINGS = {
    "application_name": "dossier",
    "statement_timeout": "30000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
    "jit": "off",  # compiling costs more than any of these statements
}

# What a driver raises when Postgres is away, full, starting, stopping, or has cut the connection.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    exc.InterfaceError,
    exc.TimeoutError,
)


def sqlalchemy_url(url: str) -> str:
    """Any usual spelling of a Postgres URL as the one that SQLAlchemy maps to asyncpg."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def driver_url(url: str) -> str:
    """The same for asyncpg itself, for the connections that live outside the pool."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def server_settings(role: str | None = APP_ROLE) -> dict[str, str]:
    """Session settings; `role` None stays the user that logged in, who owns the tables."""
    return {**SERVER_SETTINGS, **({"role": role} if role else {})}


def make_engine(url: str, *, role: str | None = APP_ROLE, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """An engine whose connections commit each statement by itself.

    A statement is a whole append or a whole claim, so there is no transaction to hold open and no
    COMMIT whose failure could be missed.
    """
    return create_async_engine(
        sqlalchemy_url(url),
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        connect_args={
            "timeout": CONNECT_TIMEOUT,
            "command_timeout": COMMAND_TIMEOUT,
            "server_settings": server_settings(role),
        },
    )


async def connect(url: str) -> asyncpg.Connection:
    """One connection outside the pool, for a listener or a thread of its own."""
    return await asyncpg.connect(
        driver_url(url),
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        server_settings=server_settings(),
    )


@asynccontextmanager
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of the pool.

    Raises DatabaseUnavailable for everything that waiting and trying again can cure.
    """
    try:
        async with engine.connect() as conn:
            yield conn
    except AWAY as error:
        raise DatabaseUnavailable(str(error)) from error
    except exc.DBAPIError as error:
        if error.connection_invalidated or isinstance(_cause(error), AWAY):
            raise DatabaseUnavailable(str(error.orig)) from error
        raise


def _cause(error: exc.DBAPIError) -> BaseException | None:
    """The driver's own exception, which SQLAlchemy's adapter wraps once more."""
    return error.orig.__cause__ if error.orig is not None else None


async def fetch(engine: AsyncEngine, sql: str, *params: Any) -> list[Any]:  # noqa: ANN401 - as the driver
    """Run one statement with $1, $2 … and return its rows."""
    async with connection(engine) as conn:
        result = await conn.exec_driver_sql(sql, params)
        return list(result.fetchall()) if result.returns_rows else []
