"""The engine: pools, timeouts, and the role that cannot change the log."""

from typing import Any

import asyncpg
from sqlalchemy import make_url

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

# What the driver raises when Postgres is away, full, starting, stopping, or has cut the connection.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,  # stopping, starting, a statement past its timeout
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
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


class Engine:
    """A pool of the driver's own connections, which commit each statement by itself.

    A statement is a whole append or a whole claim, so there is no transaction to hold open and no
    COMMIT whose failure could be missed. The pool opens with the first statement, in its event loop.
    """

    def __init__(self, url: str, role: str | None, pool_size: int) -> None:
        self._url = driver_url(url)
        self._role = role
        self._size = pool_size
        self._pool: asyncpg.Pool | None = None

    async def fetch(self, sql: str, *params: Any) -> list[Any]:  # noqa: ANN401 - as the driver
        """Run one statement with $1, $2 … and return its rows."""
        if self._pool is None:
            self._pool = await self._open()
        async with self._pool.acquire(timeout=POOL_TIMEOUT) as connection:
            rows: list[Any] = await connection.fetch(sql, *params)
            return rows

    async def dispose(self) -> None:
        """Cut all connections."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def _open(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            self._url,
            min_size=0,  # so that nothing is awaited here, and two first statements share one pool
            max_size=self._size,
            reset=_keep,
            timeout=CONNECT_TIMEOUT,
            command_timeout=COMMAND_TIMEOUT,
            server_settings=server_settings(self._role),
        )


async def _keep(_connection: asyncpg.Connection) -> None:
    """No statement leaves anything behind in its session, so a returned connection needs no reset."""


def make_engine(url: str, *, role: str | None = APP_ROLE, pool_size: int = POOL_SIZE) -> Engine:
    """An engine whose connections act in `role`."""
    return Engine(url, role, pool_size)


async def connect(url: str) -> asyncpg.Connection:
    """One connection outside the pool, for a listener or a thread of its own."""
    return await asyncpg.connect(
        driver_url(url),
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        server_settings=server_settings(),
    )


async def fetch(engine: Engine, sql: str, *params: Any) -> list[Any]:  # noqa: ANN401 - as the driver
    """Run one statement and return its rows.

    Raises DatabaseUnavailable for everything that waiting and trying again can cure.
    """
    try:
        return await engine.fetch(sql, *params)
    except AWAY as error:
        raise DatabaseUnavailable(str(error)) from error
