"""Give a connection its role and settings, also through a pooler.

A pooler refuses settings at the start of a session, or drops them without a word, and may run each
transaction in another session. So a statement sets them once the connection is there. It also finds a
pooler out: then another process answers than the one that was connected to. From then on every statement
runs in a transaction of its own that begins with role and settings, so that neither is ever lost.
"""

import asyncio
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import asyncpg

SET_SCOPE = """
    SELECT set_config('dossier.tenant', $1::text, $3::boolean), set_config('dossier.job', $2::text, $3)"""
NO_ROW = "SELECT 0"  # Postgres's word for an answer without a row


class Scope(NamedTuple):
    """Whose rows a statement sees, where row level security asks.

    The job is that of many events which it reads: of others each is looked up, of this one the job alone.
    """

    tenant: str = ""
    job: str = ""


ANY_SCOPE = Scope()


class Session(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose role and settings hold for each statement."""

    is_pooled = False
    preamble = ""  # of each transaction through a pooler
    scope = ANY_SCOPE  # that was set last
    loop: asyncio.AbstractEventLoop | None = None  # of a pool's connection
    opened_at = used_at = 0.0  # of the monotonic clock
    _due = math.inf  # of the loop's clock: when a statement has taken too long
    _alarm: asyncio.TimerHandle | None = None

    def expect_answer(self, seconds: float) -> None:
        """Cut the connection unless `answered` is called within so many seconds.

        The alarm stays for the next statements: setting one for each took as long as sending it.
        """
        loop = asyncio.get_running_loop()
        self._due = loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._due:
            self._set_alarm(loop)

    def answered(self) -> None:
        """Nothing is expected any more."""
        self._due = math.inf

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._alarm = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cut the connection if it is due, or wait for what is."""
        self._alarm = None
        if loop.time() >= self._due:
            self.terminate()
        elif self._due < math.inf and not self.is_closed():
            self._set_alarm(loop)

    def terminate(self) -> None:
        """Cut the connection, whatever runs on it."""
        if self._alarm:
            self._alarm.cancel()
        super().terminate()

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[Any]:  # noqa: ANN401 - as the driver
        """As the driver's. Raises ConnectionResetError where it is cut meanwhile."""
        try:
            return cast(list[Any], await super().fetch(query, *args, **options))
        except AttributeError as error:
            raise self._without_protocol(error) from error

    async def execute(self, query: str, *args: Any, **options: Any) -> str:  # noqa: ANN401 - as the driver
        """As the driver's. Raises ConnectionResetError where it is cut meanwhile."""
        try:
            return cast(str, await super().execute(query, *args, **options))
        except AttributeError as error:
            raise self._without_protocol(error) from error

    def _without_protocol(self, error: AttributeError) -> Exception:
        """Return what to raise where the driver missed its protocol.

        It asks for it between two steps of preparing a statement, and has let go of it if it was cut there.
        """
        is_cut = self.is_closed()
        return (
            ConnectionResetError("The connection was cut while a statement was prepared.")
            if is_cut
            else error
        )

    async def run(self, sql: str, *params: Any, scope: Scope = ANY_SCOPE) -> list[Any]:  # noqa: ANN401 - as the driver
        """Run one statement, which commits, and return its rows."""
        if not self.is_pooled:
            # A job that was set before makes nothing visible: the policy asks whose it is.
            if scope.tenant != self.scope.tenant or scope.job not in {"", self.scope.job}:
                self.scope = ANY_SCOPE  # if this is cut off, it is set again
                await self.fetch(SET_SCOPE, *scope, False)
                self.scope = scope
            return list(await self.fetch(sql, *params))
        try:
            await self.execute(self.preamble)
            if scope.tenant:
                await self.fetch(SET_SCOPE, *scope, True)
            rows = await self.fetch(sql, *params)
            await self.execute("COMMIT")
        except asyncpg.PostgresError:
            await self.execute("ROLLBACK")
            raise
        except BaseException:  # cancelled in the middle: the transaction ends with the connection
            self.terminate()
            raise
        return list(rows)


async def set_up(connection: Session, settings: Mapping[str, str]) -> bool:
    """Apply the settings to a session.

    Return False behind a pooler, where nothing was applied.
    """
    given = ", ".join(f"('{name}', '{value}')" for name, value in settings.items())
    answer = await connection.execute(
        f"SELECT set_config(name, value, false) FROM (VALUES {given}) AS given(name, value)"
        f" WHERE pg_backend_pid() = {connection.get_server_pid()}"
    )
    return bool(answer != NO_ROW)


def preamble_of(settings: Mapping[str, str]) -> str:
    """Return what each transaction through a pooler begins with."""
    lines = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())
    return f"BEGIN; {lines}"


async def is_standby(connection: Session) -> bool:
    """Return True on a server that takes no writes.

    Postgres says so when a session begins, a pooler does not.
    """
    said = getattr(connection.get_settings(), "in_hot_standby", None)
    if said is not None:
        return bool(said == "on")
    return bool(await connection.execute("SELECT 1 WHERE pg_is_in_recovery()") != NO_ROW)
