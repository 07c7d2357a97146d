"""The embedded Postgres opens no folder, socket, group or environment key."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from app.errors import EmbeddedUnavailable
from app.store import embedded, embedded_account
from app.store.database import driver_url
from tests.folders import passable_folder

IS_ROOT = os.geteuid() == 0


async def asked(url: str, sql: str = "SELECT current_user::text") -> str:
    connection = await asyncpg.connect(driver_url(url))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.parents)]


@pytest.fixture(scope="module")
def server():
    """Start one at an odd path, in a locale that is missing."""
    with pytest.MonkeyPatch.context() as patched, passable_folder("dossier-embedded-") as folder:
        for name, value in (("CANARY_KEY", "sk-canary"), ("LANG", "xx_YY.UTF-8"), ("LC_ALL", "xx_YY.UTF-8")):
            patched.setenv(name, value)
        home = folder / ("ü \"quoted\" $HOME `pwd`, with, commas and 'more' " + "x" * 60)
        home.mkdir(mode=0o711)
        before = modes(home)
        server = embedded.start(home)
        assert modes(home) == before
        yield server
        server.cleanup()


def socket_of(server) -> Path:
    return Path(unquote(server.get_uri().partition("host=")[2])) / ".s.PGSQL.5432"


async def test_a_path_that_needs_quotes_works(server):
    assert await asked(server.get_uri()) == "postgres"
    assert len(os.fsencode(socket_of(server))) <= 107


async def test_a_locale_that_is_not_installed_is_replaced(server):
    assert await asked(server.get_uri(), "SHOW lc_messages") == "C.UTF-8"


def test_data_and_socket_are_for_the_user_of_postgres_alone(server):
    for folder in (server.pgdata, socket_of(server).parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == server.account.uid


def test_the_kernel_says_who_connects(server):
    rules = (server.pgdata / "pg_hba.conf").read_text()

    assert "local all all peer map=dossier" in rules
    assert "trust" not in rules


@pytest.mark.skipif(not IS_ROOT, reason="Only root can become somebody else.")
def test_somebody_else_cannot_even_reach_the_socket(server):
    program = (
        "import os, socket; os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        f"socket.socket(socket.AF_UNIX).connect({str(socket_of(server))!r})"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "PermissionError" in done.stderr


@pytest.mark.skipif(not IS_ROOT, reason="Without root it is the user's own.")
def test_as_root_it_is_a_user_of_its_own_without_another_group(server):
    said = Path(f"/proc/{server.get_pid()}/status").read_text()
    lines = dict(line.split(":", 1) for line in said.splitlines())

    assert set(lines["Uid"].split()) == {str(server.account.uid)} != {"0"}
    assert set(lines["Gid"].split()) == {str(server.account.gid)} != {"0"}
    assert lines["Groups"].split() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Only Linux shows it.")
def test_it_gets_no_key_of_the_environment(server):
    assert b"sk-canary" not in Path(f"/proc/{server.get_pid()}/environ").read_bytes()


async def test_it_stops_with_the_last_who_uses_it(server):
    again = embedded.start(server._folder)
    again.cleanup()

    assert await asked(server.get_uri()) == "postgres"


def test_who_leaves_a_folder_that_was_removed_says_nothing():
    with passable_folder("dossier-embedded-") as home:
        server = embedded.start(home)
        pid = server.get_pid()
        shutil.rmtree(home)
        server.cleanup()
        with contextlib.suppress(ProcessLookupError):  # it ends within a minute, or when it misses a file
            os.kill(pid, signal.SIGQUIT)


async def test_a_server_that_was_killed_comes_up_again_and_trusts_nobody(server):
    url = server.get_uri()
    (server.pgdata / "pg_hba.conf").write_text("local all all trust\n")
    os.kill(server.get_pid(), 9)
    await asyncio.sleep(1)

    again = await asyncio.to_thread(embedded.start, server._folder)

    assert await asked(url) == "postgres"
    assert "trust" not in (server.pgdata / "pg_hba.conf").read_text()
    again.cleanup()


@pytest.mark.skipif(not IS_ROOT, reason="Only root needs another place.")
def test_a_folder_that_is_closed_stays_closed_and_the_data_goes_elsewhere(tmp_path, monkeypatch):
    with passable_folder("dossier-state-") as state:
        monkeypatch.setattr(embedded_account, "STATE", state / "made")
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        before = modes(home)

        data = embedded_account.data_of(home)

        assert data.parent == state / "made"
        assert (home / "postgres").readlink() == data
        assert embedded_account.data_of(home) == data
        assert modes(home) == before


@pytest.mark.skipif(not IS_ROOT, reason="Only root needs a copy.")
def test_programs_in_a_closed_folder_are_copied_and_the_folder_stays_closed(tmp_path, monkeypatch):
    with passable_folder("dossier-state-") as state:
        monkeypatch.setattr(embedded_account, "STATE", state / "made")
        monkeypatch.setattr(embedded_account, "can_reach", lambda path, _account: state in path.parents)
        account = embedded_account.account_of(tmp_path)

        programs = embedded_account.programs_of(account)

        assert state in programs.parents
        done = subprocess.run(
            [programs / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            **account.as_user,
        )
        assert done.stdout.startswith("postgres (PostgreSQL) 18")


def test_data_that_its_owner_cannot_reach_is_said_to_be_so(tmp_path, monkeypatch):
    other = embedded_account.Account("somebody", 12345, 12345)
    monkeypatch.setattr(embedded_account, "account_of", lambda _data: other)
    (tmp_path / "postgres").mkdir()
    tmp_path.chmod(0o700)

    with pytest.raises(EmbeddedUnavailable, match="belongs to somebody, who cannot get there"):
        embedded_account.data_of(tmp_path)


def test_what_is_missing_is_said_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_account, "find_spec", lambda _name: None)
    with pytest.raises(EmbeddedUnavailable, match=r"dossier\[embedded\]"):
        embedded_account.programs_of(embedded_account.own_account())
    monkeypatch.setattr(embedded_account, "MAKE_ACCOUNT", ())
    monkeypatch.setattr(embedded_account, "ACCOUNT", "nobody-has-this-name")
    monkeypatch.setattr(embedded_account.os, "geteuid", lambda: 0)
    with pytest.raises(EmbeddedUnavailable, match="run Dossier as another user, or set DATABASE_URL"):
        embedded_account.account_of(tmp_path)
    monkeypatch.setattr(embedded.sys, "platform", "win32")
    with pytest.raises(EmbeddedUnavailable, match="runs on Linux and macOS"):
        embedded.start(tmp_path)


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)

    with pytest.raises(EmbeddedUnavailable, match="alone can open"):
        embedded._require_private(tmp_path, embedded_account.own_account())
