"""Run an embedded Postgres in a temporary folder.

Each measurement has a migrated database of its own.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
from sqlalchemy import make_url

from app.domain.job import Job
from app.handle import submit
from app.store import embedded
from app.store.database import driver_url
from app.store.migrate import migrate
from app.store.writer import Writer
from dossier.request import ResearchRequest

TEMPLATE = "benchmark_template"
PORTION = (
    500  # jobs submitted at once: on a busy machine, more keep the loop from its connections for seconds
)
QUESTION = ResearchRequest("At what temperature does water boil on Mount Everest, and why?")


class Cluster:
    """A running Postgres."""

    def __init__(self, url: str, postmaster: psutil.Process) -> None:
        self.url = url
        self.postmaster = postmaster

    async def version(self) -> str:
        return await self._ask("SHOW server_version")

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The URL of an empty, migrated database."""
        async with self._made(f"TEMPLATE {TEMPLATE}") as url:
            yield url

    @contextlib.asynccontextmanager
    async def bare_database(self) -> AsyncIterator[str]:
        """Yield the URL of a database without tables."""
        async with self._made() as url:
            yield url

    @contextlib.asynccontextmanager
    async def kept_database(self, name: str) -> AsyncIterator[str]:
        """Yield the URL of a migrated database that stays."""
        if not await self._ask(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            await self._ask(f"CREATE DATABASE {name}")
        await asyncio.to_thread(migrate, self._with(name))
        yield self._with(name)

    @contextlib.asynccontextmanager
    async def _made(self, options: str = "") -> AsyncIterator[str]:
        name = f"benchmark_{uuid4().hex[:12]}"
        await self._ask(f"CREATE DATABASE {name} {options}")
        try:
            yield self._with(name)
        finally:
            await self._ask(f"DROP DATABASE {name} WITH (FORCE)")

    async def make_template(self) -> None:
        await self._ask(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        await self._ask(f"CREATE DATABASE {TEMPLATE}")
        await asyncio.to_thread(migrate, self._with(TEMPLATE))

    def _with(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    async def _ask(self, sql: str) -> str:
        connection = await asyncpg.connect(driver_url(self.url))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def cluster(kept: Path | None = None) -> AsyncIterator[Cluster]:
    """Run a Postgres, in a folder that stays if one is given."""
    with _folder(kept) as folder:
        server = embedded.start(folder)
        try:
            running = Cluster(server.get_uri(), psutil.Process(server.get_pid()))
            await running.make_template()
            yield running
        finally:
            server.cleanup()


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="dossier-benchmark-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 - as root, Postgres runs as somebody else, with its data in it
        yield Path(folder)


async def fill(writer: Writer, count: int, tenant: str = "default") -> list[Job]:
    """Submit `count` jobs in bulk."""
    jobs = list[Job]()
    for start in range(0, count, PORTION):
        asked = [submit(writer, QUESTION, tenant=tenant) for _ in range(min(PORTION, count - start))]
        jobs += [job for job, _ in await asyncio.gather(*asked)]
    return jobs
