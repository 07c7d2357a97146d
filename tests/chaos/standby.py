"""Run a primary and a standby over a cable, and fail over."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from app.store.database import dial
from app.store.embedded_account import account_of, programs_of
from app.store.migrate import migrate
from tests.chaos.cable import Cable, to_port
from tests.chaos.postgres import _last
from tests.chaos.processes import free_port
from tests.folders import passable_folder
from tests.ready_clusters import made
from tests.steps import until

NAME = "dossier"

# A process that is killed leaves what it wrote with the kernel, so fsync changes nothing that is tested
# here: only a machine that loses its power takes more away.
SETTINGS = {
    "fsync": "off",
    "shared_buffers": "16MB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "wal_retrieve_retry_interval": "100ms",
    "max_connections": "60",
}

STREAMING = "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'"
IN_SYNC = "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
BEHIND = "SELECT pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()) > 0"


class Cluster:
    """Run one Postgres in its own folder, from the bundled programs."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._account = account_of(folder)
        self._programs = programs_of(self._account)
        if not (self._programs / "pg_basebackup").exists():
            pytest.skip("The embedded Postgres has no pg_basebackup.")
        self._data = folder

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{NAME}"

    def make(self) -> None:
        """An empty cluster, which trusts everybody on loopback."""
        ways = ("--auth=trust", "--encoding=UTF8", "--username=postgres")
        made(self._data, lambda: self._fill("initdb", *ways), "standby", self._programs, self._account)

    def copy(self, port: int) -> None:
        """A standby of the server behind the port, as docs/operations.md makes one."""
        source = f"host=127.0.0.1 port={port} user=postgres sslmode=disable"
        self._fill("pg_basebackup", "-d", source, "-R", "-c", "fast", "-N")

    def _fill(self, program: str, *arguments: str) -> None:
        """Let a program fill the folder, which is its user's."""
        self._data.mkdir(mode=0o700)
        os.chown(self._data, self._account.uid, self._account.gid)
        self._run(program, *arguments, "-D", str(self._data))

    def start(self) -> None:
        settings = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        options = f"-p {self.port} {settings}"
        self._run(
            "pg_ctl", "-w", "-D", str(self._data), "-l", str(self._data / "log"), "-o", options, "start"
        )

    def promote(self) -> None:
        self._run("pg_ctl", "-w", "-D", str(self._data), "promote")

    def kill(self) -> None:
        """Kill the server and its children with SIGKILL, if it runs."""
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            first = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
            everybody = [first, *first.children(recursive=True)]
            for one in everybody:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            psutil.wait_procs(everybody, timeout=90)

    def stop(self) -> None:
        """At once, without leaving anything of it in the kernel."""
        with contextlib.suppress(Exception):
            self._run("pg_ctl", "-w", "-D", str(self._data), "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        with tempfile.TemporaryFile() as said:  # a server that is started would hold a pipe open
            subprocess.run(
                [self._programs / program, *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                cwd="/", timeout=60, check=True, **self._account.as_user,
            )  # fmt: skip


class Pair:
    """Run two clusters, joined by the standby's `link`."""

    def __init__(self, primary: Cluster, standby: Cluster, link: Cable) -> None:
        self.primary = primary
        self.standby = standby
        self.link = link

    @property
    def url(self) -> str:
        """Return a libpq URL of both that prefers the writable one."""
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://postgres@{hosts}/{NAME}?target_session_attrs=read-write"

    async def database(self) -> str:
        """As `World` asks for it."""
        return self.url

    async def run(self, url: str, sql: str, *params):
        """Run one statement as the owner, and return its first value."""
        connection = await dial(url)
        try:
            return await (connection.fetchval(sql, *params) if params else _last(connection, sql))
        finally:
            await connection.close()

    async def replicate(self, *, synchronous: bool) -> None:
        """From now on a commit waits for the standby, or never does."""
        names = "*" if synchronous else ""
        await self.run(self.primary.url, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        await self.run(self.primary.url, "SELECT pg_reload_conf()")
        await until(lambda: self.run(self.primary.url, IN_SYNC if synchronous else STREAMING), seconds=90)

    async def level(self) -> None:
        """Wait until the standby has replayed all that is there now."""
        at = await self.run(self.primary.url, "SELECT pg_current_wal_lsn()::text")

        async def is_level():
            return not await self.run(f"{self.standby.url}?target_session_attrs=any", BEHIND, at)

        await until(is_level, seconds=90)

    async def fail_over(self) -> None:
        """Lose the primary for good, and promote the standby as it is."""
        await asyncio.to_thread(self.primary.kill)
        await asyncio.to_thread(self.standby.promote)


@contextlib.asynccontextmanager
async def replicated(*, synchronous: bool) -> AsyncIterator[Pair]:
    """A migrated primary, and a standby that follows it."""
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(passable_folder("dossier-standby-"))
        primary, standby = Cluster(folder / "primary"), Cluster(folder / "standby")
        stack.callback(primary.stop)
        stack.callback(standby.stop)
        await asyncio.to_thread(primary.make)
        await asyncio.to_thread(primary.start)
        link = await stack.enter_async_context(Cable(to_port(primary.port)))
        pair = Pair(primary, standby, link)
        await pair.run(primary.url.replace(f"/{NAME}", "/postgres"), f"CREATE DATABASE {NAME}")
        await asyncio.to_thread(migrate, pair.url)
        await asyncio.to_thread(standby.copy, link.port)
        await asyncio.to_thread(standby.start)
        await pair.replicate(synchronous=synchronous)
        yield pair
