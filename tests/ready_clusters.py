"""Copy clusters that initdb has made once.

initdb takes 0.8 s of CPU, a copy a tenth of that. The tests make dozens, and so do their commands. All
processes of a run share them.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.store import embedded
from app.store.embedded import EmbeddedPostgres

FOLDER = "TESTS_CLUSTERS"  # the variable that names it to all processes of a run
MAKE = EmbeddedPostgres._make
place: Path | None = None  # of the clusters to copy; without one each is made anew


def keep_in(folder: Path | None) -> None:
    """Keep clusters in this folder from now on."""
    global place  # noqa: PLW0603 - one for each process that runs tests, and its commands
    place = folder
    EmbeddedPostgres._make = make_embedded if folder else MAKE


def make_embedded(server: EmbeddedPostgres) -> None:
    """Take the place of `EmbeddedPostgres._make`."""
    made(server.pgdata, lambda: MAKE(server), server.programs, server.account, embedded._environment())


def name_of(made_with: object) -> str:
    """Name what is made alike by what it is made with."""
    return hashlib.sha256(repr(made_with).encode()).hexdigest()[:16]


@contextmanager
def alone(cluster: Path) -> Iterator[None]:
    """Let one process at a time make this cluster."""
    with cluster.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy(cluster: Path, to: Path) -> None:
    """Copy a cluster that does not run, with its owner and rights."""
    subprocess.run(["cp", "-a", cluster, to], check=True, timeout=60, stdin=subprocess.DEVNULL)


def made(to: Path, make: Callable[[], None], *made_with: object) -> None:
    """Make a cluster, or copy one that was made alike."""
    if place is None:
        make()
        return
    alike = place / name_of(made_with)
    with alone(alike):
        if not alike.exists():
            make()
            copy(to, alike)
            return
    making = to.with_name(f"{to.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    copy(alike, making)
    making.rename(to)
