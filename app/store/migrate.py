"""Bringing a database to the level that this code expects."""

import functools
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import exc

import migrations
from app.errors import BadSetting, DatabaseUnavailable
from app.store.database import AWAY, Engine, fetch
from dossier.problems import DossierError

# Milliseconds. Later statements queue behind the migration, so it must not wait long for a lock.
LOCK_TIMEOUT = 5000
HELD = (
    "Nothing was migrated: another session has held a lock on a table for too long. pg_stat_activity shows "
    "which; try again when it is done."
)
UNEXPECTED = (
    "The tables are other than the migrations before left them: undo what was changed by hand, or restore a "
    "backup. If nobody changed anything, report it with the output of `dossier doctor`."
)
MIGRATIONS_FOLDER = Path(migrations.__file__).parent


def config(url: str) -> Config:
    """Configure Alembic without a file, wherever the package is installed."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS_FOLDER))
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def migrate(url: str) -> None:
    """Upgrade the database at `url` to this code's level.

    Blocks, and runs an event loop of its own.

    Raises DatabaseUnavailable where it is away, or where somebody holds a table that is to be changed,
    BadSetting where the user lacks a right, DossierError where the tables are other than expected; then
    nothing was migrated.
    """
    try:
        command.upgrade(config(url), "head")
    except exc.DBAPIError as error:
        raise _reason(error) from error


def _reason(error: exc.DBAPIError) -> DossierError:
    """Say why nothing was migrated."""
    cause = (error.orig and error.orig.__cause__) or error
    said = f"Nothing was migrated: {str(cause).partition(chr(10))[0].removesuffix('.')}."
    if isinstance(cause, asyncpg.LockNotAvailableError):
        return DatabaseUnavailable(HELD)
    if isinstance(cause, asyncpg.InsufficientPrivilegeError):
        return BadSetting(said)
    if isinstance(cause, AWAY):
        return DatabaseUnavailable(f"{said} Try again.")
    return DossierError(f"{said} {UNEXPECTED}")


@functools.cache  # it loads every migration, and each probe of readiness asks
def expected() -> str:
    """The level that this code expects."""
    return ScriptDirectory(str(MIGRATIONS_FOLDER)).get_current_head() or ""


def serves(level: str) -> bool:
    """Return True for a level at which this code runs.

    It is its own, or a later one: migrations only add.
    """
    own = expected()
    return level == own or (level.isdecimal() and own.isdecimal() and int(level) > int(own))


async def level(engine: Engine) -> str:
    """Return the database's level, empty if it was never migrated."""
    try:
        rows = await fetch(engine, "SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return ""
    return rows[0][0] if rows else ""
