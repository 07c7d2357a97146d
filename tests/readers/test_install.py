"""`make browser` says what is missing, and lets the build go on."""

import os

import pytest

from tests.readers import install


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """Make an empty folder the only one where programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(install, "NODE", tmp_path / "readers")
    monkeypatch.setattr(install, "NODE_MODULES", tmp_path / "readers/node_modules")
    return folder


def program(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_where_nothing_is_and_nothing_can_be_installed_it_says_so(programs, capsys):
    install.main()

    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ", 1)[1].split()[0] for line in said] == ["Chromium", "curl", "Node"]


def test_an_installation_that_fails_fails_nothing_else(programs, capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program(programs, "apt-get", 'echo "E: There is no package $*." && exit 100')
    program(programs, "npm", 'echo "npm error code ENOTFOUND" >&2; exit 1')
    program(programs, "node", "echo v22.1.0")

    install.main()

    said = capsys.readouterr().out
    assert "Installing chromium and curl with apt-get" in said
    assert "apt-get ended with 100. E: There is no package" in said
    assert "npm ended with 1. npm error code ENOTFOUND" in said
    assert said.count("Some tests will be skipped") == 3


def test_nobody_but_root_is_asked_to_install_debians_packages(programs, capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    program(programs, "apt-get", "exit 100")

    install.main()

    assert "apt-get" not in capsys.readouterr().out


def test_an_old_node_is_told_from_a_missing_one(programs):
    program(programs, "node", "echo v18.19.1")

    assert install.without_node().startswith("This is Node 18")
