"""Make databases from a template, and reuse those with an unchanged schema.

To empty a database takes a fiftieth of what it takes to make one.
"""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from app.store.address import driver_url

# Whatever changes a schema, a right, a setting or the planner's statistics writes a row in one of these.
CATALOGS = (
    *("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_inherits", "pg_namespace"),
    *("pg_trigger", "pg_proc", "pg_type", "pg_rewrite", "pg_policy", "pg_sequence", "pg_statistic"),
    *("pg_statistic_ext", "pg_default_acl", "pg_event_trigger", "pg_extension", "pg_publication"),
)
ROWS = ", ".join(f"(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM {name})" for name in CATALOGS)
AS_IT_IS = f"""
    SELECT concat_ws(' ', {ROWS},
        (SELECT concat(datallowconn, datconnlimit, datacl) FROM pg_database WHERE oid = here.oid),
        (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = here.oid),
        (SELECT count(*) FROM pg_prepared_xacts WHERE database = here.datname))
    FROM pg_database here WHERE datname = current_database()"""
TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'"""
SIZE = "SELECT pg_database_size(current_database())"
# Bytes more than an empty one: deleted rows stay in the files, and a plan must not depend on earlier tests.
LARGEST = 4_000_000
SEQUENCES = """
    SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences
    WHERE schemaname = 'public'"""
CUT_OFF = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


PREFIX = "dossier_"  # of the name of each copy, which nobody else's database has


def with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


class Databases:
    """Lend each database to one test at once, under a new name."""

    def __init__(self, server_url: str, template: str) -> None:
        self._url = server_url
        self._template = template
        self._admin: asyncpg.Connection | None = None
        self._made: dict[str, str] = {}  # how the catalogs were when the database was made
        self._empty: list[str] = []
        self._least = 0  # bytes of an empty one

    async def take(self, *, untouched: bool = False) -> str:
        """Return the owner's URL of an empty migrated database.

        An `untouched` one was in no test before.
        """
        name = f"{PREFIX}{uuid4().hex[:12]}"
        if untouched or not (self._empty and await self._renamed(self._empty.pop(), name)):
            await self._run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
            self._made[name] = await self._within(name, AS_IT_IS)
            self._least = self._least or await self._within(name, SIZE)
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
        connection = await asyncpg.connect(driver_url(with_database(self._url, name)))
        try:
            await connection.execute(CUT_OFF)
            if await connection.fetchval(AS_IT_IS) != self._made[name]:
                return False
            if await connection.fetchval(SIZE) > self._least + LARGEST:
                return False
            tables = [row[0] for row in await connection.fetch(TABLES)]
            deletes = [f"DELETE FROM ONLY {table}" for table in tables]
            # The log's triggers refuse this to everybody who has not switched them off.
            await connection.execute("; ".join(["SET session_replication_role = replica", *deletes]))
            await connection.execute(SEQUENCES)
        finally:
            await connection.close()
        return True

    async def _within(self, name: str, sql: str) -> Any:
        connection = await asyncpg.connect(driver_url(with_database(self._url, name)))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    async def _run(self, sql: str) -> None:
        if self._admin is None or self._admin.is_closed():
            self._admin = await asyncpg.connect(driver_url(self._url))
        await self._admin.execute(sql)
