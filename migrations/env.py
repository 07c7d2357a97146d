"""Runs the migrations on one connection, one process at a time."""

import asyncio
import logging

from alembic import context
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.settings import load_settings
from app.store.database import dial
from app.store.migrate import LOCK_TIMEOUT
from app.store.tables import metadata

log = logging.getLogger(__name__)

LOCK = 4_711_001  # advisory: several processes may start at once, one of them migrates


def belongs(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Leave partitions out, which come and go without migrations."""
    return not (kind == "table" and name is not None and name.startswith("events_"))


def note(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:  # noqa: ARG001 - by name
    """Log that a migration was applied."""
    log.info("A migration was applied.", extra={"level": step.up_revision_id})


def run(connection: Connection) -> None:
    """Migrate inside one transaction, behind the lock."""
    context.configure(
        connection=connection, target_metadata=metadata, include_object=belongs, on_version_apply=note
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}"))
        context.run_migrations()
        if connection.scalar(text("SELECT to_regprocedure('make_passage_vectors()') IS NOT NULL")):
            connection.execute(text("SELECT make_passage_vectors()"))  # the extension may have come since


async def main() -> None:
    """Connect as the owner, by the caller's URL or the settings'."""
    url = context.config.get_main_option("sqlalchemy.url") or load_settings().database_url
    if not url:
        raise SystemExit("Set DATABASE_URL, or run `dossier migrate` for the embedded Postgres.")
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: dial(url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(main())
