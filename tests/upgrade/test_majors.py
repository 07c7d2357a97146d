"""PostgreSQL's next major version: logs, cursors and proofs go on after pg_upgrade."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from app.audit.verify import verify
from app.domain.caller import ANYBODY
from app.store import event_feed
from app.store.database import fetch, make_engine
from app.store.embedded_account import account_of, programs_of
from app.store.migrate import migrate
from app.store.wake import Wake
from app.store.writer import Writer
from tests.chaos.processes import free_port
from tests.folders import passable_folder
from tests.steps import assert_chain, completed_job, whole_log

pytestmark = pytest.mark.skipif(not os.environ.get("UPGRADE_TESTS"), reason="make upgrade runs it.")
INIT = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres")
NO_CHECKSUMS = 18  # from here on a cluster has checksums unless told otherwise


def older_programs(newer: Path) -> Path:
    """Return the programs of an older version on this machine, or skip."""
    found = [
        folder for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin")) if major(folder) < major(newer)
    ]
    if not found:
        pytest.skip("There is one version of PostgreSQL here. Install Debian's postgresql for an older one.")
    return found[0]


def major(folder: Path) -> int:
    """Return the version of these programs."""
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(said.split()[2].split(".")[0])


class Server:
    """A cluster of one version."""

    def __init__(self, programs: Path, folder: Path, account) -> None:
        self.programs, self.data, self._account = programs, folder, account
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: object) -> None:
        """Run one of its programs as its user."""
        with (self.data.parent / "said").open("ab") as said:
            subprocess.run(
                [self.programs / program, *map(str, arguments)],
                cwd=self.data.parent, check=True, timeout=240,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, **self._account.as_user,
            )  # fmt: skip

    def make(self) -> None:
        """Make an empty cluster."""
        plain = ["--no-data-checksums"] if major(self.programs) >= NO_CHECKSUMS else []
        self.run("initdb", *INIT, *plain, "-D", self.data)

    def start(self) -> None:
        """Start it on loopback."""
        options = f"-p {self.port} -k {self.data} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-D", self.data, "-l", self.data / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it in order."""
        self.run("pg_ctl", "-w", "-D", self.data, "-m", "fast", "stop")


@pytest.mark.timeout(600)
async def test_pg_upgrade_keeps_logs_cursors_and_proofs():
    with passable_folder("dossier-major-") as top:
        account = account_of(top / "none")
        newer = programs_of(account)
        folder = top / "both"
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
        old, new = (
            Server(older_programs(newer), folder / "old", account),
            Server(newer, folder / "new", account),
        )
        for server in (old, new):
            await asyncio.to_thread(server.make)
        await asyncio.to_thread(old.start)
        await asyncio.to_thread(migrate, old.url)
        job, head = await work(old.url)
        await asyncio.to_thread(old.stop)

        ways = ("-b", old.programs, "-B", new.programs, "-d", old.data, "-D", new.data, "-U", "postgres")
        await asyncio.to_thread(new.run, "pg_upgrade", *ways, "-s", folder)

        await asyncio.to_thread(new.start)
        try:
            later, _ = await work(new.url)
            engine = make_engine(new.url)
            assert_chain(await whole_log(engine, job.id))
            fresh = await event_feed.read(engine, ANYBODY, head, 100)
            assert {entry.row.job_id for entry in fresh.entries} == {later.id}
            assert not fresh.restored
            version = (await fetch(engine, "SHOW server_version_num"))[0][0]
            assert int(version) // 10_000 == major(new.programs) > major(old.programs)
            await engine.dispose()
            assert not (await verify(new.url, processes=1)).findings
        finally:
            await asyncio.to_thread(new.stop)


async def work(url: str):
    """Complete a job, returning it and the feed's head after it."""
    engine = make_engine(url)
    job = await completed_job(Writer(engine, Wake(engine, None)))
    head = (await event_feed.head(engine)).head
    await engine.dispose()
    return job, head
