"""Run SQL as `dossier_report`, which can only read the `report` views.

A statement has a connection of its own and runs in a read-only transaction that took the role on, so a
SET ANALYST_ROLE in one statement is over before the next one. That guards against slips: who has the owner's
password has the owner's rights, and only a login of its own that is a member of nothing but this role
keeps somebody out.
"""

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import msgspec
from msgspec import Struct

from app.errors import BadSetting, DatabaseUnavailable
from app.store.address import driver_url, parsed
from app.store.database import AWAY, CONNECT_TIMEOUT
from dossier.problems import DossierError

ANALYST_ROLE = "dossier_report"
ROWS_PAGE_SIZE = 1000  # rows that are fetched at a time
NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})

LIST_VIEWS = """
    SELECT c.relname AS view, obj_description(c.oid) AS what FROM pg_class c
    WHERE c.relnamespace = 'report'::regnamespace AND c.relkind = 'v' ORDER BY 1"""

VIEW_COLUMNS = """
    SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
           col_description(a.attrelid, a.attnum) AS what
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'report'::regnamespace AND c.relname = '{}' AND a.attnum > 0 ORDER BY a.attnum"""

# A superuser is a member of every role.
OTHER_ROLES = f"""
    SELECT rolname::text FROM pg_roles
    WHERE pg_has_role(session_user, oid, 'MEMBER') AND rolname NOT IN (session_user, '{ANALYST_ROLE}')
    ORDER BY 1 LIMIT 5"""

# Of a login of its own: a member does not inherit its role's.
LOGIN_SETTINGS = {
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_read_only": "on",
    "search_path": "report",
}

# What a URL can say beside the user, the host and the database, and where psql looks for it.
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


class QueryFailed(DossierError):
    """Postgres refused the query.

    The message is its own.
    """


class QueryAnswer(Struct):
    """The result of a query: column names, and rows as they come."""

    columns: tuple[str, ...]
    numeric: tuple[bool, ...]  # which columns hold numbers
    rows: AsyncIterator[asyncpg.Record]


PAST_POOLER = "Set DOSSIER_LISTEN_URL to the address of Postgres itself."


def columns_of(view: str) -> str:
    """The question for the columns of a view."""
    return VIEW_COLUMNS.format(view.strip().removeprefix("report.").replace("'", "''"))


def session_settings(seconds: float) -> dict[str, str]:
    """Return a session's settings.

    `seconds` bounds a statement, 0 does not.
    """
    return {
        "role": ANALYST_ROLE,
        "default_transaction_read_only": "on",
        "statement_timeout": str(round(seconds * 1000)),
        "lock_timeout": "5000",  # it gives up rather than wait for a migration, and others behind it
        "idle_in_transaction_session_timeout": "60000",
        "search_path": "report",
        "TimeZone": "UTC",
        "work_mem": "64MB",
        "jit": "off",  # compiling takes longer than most of these queries
    }


def client_environment(url: str) -> dict[str, str]:
    """Return what leads Postgres's programs to a database.

    The environment keeps the password off their command lines.
    """
    parts = parsed(url)
    given: dict[str, object] = {
        "host": parts.host,
        "port": parts.port,
        "user": parts.username,
        "password": parts.password,
        "dbname": parts.database,
        **parts.query,
    }
    return {VARIABLES[name]: str(value) for name, value in given.items() if name in VARIABLES and value}


def psql_environment(url: str, seconds: float) -> dict[str, str]:
    """Return psql's environment."""
    options = " ".join(f"-c {name}={value}" for name, value in session_settings(seconds).items())
    return {**client_environment(url), "PGOPTIONS": options, "PGAPPNAME": "dossier sql"}


@contextlib.asynccontextmanager
async def connected(url: str, seconds: float) -> AsyncIterator[asyncpg.Connection]:
    """Connect for queries.

    Raise BadSetting without views or the right to them.
    """
    try:
        connection = await asyncpg.connect(
            driver_url(url),
            timeout=CONNECT_TIMEOUT,
            server_settings={**session_settings(seconds), "application_name": "dossier sql"},
        )
    except asyncpg.InvalidParameterValueError as error:
        raise BadSetting("The database has no views for reports: run `dossier migrate` first.") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting(
            f"The user in DATABASE_URL may not act as {ANALYST_ROLE}: GRANT {ANALYST_ROLE} TO it."
        ) from error
    except AWAY as error:
        raise DatabaseUnavailable(f"The database in DATABASE_URL does not answer: {error}") from error
    except asyncpg.PostgresError as error:
        advice = f" {PAST_POOLER}" if "startup parameter" in str(error) else ""
        raise BadSetting(f"The database in DATABASE_URL cannot be used: {error}.{advice}") from error
    try:
        if await connection.fetchval("SELECT current_user::text") != ANALYST_ROLE:
            raise BadSetting(f"A pooler dropped the role {ANALYST_ROLE}. {PAST_POOLER}")
        if await connection.fetchval("SELECT to_regnamespace('report') IS NULL"):
            raise BadSetting("The database has no views for reports: run `dossier migrate` first.")
        for name in ("json", "jsonb"):
            await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=_raw)
        yield connection
    finally:
        connection.terminate()  # without a word; Postgres rolls back


async def require_analyst(url: str, seconds: float) -> None:
    """Refuse a login that may do more than an analyst.

    Raises BadSetting, and what `connected` raises.
    """
    async with connected(url, seconds) as connection:
        if found := [row[0] for row in await connection.fetch(OTHER_ROLES)]:
            raise BadSetting(
                f"The login in DATABASE_URL_REPORT is also {', '.join(found)}: make one that is a member of "
                f"{ANALYST_ROLE} alone."
            )


async def check(url: str, seconds: float) -> None:
    """Raises what `connected` raises."""
    async with connected(url, seconds):
        pass


@contextlib.asynccontextmanager
async def asking(url: str, seconds: float, sql: str) -> AsyncIterator[QueryAnswer]:
    """One statement's answer, for as long as this is open.

    Raises QueryFailed, DatabaseUnavailable, and what `connected` raises.
    """
    async with connected(url, seconds) as connection:
        try:
            await connection.execute("BEGIN READ ONLY")
            # The first query of a transaction fixes that it only reads.
            await connection.execute(f"SET LOCAL ROLE {ANALYST_ROLE}; SELECT 1")
            prepared = await connection.prepare(sql)
            columns = prepared.get_attributes()
            cursor = await prepared.cursor()
            first = await cursor.fetch(ROWS_PAGE_SIZE)  # most errors come before there is anything to print
            yield QueryAnswer(
                tuple(column.name for column in columns),
                tuple(column.type.name in NUMBERS for column in columns),
                _rows(cursor, first),
            )
        except asyncpg.QueryCanceledError as error:
            raise QueryFailed(f"{error}: ask for less, or give it longer with --timeout.") from error
        except asyncpg.ReadOnlySQLTransactionError as error:  # this session is one: no fault of the server
            raise QueryFailed(str(error)) from error
        except AWAY as error:
            raise DatabaseUnavailable(str(error)) from error
        except asyncpg.PostgresError as error:
            raise QueryFailed(str(error)) from error


async def _rows(cursor: asyncpg.cursor.Cursor, page: list[asyncpg.Record]) -> AsyncIterator[asyncpg.Record]:
    while page:
        for row in page:
            yield row
        page = await cursor.fetch(ROWS_PAGE_SIZE) if len(page) == ROWS_PAGE_SIZE else []


def _raw(text: str) -> msgspec.Raw:
    """JSON goes on as it was written."""
    return msgspec.Raw(text.encode())
