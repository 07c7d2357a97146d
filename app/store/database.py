"""The engine: pools, timeouts, and the role that cannot change the log."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg

from app.domain.caller import Caller
from app.errors import DatabaseUnavailable
from app.store.address import driver_url, hosts, session
from app.store.pool import Pool
from app.store.session import ANY_SCOPE, Scope, Session, is_standby, preamble_of, set_up

log = logging.getLogger(__name__)

APP_ROLE = "dossier_app"
TENANT_ROLE = "dossier_tenant"  # sees the rows of one tenant, by row level security
POOL_SIZE = 8  # connections of one process; two cores answer no faster with more
CONNECT_TIMEOUT = 5.0  # seconds, for all hosts of the URL together
COMMAND_TIMEOUT = 30.0  # seconds; we give up, also when the server is gone without a word

# In milliseconds, enforced by the server: nothing that this process forgot can hold a lock for ever.
SERVER_SETTINGS = {
    "application_name": "dossier",
    "statement_timeout": "30000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
    "standard_conforming_strings": "on",  # whatever the database is set to: statements are written for it
    "jit": "off",  # compiling costs more than any of these statements
    # Whatever is asked for in order has an index in that order. While statistics are old, as after a flood
    # of jobs, the planner believes that it finds few rows and sorts what may be the whole queue.
    "enable_sort": "off",
    # Each statement has a text of its own for what its plan depends on, so the values change none. By itself
    # Postgres would plan the first five runs in each connection anew, at two to three times their cost.
    "plan_cache_mode": "force_generic_plan",
}

# What the driver raises when Postgres is away, full, starting, stopping, or has cut the connection.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection ended while a statement was being prepared
    asyncpg.OperatorInterventionError,  # stopping, starting, a statement past its timeout
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.PostgresSystemError,  # its disk cannot be read or written
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not promoted yet
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
)


# Of those, what a single statement meets while Postgres is well.
PASSING = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)
WRITES_FAIL = (asyncpg.DiskFullError, asyncpg.ReadOnlySQLTransactionError)
ANY_SQL = ""

# Of a session without bounds of its own, as migrations have it.
PLAIN_SETTINGS = MappingProxyType({"application_name": "dossier", "standard_conforming_strings": "on"})

# What a URL may ask for as target_session_attrs; everything else is a server that takes writes.
ON_EITHER = frozenset({"any", "prefer-standby"})
ON_STANDBYS = frozenset({"standby", "read-only"})


def server_settings(role: str | None = APP_ROLE) -> dict[str, str]:
    """Return session settings.

    Without `role` the tables' owner stays logged in.
    """
    return {**SERVER_SETTINGS, **({"role": role} if role else {})}


class Engine:
    """A pool of driver connections, each of which commits every statement.

    A statement is a whole append or a whole claim, so there is no transaction to hold open and no
    COMMIT whose failure could be missed. The pool opens with the first statement, in its event loop.

    A statement that takes too long is left behind with its connection, not cancelled as the driver does:
    where it waits for a standby, cancelling it shows to everybody what the standby does not have.
    """

    def __init__(self, url: str, role: str | None, pool_size: int) -> None:
        self._url = driver_url(url)
        self._role = role
        self._size = pool_size
        self._pools: dict[str | None, Pool] = {}
        self._outage: str | None = None  # the statement whose success ends it
        self._asked = 0  # statements that run, or have no connection yet
        self.failures = 0  # statements that found Postgres away, since the last scrape

    async def fetch(self, sql: str, *params: Any) -> list[Any]:  # noqa: ANN401 - as the driver
        """Run one statement with $1, $2 … and return its rows."""
        return await self.ask(ANY_SCOPE, sql, params)

    async def ask(self, scope: Scope, sql: str, params: Sequence[Any]) -> list[Any]:
        """Run one statement, behind the fence where the scope has a tenant."""
        return await self._lend(scope, sql, lambda connection: run_bounded(connection, sql, params, scope))

    async def _lend(
        self, scope: Scope, sql: str, run: Callable[[Session], Awaitable[list[Any]]]
    ) -> list[Any]:
        """Lend a connection for a statement."""
        role = TENANT_ROLE if scope.tenant and self._role == APP_ROLE else self._role
        pool = self._pool_of(role)
        self._asked += 1
        try:
            connection = await pool.take()
            try:
                rows = await run(connection)
            finally:
                pool.give_back(connection)
        except AWAY as error:
            self.failures += 1
            self._begin_outage(error, sql)
            raise
        else:
            if self._outage is not None and self._outage in {ANY_SQL, sql}:
                self._outage = None
                log.warning("Postgres answers again.")
            return rows
        finally:
            self._asked -= 1

    def _begin_outage(self, error: Exception, sql: str) -> None:
        """Log the first failure of an outage.

        Where only writing fails, as on a full disk, reads that succeed do not end it.
        """
        if self._outage is None and not isinstance(error, PASSING):
            self._outage = sql if isinstance(error, WRITES_FAIL) else ANY_SQL
            about = {"error_type": type(error).__name__, "error": str(error)}
            log.warning("Postgres is away: requests and jobs wait.", extra=about)

    def connections(self) -> tuple[int, int, int]:
        """Count the connections, busy and idle, and the waiting statements."""
        idle = sum(pool.idle for pool in self._pools.values())
        used = sum(pool.lent for pool in self._pools.values())
        return used, idle, max(0, self._asked - used)

    async def dispose(self) -> None:
        """Cut all connections."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _pool_of(self, role: str | None) -> Pool:
        if role not in self._pools:
            settings = server_settings(role)
            self._pools[role] = Pool(lambda: dial(self._url, server_settings=settings), self._size)
        return self._pools[role]


