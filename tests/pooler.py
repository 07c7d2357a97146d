"""Debian's PgBouncer in front of the tests' Postgres."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from app.store.address import driver_url

UNPACK = "apt-get download pgbouncer libevent-2.1-7 libc-ares2 && for f in *.deb; do dpkg-deb -x $f .; done"
LIBRARIES = "usr/lib/x86_64-linux-gnu"


class Bouncer:
    """An installed PgBouncer, or one unpacked into a folder."""

    def __init__(self, program: str, environment: dict[str, str]) -> None:
        self.program = program
        self.environment = environment


def find_bouncer(folder: Path) -> Bouncer | None:
    """Find PgBouncer, or unpack Debian's package, or return None."""
    if found := shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer"):
        return Bouncer(found, {})
    if not shutil.which("apt-get"):
        return None
    subprocess.run(["bash", "-c", UNPACK], cwd=folder, capture_output=True, check=False, timeout=120)
    program = folder / "usr/sbin/pgbouncer"
    if not program.exists():
        return None
    return Bouncer(str(program), {"LD_LIBRARY_PATH": str(folder / LIBRARIES)})


@contextlib.asynccontextmanager
async def pooling(
    bouncer: Bouncer, database_url: str, folder: Path, mode: str, extra: str = ""
) -> AsyncIterator[str]:
    """Run PgBouncer with defaults except the mode, yielding its URL."""
    parts = make_url(database_url)
    host = parts.query.get("host") or parts.host
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "users.txt").write_text(f'"{parts.username}" ""\n')
    (folder / "bouncer.ini").write_text(
        f"""[databases]
{parts.database} = host={host} port={parts.port or 5432} dbname={parts.database} user={parts.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder / "users.txt"}
pool_mode = {mode}
{extra}
"""
    )
    user = [f"--user={_other_user(folder, str(host))}"] if os.getuid() == 0 else []
    command = [bouncer.program, *user, str(folder / "bouncer.ini")]
    with (folder / "bouncer.log").open("wb") as said:
        environment = {**os.environ, **bouncer.environment}
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=said)
    try:
        through = parts.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        await _until_it_answers(driver_url(through))
        yield through
    finally:
        process.terminate()
        await process.wait()


def _other_user(folder: Path, host: str) -> str:
    """Return a user who may use Postgres's socket, opening the folder too.

    PgBouncer refuses to run as root.
    """
    for place in (folder, *folder.parents[:-1]):
        if place.stat().st_uid == 0:
            place.chmod(place.stat().st_mode | 0o755)
    return Path(host).owner() if host.startswith("/") else "nobody"


async def _until_it_answers(url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncpg.connect(url, statement_cache_size=0)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                connection.terminate()
                return
