"""Read what decides whether a database can carry Dossier."""

from datetime import datetime

import asyncpg
from msgspec import Struct

from app.store.analyst_session import ANALYST_ROLE
from app.store.database import APP_ROLE, Engine, fetch

OLDEST_VERSION = 15  # that is tested

READ_CONDITION = f"""
    SELECT current_setting('server_version_num')::integer AS version,
           current_setting('server_encoding') AS encoding,
           (SELECT datcollate FROM pg_database WHERE datname = current_database()) AS locale,
           clock_timestamp() AS now,
           current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes,
           current_setting('synchronous_commit') AS synchronous_commit,
           pg_is_in_recovery() AS is_standby,
           session_user::text AS login,
           (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS is_superuser,
           to_regrole('{APP_ROLE}') IS NOT NULL
               AND pg_has_role(session_user, coalesce(to_regrole('{APP_ROLE}'), 'pg_monitor'), 'MEMBER')
               AS may_work,
           to_regrole('{ANALYST_ROLE}') IS NOT NULL
               AND pg_has_role(session_user, coalesce(to_regrole('{ANALYST_ROLE}'), 'pg_monitor'), 'MEMBER')
               AS may_report,
           current_setting('max_connections')::integer AS most_connections,
           (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend')
               AS connections,
           pg_database_size(current_database()) AS size,
           ARRAY(SELECT extname::text FROM pg_extension ORDER BY 1) AS extensions"""

# To be asked only of a database at this code's level.
READ_STATE = """
    SELECT pg_relation_size('events_default') > 0 AS has_stray_events,
           to_regclass('events_' || to_char(now() + interval '1 month', 'YYYY_MM')) IS NOT NULL
               AS has_next_month,
           EXISTS (SELECT FROM queue_pause) AS is_paused,
           (SELECT count(*)::integer FROM documents) AS documents"""


class Condition(Struct, frozen=True, kw_only=True):
    """A database as its owner or administrator set it up."""

    version: int  # 150004 is 15.4
    encoding: str
    locale: str
    now: datetime
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    is_standby: bool
    login: str
    is_superuser: bool
    may_work: bool
    may_report: bool
    most_connections: int
    connections: int
    size: int  # bytes
    extensions: list[str]


class ServiceState(Struct, frozen=True, kw_only=True):
    """Dossier's own tables, where they want an operator."""

    has_stray_events: bool  # outside the prepared months
    has_next_month: bool
    is_paused: bool
    documents: int


async def read_condition(engine: Engine) -> Condition:
    """Read what the database is. Raises DatabaseUnavailable."""
    [row] = await fetch(engine, READ_CONDITION)
    return Condition(**dict(row))


async def read_state(engine: Engine) -> ServiceState:
    """Read what Dossier's tables hold. Raises DatabaseUnavailable."""
    [row] = await fetch(engine, READ_STATE)
    return ServiceState(**dict(row))


async def encoding_of(engine: Engine) -> str:
    """Return how the database encodes text. Raises DatabaseUnavailable."""
    [row] = await fetch(engine, "SELECT current_setting('server_encoding')")
    return str(row[0])


async def acting_role(engine: Engine) -> str:
    """Return the role in force, or why none is."""
    try:
        [row] = await fetch(engine, "SELECT current_user::text")
    except asyncpg.PostgresError as error:
        return str(error)
    return str(row[0])
