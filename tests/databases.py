"""Make databases from a template, and reuse those with an unchanged schema.

To empty a database takes a tenth of what it takes to make one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from app.store.address import driver_url

# All rows written outside of our own tables, so to a catalog: by whatever changes a schema, a right or the
# planner's statistics. Postgres counts them once the sessions have ended, and none after a crash.
ELSEWHERE = """
    SELECT pg_stat_get_db_tuples_inserted(oid) + pg_stat_get_db_tuples_updated(oid)
        + pg_stat_get_db_tuples_deleted(oid) - (
            SELECT sum(pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid)
                + pg_stat_get_tuples_deleted(oid))
            FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 't') AND relname <> 'alembic_version')
    FROM pg_database WHERE datname = current_database()"""
COUNT_FROM = "BEGIN; CREATE TABLE never_there (); ROLLBACK"  # is counted, so that a lost count shows
FILLED = """
    SELECT array_agg(oid::regclass::text) FROM pg_class
    WHERE oid >= 16384 AND relkind = 'r' AND pg_relation_size(oid) > 0 AND relname <> 'alembic_version'"""
RESTARTED = "SELECT count(setval(seqrelid, seqstart, false)) FROM pg_sequence WHERE seqrelid >= 16384"
# What belongs to the server is asked and done in a session that has all at hand.
SETTINGS = """
    SELECT concat(datallowconn, datconnlimit, datacl),
        (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = here.oid),
        (SELECT count(*) FROM pg_prepared_xacts WHERE database = here.datname)
    FROM pg_database here WHERE datname = $1"""
SIZE = "SELECT pg_database_size($1::name)"
# Bytes more than an empty one: deleted rows stay in the files, and a plan must not depend on earlier tests.
LARGEST = 4_000_000
CUT_OFF = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"


PREFIX = "dossier_"  # of the name of each copy, which nobody else's database has


def with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


class Databases:
    """Lend each database to one test at once, under a new name."""

    def __init__(self, server_url: str, template: str) -> None:
        self._url = server_url
        self._template = template
        self._admin: asyncpg.Connection | None = None
        self._made: dict[str, list[Any]] = {}  # how it was when it was made
        self._empty: list[str] = []
        self._least = 0  # bytes of an empty one

    async def take(self, *, untouched: bool = False) -> str:
        """Return the owner's URL of an empty migrated database.

        An `untouched` one was in no test before.
        """
        name = f"{PREFIX}{uuid4().hex[:12]}"
        if untouched or not (self._empty and await self._renamed(self._empty.pop(), name)):
            await self._run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
            async with self._connected(name) as connection:
                await connection.execute(COUNT_FROM)
            async with self._connected(name) as connection:
                self._made[name] = await self._as_it_is(name, connection)
            self._least = self._least or (await self._run(SIZE, name))[0][0]
        return with_database(self._url, name)

    async def _renamed(self, before: str, name: str) -> bool:
        """Rename the database, or drop it if a session still holds it.

        Autovacuum is such a session. Returns whether it has its new name.
        """
        try:
            await self._run(f"ALTER DATABASE {before} RENAME TO {name}")
        except asyncpg.ObjectInUseError:
            await self._drop(before)
            return False
        self._made[name] = self._made.pop(before)
        return True

    async def give_back(self, url: str) -> None:
        """Empty the database, or drop it if more than rows changed."""
        name = make_url(url).database
        emptied = False
        with suppress(asyncpg.PostgresError, OSError):  # then it is dropped, whatever it was
            emptied = await self._emptied(name)
        if emptied:
            self._empty.append(name)
        else:
            await self._drop(name)

    async def close(self) -> None:
        for name in list(self._made):
            await self._drop(name)
        if self._admin:
            await self._admin.close()

    async def _drop(self, name: str) -> None:
        self._made.pop(name)
        await self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _emptied(self, name: str) -> bool:
        await self._run(CUT_OFF, name)
        if (await self._run(SIZE, name))[0][0] > self._least + LARGEST:
            return False
        async with self._connected(name) as connection:
            if await self._as_it_is(name, connection) != self._made[name]:
                return False
            filled = await connection.fetchval(FILLED) or []
            deletes = [f"DELETE FROM ONLY {table}" for table in filled]
            # The log's triggers refuse this to everybody who has not switched them off.
            await connection.execute(
                "; ".join(["SET session_replication_role = replica", *deletes, RESTARTED])
            )
        return True

    async def _as_it_is(self, name: str, connection: asyncpg.Connection) -> list[Any]:
        return [await connection.fetchval(ELSEWHERE), *await self._run(SETTINGS, name)]

    @asynccontextmanager
    async def _connected(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(driver_url(with_database(self._url, name)))
        try:
            yield connection
        finally:
            await connection.close()

    async def _run(self, sql: str, *params: Any) -> list[Any]:
        if self._admin is None or self._admin.is_closed():
            self._admin = await asyncpg.connect(driver_url(self._url))
        return await self._admin.fetch(sql, *params)
