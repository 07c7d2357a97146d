"""Run a Postgres that can be stopped in every way and restarted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from app.store import embedded
from app.store.database import driver_url
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from tests.folders import passable_folder

TEMPLATE = "chaos_template"
STARTS = 12  # tries
MOST = 300  # connections that an idle crowd tries to open

# Every session of the application, whatever it does now.
CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'dossier' AND datname = current_database()"""

CUT_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE application_name = 'dossier' AND datname = current_database() AND usename IS NOT NULL
        ORDER BY (state = 'active') DESC, md5(pid::text || $1::text) LIMIT 1) AS unlucky"""

# A transaction is refused when it commits, after all its statements have succeeded.
REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF random() < {share} THEN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '{code}';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON jobs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"""

ALLOW = "DROP TRIGGER IF EXISTS refuse ON jobs; DROP FUNCTION IF EXISTS refuse()"

HOT = """
    SELECT sum(n_tup_hot_upd)::float / nullif(sum(n_tup_upd), 0)
    FROM pg_stat_user_tables WHERE relname = 'leases'"""

COMMITS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"


class Postgres:
    """Run a cluster that must be up for everything but `restart`."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    @property
    def pid(self) -> int:
        return self._server.get_pid()

    async def database(self) -> str:
        """The URL of an empty migrated database of its own."""
        name = f"chaos_{uuid4().hex[:12]}"
        await self.run(self._url("postgres"), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self._url(name)

    async def make_template(self) -> None:
        await self.run(self._url("postgres"), f"CREATE DATABASE {TEMPLATE}")
        await asyncio.to_thread(migrate, self._url(TEMPLATE))

    def _url(self, name: str) -> str:
        return make_url(self._server.get_uri()).set(database=name).render_as_string(hide_password=False)

    async def run(self, url: str, sql: str, *params):
        """Run one statement as the owner, and return its first value."""
        connection = await asyncpg.connect(driver_url(url))
        try:
            return await (connection.fetchval(sql, *params) if params else _last(connection, sql))
        finally:
            await connection.close()

    async def restart(self, mode: str, away: float) -> None:
        """Stop the server as `pg_ctl -m mode` does, then start it again."""
        await asyncio.to_thread(self._stop, mode)
        await asyncio.sleep(away)
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        """Start the server, waiting ten seconds at a time.

        Recovery takes longer than that on a busy machine.
        """
        for _ in range(STARTS):
            with contextlib.suppress(OSError):  # it is tried again
                return self._server.ensure_running()
        raise RuntimeError("Postgres does not come up again.")

    def _stop(self, mode: str) -> None:
        self._server.stop(mode)

    @contextlib.asynccontextmanager
    async def crowded(self, url: str) -> AsyncIterator[int]:
        """Take every free connection, cut the application's, and yield how many."""
        crowd: list[asyncpg.Connection] = []
        try:
            for turn in range(MOST):
                with contextlib.suppress(asyncpg.PostgresError, OSError):
                    crowd.append(await asyncpg.connect(driver_url(url)))
                    if len(crowd) == 1 or turn % 50 == 0:
                        await crowd[0].execute(CUT)
            yield len(crowd)
        finally:
            for connection in crowd:
                connection.terminate()


async def _last(connection: asyncpg.Connection, sql: str):
    """Several statements, or one with a value."""
    if ";" in sql:
        return await connection.execute(sql)
    return await connection.fetchval(sql)


@contextlib.asynccontextmanager
async def running_postgres() -> AsyncIterator[Postgres]:
    """A cluster in a temporary folder."""
    with passable_folder("dossier-chaos-") as folder:
        server = embedded.start(folder)
        try:
            postgres = Postgres(server)
            await postgres.make_template()
            yield postgres
        finally:
            server.cleanup()
