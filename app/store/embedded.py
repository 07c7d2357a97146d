"""Run the embedded Postgres on a socket of one user.

It listens on no network. Who connects is who the kernel says (`peer`): the user that runs Dossier.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from app.errors import EmbeddedUnavailable
from app.store.embedded_account import Account, account_of, data_of, own_account, programs_of, state_folder

START_SECONDS = 90.0
STOP_SECONDS = 60
MAX_SOCKET_FOLDER = 90  # bytes; the path of a socket has room for 107
PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.-]+")  # paths that Postgres and its drivers take without quotes
PLAIN_LOCALE = "C.UTF-8"
LOCALE_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")  # no key of ours is Postgres's business
STATUS_LINES = 8  # of postmaster.pid once it is up
HBA = "# Dossier writes this file at each start.\nlocal all all peer map=dossier\n"


def start(folder: Path) -> "EmbeddedPostgres":
    """Start this folder's Postgres, or join the one already running.

    It stops when the last process that joined it has gone. Raises EmbeddedUnavailable, OSError,
    subprocess.SubprocessError.
    """
    if sys.platform not in {"linux", "darwin"}:
        raise EmbeddedUnavailable("The embedded Postgres runs on Linux and macOS: set DATABASE_URL.")
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    server = EmbeddedPostgres(folder.resolve())
    server.join()
    atexit.register(server.cleanup)
    return server


class EmbeddedPostgres:
    """A Postgres in a folder, which this process uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = os.getpid()  # a fork that ends leaves the server alone
        self._child: subprocess.Popen[bytes] | None = None
        self._membership: int | None = None
        self._sockets = ""  # the folder
        self.pgdata = data_of(folder)
        self.account = account_of(self.pgdata)
        self.programs = programs_of(self.account)

    def join(self) -> None:
        """Join the server, and start it if it does not run."""
        with self._locked():
            if not (self.pgdata / "PG_VERSION").exists():
                self._make()
            self.ensure_running()
            members = os.open(self._folder / "postgres.members", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(members, fcntl.LOCK_SH)
            self._membership = members

    def cleanup(self) -> None:
        """Leave the server, and stop it as the last one."""
        if self._membership is None or os.getpid() != self._process:
            return
        members, self._membership = self._membership, None
        atexit.unregister(self.cleanup)
        try:
            with self._locked():
                fcntl.flock(members, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
        except BlockingIOError:
            pass  # others need the server
        except FileNotFoundError:
            pass  # the folder was removed: a Postgres without its data ends within a minute
        finally:
            os.close(members)

    def get_uri(self) -> str:
        """Return the URL of the owner.

        It stays while the server is away.
        """
        return f"postgresql://postgres@/postgres?host={quote(self._sockets)}"

    def get_pid(self) -> int:
        """Return the id of the server's first process."""
        return int(self._status()[0])

    def ensure_running(self) -> None:
        """Start the server if necessary, and wait until it answers."""
        if not self._is_running():
            self._launch()
        self._sockets = self._status()[4]

    def _launch(self) -> None:
        self._configure()
        sockets = self._socket_folder()
        log = os.open(self.pgdata / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            self._child = subprocess.Popen(  # noqa: S603 - the programs of our own package
                [self.programs / "postgres", "-D", self.pgdata, "-k", sockets, "-c", "listen_addresses="],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us
                **self.account.as_user,
            )
        finally:
            os.close(log)
        self._wait(self._child)
        # One that is killed must not stay as a zombie of ours: others would take it for alive.
        threading.Thread(target=self._child.wait, daemon=True).start()

    def stop(self, mode: str = "fast") -> None:
        """Stop the server, even if others use it."""
        if not self._is_running():
            return
        with contextlib.suppress(subprocess.CalledProcessError):  # it was gone by then
            self.run("pg_ctl", "-D", self.pgdata, "-m", mode, "-w", "-t", str(STOP_SECONDS), "stop")
        if self._child:
            self._child.wait(STOP_SECONDS)
        if self._sockets != str(self.pgdata):
            with contextlib.suppress(OSError):  # somebody put something there; then it stays
                Path(self._sockets).rmdir()

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run one of Postgres's programs as its user."""
        with tempfile.TemporaryFile() as said:
            try:
                subprocess.run(  # noqa: S603 - the programs of our own package
                    [self.programs / program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    cwd="/",
                    env=_environment(),
                    timeout=START_SECONDS,
                    check=True,
                    **self.account.as_user,
                )
            except subprocess.CalledProcessError as error:
                said.seek(0)
                error.add_note(said.read(4000).decode("utf-8", "replace"))
                raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process of this folder start or stop at a time."""
        lock = os.open(self._folder / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make(self) -> None:
        """Make the cluster beside its place, and move it.

        So a half made one is never taken for it.
        """
        making = self.pgdata.with_name(f"{self.pgdata.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        os.chown(making, self.account.uid, self.account.gid)
        ways = ("--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8", "--username=postgres")
        try:
            self.run("initdb", *ways, "-D", making)
        except subprocess.CalledProcessError:  # LANG may name what is not installed, or not UTF-8
            self.run("initdb", *ways, f"--locale={PLAIN_LOCALE}", "-D", making)
        making.rename(self.pgdata)

    def _configure(self) -> None:
        """Write who may connect, also for a cluster that trusted everybody."""
        names = dict.fromkeys((own_account().name, self.account.name))
        maps = "".join(f'dossier "{name}" all\n' for name in names)
        for name, text in (("pg_hba.conf", HBA), ("pg_ident.conf", maps)):
            fresh = self.pgdata / f"{name}.{os.getpid()}"
            with fresh.open("x") as file:  # a new file, so that no link is followed
                fresh.chmod(0o600)
                file.write(text)
                os.fchown(file.fileno(), self.account.uid, self.account.gid)
            fresh.replace(self.pgdata / name)

    def _socket_folder(self) -> Path:
        """Return the folder of the socket, open to its owner alone.

        That is the data's folder, or one with a short and plain path.
        """
        path = str(self.pgdata)
        if PLAIN_PATH.fullmatch(path) and len(path) <= MAX_SOCKET_FOLDER:
            return self.pgdata
        place = _runtime_folder() / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        place.mkdir(mode=0o700, exist_ok=True)
        os.chown(place, self.account.uid, self.account.gid, follow_symlinks=False)
        _require_private(place, self.account)
        return place

    def _is_running(self) -> bool:
        if self._child and self._child.poll() is not None:
            self._child = None
        try:
            pid = self.get_pid()
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return False
        there = Path(f"/proc/{pid}/cwd")
        try:  # the pid may be another process's by now
            return not there.parent.parent.joinpath("self").exists() or there.samefile(self.pgdata)
        except OSError:
            return False

    def _status(self) -> list[str]:
        return (self.pgdata / "postmaster.pid").read_text().splitlines()

    def _wait(self, child: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError, ValueError):  # the file is not written yet
                lines = self._status()
                is_own = len(lines) >= STATUS_LINES and int(lines[0]) == child.pid
                if is_own and lines[STATUS_LINES - 1].strip() == "ready":
                    return
            if child.poll() is not None:
                break
            time.sleep(0.02)
        raise OSError(f"Postgres did not come up: {_last_line(self.pgdata / 'log')}")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in LOCALE_VARIABLES if name in os.environ}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", **kept}


def _runtime_folder() -> Path:
    """Return a folder for sockets that others cannot write to."""
    if os.geteuid() == 0:
        return state_folder()
    own = Path(tempfile.gettempdir()) / f"dossier-{os.geteuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    _require_private(own, own_account())
    return own


def _require_private(folder: Path, account: Account) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedUnavailable(f"{folder} must be a folder that {account.name} alone can open: remove it.")


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):  # no log was written
        lines = log.read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "its log is empty"
    return "it wrote no log"
