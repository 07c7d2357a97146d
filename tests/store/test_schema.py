"""The migrations make the schema that the code expects."""

import asyncio
import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.errors import DatabaseUnavailable
from app.store import log, migrate
from app.store.database import dial, fetch
from app.store.projections import COST_SQL, JOB_COLUMNS, MOVING_COLUMNS, ORIGIN_SQL, OUTCOME_SQL
from app.store.tables import Xid8, metadata
from tests.conftest import execute

# SQLAlchemy's reflection has no name for it.
ischema_names["xid8"] = Xid8

PRINTED_TYPES = {"timestamp with time zone": "timestamptz"}  # as Postgres prints it

# Postgres prints a CASE over several lines, casts in its own way, and a collation is no part of a column: to
# Alembic these are other expressions.
APART = {
    "jobs_outcome_idx": (OUTCOME_SQL, "job_idDESC"),
    "jobs_cost_idx": (COST_SQL.replace("CAST", "").replace(" AS float8", "::double precision"), "job_id"),
    "jobs_turn_idx": ('tenant COLLATE "C"', "retry_atISNULL"),
    "jobs_forks_idx": (ORIGIN_SQL, "forked_fromISNOTNULL"),
}


def belongs(_object, name, kind, *_rest) -> bool:
    return name not in APART and not (
        kind == "table" and name and name.startswith(("events_", "alembic_version"))
    )


# It reads a constraint that is not valid for old rows, and does not take its own word for that.
@pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options':sqlalchemy.exc.SAWarning")
async def test_the_migrated_schema_equals_the_tables_in_code(database_url):
    def differences(connection):
        options = {"include_object": belongs, "compare_type": True, "compare_server_default": False}
        options["include_name"] = lambda name, *_rest: name != "passage_vectors"  # there with pgvector alone
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: dial(database_url), poolclass=NullPool
    )
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("name", APART)
async def test_an_index_that_is_compared_apart_is_the_one_in_code(owner, name):
    expression, last = APART[name]
    [row] = await fetch(owner, f"SELECT pg_get_indexdef('{name}'::regclass)")
    found = re.sub(r"::text|[()\s]", "", row[0])

    assert re.sub(r"[()\s]", "", expression) in found
    assert last in found


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (log.SUBMITTED_JOB, {column.name: column.storage.array_of for column in JOB_COLUMNS}),
        (
            log.MOVED_JOB,
            {"job_id": "uuid", "expected": "integer", "fence": "bigint"}
            | {column.name: column.storage.array_of for column in MOVING_COLUMNS},
        ),
        (log.WRITTEN_EVENT, log.EVENT_COLUMNS),
    ],
)
async def test_a_type_of_rows_has_the_columns_that_are_sent(owner, name, columns):
    attributes = """
        SELECT attname, format_type(atttypid, NULL) FROM pg_attribute a
        JOIN pg_type t ON t.typrelid = a.attrelid WHERE t.oid = $1::regtype ORDER BY attnum"""
    found = [(row[0], PRINTED_TYPES.get(row[1], row[1])) for row in await fetch(owner, attributes, name)]

    assert found == list(columns.items())


async def test_a_migrated_database_is_at_the_expected_level(engine):
    assert await migrate.level(engine) == migrate.expected() != ""


async def test_a_migration_gives_up_before_a_table_that_somebody_holds_and_changes_nothing(
    database_url, engine, owner, monkeypatch
):
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 100)
    await execute(
        database_url,
        "DROP TABLE checkpoints",
        "DROP INDEX events_source_url_idx",
        "UPDATE alembic_version SET version_num = '0003'",
    )
    writer = await dial(database_url)
    await writer.execute("BEGIN; LOCK events IN ROW EXCLUSIVE MODE")

    with pytest.raises(DatabaseUnavailable, match="another session has held a lock"):
        await asyncio.to_thread(migrate.migrate, database_url)
    assert await migrate.level(engine) == "0003"
    assert await fetch(owner, "SELECT to_regclass('checkpoints')") == [(None,)]

    await writer.close()
