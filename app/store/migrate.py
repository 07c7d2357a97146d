"""Bringing a database to the level that this code expects."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

import migrations
from app.store.database import Engine, fetch

FOLDER = Path(migrations.__file__).parent


def config(url: str) -> Config:
    """Alembic's configuration without a file, so that it works wherever the package is installed."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def migrate(url: str) -> None:
    """Upgrade the database at `url` to this code's level. Blocks; runs an event loop of its own."""
    command.upgrade(config(url), "head")


def expected() -> str:
    """The level that this code expects."""
    return ScriptDirectory(str(FOLDER)).get_current_head() or ""


async def level(engine: Engine) -> str:
    """The level that the database is at; empty where it was never migrated."""
    try:
        rows = await fetch(engine, "SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return ""
    return rows[0][0] if rows else ""
