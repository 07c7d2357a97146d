"""Connect a command to its server.

That is the one at DOSSIER_URL, else one of the command's own for as long as it runs.
"""

import contextlib
import os
import re
import secrets
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import app
from app.cli.exits import Ended, ended_as
from app.cli.terminal import err
from app.settings import load_settings
from dossier import Dossier

STARTS_WITHIN = 60.0  # seconds; a new embedded Postgres takes two, a slow disk longer
STOPS_WITHIN = 25.0  # seconds; a worker's step in flight has ten, open streams ten
PACKAGE_FOLDER = str(Path(app.__file__ or "").parents[1])  # where `app` and `migrations` are
OWN_WORKERS = 2  # jobs at a time of a server of our own: this one, and one that was left behind
OWN_KEY = secrets.token_urlsafe(32)  # that this process and its own server share
ANNOUNCED_URL = re.compile(r"http://\S+")


@contextlib.contextmanager
def connect(workers: int = 0) -> Iterator[Dossier]:
    """Open a client of the server.

    `workers` is for a server of our own: 0 where no job has to move.
    """
    with contextlib.ExitStack() as stack:
        settings = load_settings()
        url = settings.url or stack.enter_context(own_server(workers))
        yield stack.enter_context(Dossier(url, api_key=settings.api_key if settings.url else OWN_KEY))


def is_own() -> bool:
    """True where `connect` runs a server of its own."""
    return not load_settings().url


@contextlib.contextmanager
def own_server(workers: int) -> Iterator[str]:
    """Run a server for as long as this is open.

    Yields its ANNOUNCED_URL.
    """
    with starting_server(workers) as url:
        with err.status("Starting a server …"):
            ready = url()
        yield ready


@contextlib.contextmanager
def starting_server(workers: int, **environment: str) -> Iterator[Callable[[], str]]:
    """Start `dossier serve` as a child, on a free port.

    It is the same command that an operator runs.

    Yields what waits for it and returns its ANNOUNCED_URL. `environment` is added to that of this process.
    """
    # -P and PACKAGE_FOLDER: another package called `app`, here or in PYTHONPATH, is not ours.
    command = [
        sys.executable,
        "-P",
        "-m",
        "app",
        "serve",
        "--port=0",
        f"--workers={workers}",
        "--with-parent",
    ]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        child = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env={**os.environ, "DOSSIER_API_KEY": OWN_KEY, **environment, "PYTHONPATH": _search_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the command, which then decides about the server
        )
        try:
            yield lambda: _url(child, log)
        finally:
            _stop(child)


def _search_path() -> str:
    """Return PYTHONPATH with our own packages first."""
    rest = os.environ.get("PYTHONPATH")
    return os.pathsep.join([PACKAGE_FOLDER, rest] if rest else [PACKAGE_FOLDER])


def _url(child: subprocess.Popen[str], log: IO[str]) -> str:
    """The address in the line that the child prints once it answers."""
    assert child.stdout is not None
    readable, _, _ = select.select([child.stdout], [], [], STARTS_WITHIN)
    found = ANNOUNCED_URL.search(child.stdout.readline()) if readable else None
    if found:
        return found[0]
    with contextlib.suppress(subprocess.TimeoutExpired):  # it is alive and silent
        child.wait(1.0)
    log.seek(0)
    # uvicorn's own last words only repeat that it failed.
    said = [text for text in log.read().splitlines() if text.strip() and not text.startswith("ERROR:")]
    reason = f": {said[-1].strip()}" if said else " and printed no error."
    raise Ended(f"The server failed to start{reason}", ended_as(child.poll()))


def _stop(child: subprocess.Popen[str]) -> None:
    """End it gently, and at once on a second Ctrl-C."""
    child.terminate()
    try:
        child.communicate(timeout=STOPS_WITHIN)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # it had its time, or the user has none
        child.kill()
        child.communicate()