async def run_bounded(
    connection: Session, sql: str, params: Sequence[Any], scope: Scope = ANY_SCOPE
) -> list[Any]:
    """Run a statement, and cut the connection where it takes too long."""
    connection.expect_answer(COMMAND_TIMEOUT)
    try:
        rows: list[Any] = await connection.run(sql, *params, scope=scope)
    except asyncpg.ReadOnlySQLTransactionError:
        connection.terminate()  # it leads to a standby; the next one may find the primary
        raise
    finally:
        connection.answered()
    return rows


async def dial(url: str, **options: Any) -> Session:  # noqa: ANN401 - as the driver
    """Connect to the first primary, unless the URL asks for another.

    `server_settings` hold for each statement of the session's `run`, also through a pooler.

    Each host has its share of the time: the driver's own search would spend all of it on a machine
    that is gone without a word, and that is the first one after every failover.
    """
    dsn, several = driver_url(url), hosts(url)
    options |= {"wanted": session(url), "seconds": CONNECT_TIMEOUT / (len(several) or 1)}
    for name, port in several[:-1]:
        with contextlib.suppress(*AWAY):  # the next host is tried; the last one's error is raised
            return await _open_session(dsn, host=name, port=port, **options)
    last: dict[str, Any] = {"host": several[-1].name, "port": several[-1].port} if several else {}
    return await _open_session(dsn, **last, **options)


async def _open_session(
    dsn: str,
    *,
    wanted: str,
    seconds: float,
    server_settings: Mapping[str, str] = PLAIN_SETTINGS,
    **options: Any,  # noqa: ANN401 - as the driver
) -> Session:
    """Open a session, behind a pooler without prepared statements."""
    options |= {"connection_class": Session, "timeout": seconds}
    async with asyncio.timeout(seconds):
        connection = await _open_wanted(dsn, wanted, options)
        with _terminating(connection):
            if await set_up(connection, server_settings):
                return connection
        connection.terminate()
        connection = await _open_wanted(dsn, wanted, options | {"statement_cache_size": 0})
        connection.is_pooled, connection.preamble = True, preamble_of(server_settings)
        return connection


async def _open_wanted(dsn: str, wanted: str, options: Mapping[str, Any]) -> Session:
    """Open a session with a server of the wanted kind.

    The driver itself would ask in a way that poolers do not take.
    """
    connection: Session = await asyncpg.connect(dsn, target_session_attrs="any", **options)
    with _terminating(connection):
        if wanted in ON_EITHER or await is_standby(connection) == (wanted in ON_STANDBYS):
            return connection
    connection.terminate()
    raise asyncpg.TargetServerAttributeNotMatched(f"The server is not one for {wanted} sessions.")


@contextlib.contextmanager
def _terminating(connection: Session) -> Iterator[None]:
    """Cut the connection if this fails."""
    try:
        yield
    except BaseException:
        connection.terminate()
        raise


def make_engine(url: str, *, role: str | None = APP_ROLE, pool_size: int = POOL_SIZE) -> Engine:
    """An engine whose connections act in `role`."""
    return Engine(url, role, pool_size)


@contextlib.asynccontextmanager
async def dispose_after(engine: Engine) -> AsyncIterator[None]:
    """Cut the engine's connections once this is closed."""
    try:
        yield
    finally:
        await engine.dispose()


async def connect(url: str) -> Session:
    """Open a connection outside the pool, for a listener or a thread."""
    return await dial(
        url,
        command_timeout=COMMAND_TIMEOUT,
        server_settings=server_settings(),
    )


async def is_pooled(url: str) -> bool:
    """Return True if a pooler stands between this process and Postgres."""
    connection = await dial(url)
    try:
        return connection.is_pooled
    finally:
        connection.terminate()


async def fetch(engine: Engine, sql: str, *params: Any) -> list[Any]:  # noqa: ANN401 - as the driver
    """Run one statement and return its rows.

    Raises DatabaseUnavailable for everything that waiting and trying again can cure.
    """
    try:
        return await engine.fetch(sql, *params)
    except AWAY as error:
        raise DatabaseUnavailable(str(error)) from error


async def fetch_fenced(
    engine: Engine,
    caller: Caller,
    sql: str,
    *params: Any,  # noqa: ANN401 - as the driver
    job_id: UUID | None = None,
) -> list[Any]:
    """Run one statement that sees the caller's rows alone.

    Row level security sees to that. `job_id` is the job of many events that it reads. Raises as `fetch` does.
    """
    try:
        return await engine.ask(Scope(caller.tenant, str(job_id or "")), sql, params)
    except AWAY as error:
        raise DatabaseUnavailable(str(error)) from error


async def fetch_own(
    engine: Engine,
    caller: Caller,
    sql: str,
    *params: Any,  # noqa: ANN401 - as the driver
    job_id: UUID | None = None,
) -> list[Any]:
    """Run one statement as `fetch_fenced` does, whose $1 is the caller's tenant."""
    return await fetch_fenced(engine, caller, sql, caller.tenant, *params, job_id=job_id)


def storable(text: str) -> str:
    """Return a text as Postgres can store it.

    NUL becomes U+FFFD, and a lone surrogate a question mark.
    """
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
