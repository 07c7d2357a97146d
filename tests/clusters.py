"""Run clusters of any version of PostgreSQL found on this machine."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.embedded_account import Account, account_of, programs_of
from tests.chaos.processes import free_port
from tests.folders import passable_folder

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


class Cluster:
    """A cluster of one version, of whose durability nothing is asked."""

    def __init__(self, programs: Path, folder: Path, account: Account) -> None:
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

    @property
    def is_running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def stop(self) -> None:
        """Stop it in order."""
        self.run("pg_ctl", "-w", "-D", self.data, "-m", "fast", "stop")


@contextlib.contextmanager
def place_for_clusters() -> Iterator[tuple[Path, Account, Path]]:
    """Yield the clusters' folder, their user, and the embedded programs."""
    with passable_folder("dossier-cluster-") as top:
        account = account_of(top / "none")
        folder = top / "here"
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
        yield folder, account, programs_of(account)


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """An empty cluster of the embedded version, on loopback."""
    with place_for_clusters() as (folder, account, programs):
        cluster = Cluster(programs, folder / "data", account)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@contextlib.contextmanager
def two_majors() -> Iterator[tuple[Cluster, Cluster]]:
    """Yield a running older cluster and a stopped embedded one, or skip.

    Both are empty.
    """
    with place_for_clusters() as (folder, account, newer):
        old = Cluster(older_programs(newer), folder / "old", account)
        new = Cluster(newer, folder / "new", account)
        for cluster in (old, new):
            cluster.make()
        old.start()
        try:
            yield old, new
        finally:
            for cluster in (old, new):
                if cluster.is_running:
                    cluster.stop()
