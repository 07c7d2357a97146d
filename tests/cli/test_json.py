"""Every command has --json, and answers an error with one object."""

import io
import json
import re

import click
import pytest

from app.cli.root import COMMANDS, OLD_NAMES, dossier
from app.cli.terminal import err
from tests.cli.shell import shell

NO_DATABASE, NO_SERVER = "postgresql://nobody@127.0.0.1:9/nothing", "http://127.0.0.1:9"
JOB = "01a20937-51e3-763d-b2e2-cb25b04281b4"

# What each command needs on its line. `{file}` and `{questions}` exist; `{folder}` is new.
ARGUMENTS = {
    "demo": [],
    "ask": ["Why?"],
    "submit": ["Why?"],
    "follow": [JOB],
    "answer": [JOB, "Yes."],
    "show": [JOB],
    "jobs": [],
    "cancel": [JOB],
    "finish": [JOB],
    "fork": [JOB],
    "diff": [JOB, JOB],
    "replay": [JOB],
    "report": [JOB],
    "eval": ["{questions}"],
    "why": [JOB],
    "bundle": [JOB],
    "estimate": ["Why?"],
    "capabilities": [],
    "ingest": ["{file}"],
    "documents cancel": ["01a21ae7-0bb8-8249-b378-85865ec49303"],
    "documents embedding": [],
    "documents ingestions": [],
    "documents list": [],
    "documents search": ["yaks"],
    "documents remove": ["file:///"],
    "serve": ["--port", "0"],
    "mcp": [],
    "key create": ["reports"],
    "key list": [],
    "key revoke": ["0Ab3dE6h"],
    "tenant create": ["acme"],
    "tenant list": [],
    "tenant suspend": ["acme"],
    "tenant resume": ["acme"],
    "costs": [],
    "quota list": [],
    "quota set": ["acme"],
    "secret master": [],
    "secret set": ["acme", "openai"],
    "secret list": [],
    "secret remove": ["acme", "openai"],
    "secret rotate": [],
    "share create": ["last"],
    "share list": ["last"],
    "share revoke": [JOB],
    "mark": [JOB],
    "library show": [],
    "library save": ["dear"],
    "library delete": ["dear"],
    "webhook create": ["https://app.example.com/hooks"],
    "webhook list": [],
    "webhook rotate": [JOB],
    "webhook enable": [JOB],
    "webhook delete": [JOB],
    "webhook deliveries": [JOB],
    "webhook resend": [JOB, JOB],
    "worker": [],
    "workers": [],
    "workers pause": [],
    "workers resume": [],
    "workers drain": ["db1-4711-3fa2c1"],
    "queue": [],
    "requeue": [JOB],
    "retry": [JOB],
    "models": [],
    "doctor": [],
    "sql": ["-c", "SELECT 1"],
    "migrate": [],
    "logins": [],
    "verify": [],
    "checkpoint": [],
    "keygen": ["{file}"],
    "retention set": ["30", "--tag", "private"],
    "share stream": ["last"],
    "access": [],
    "retention show": [],
    "retention run": ["--dry-run"],
    "forget": ["--job", JOB, "--yes"],
    "archive": ["--before", "2025-03", "--to", "{folder}"],
    "archive verify": ["{file}"],
    "backup": ["{folder}"],
    "restore": ["."],
    "rebuild": [],
}
LOCAL = {
    "models",
    "secret master",
    "keygen",
    "archive verify",
    "doctor",
    "restore",
}  # these need neither server nor database
SERVERS = {"demo", "serve", "mcp", "worker"}  # these set up a log, or start a process that does


def leaves(command, path):
    """Every command that can be run, with the words that run it."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from leaves(below, f"{path} {name}")
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command


LEAVES = {path: leaf for name in COMMANDS for path, leaf in leaves(dossier.load(name), name)}


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run a command here, returning its exit code and standard error's JSON."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", NO_DATABASE)
    monkeypatch.setenv("DOSSIER_URL", NO_SERVER)
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(err, "quiet", False)
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-0123456789"))  # for what reads a key
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "questions.jsonl").write_text('{"question": "Why?"}')

    def ended(*words):
        filled = [
            word.format(
                file=tmp_path / "file.txt",
                questions=tmp_path / "questions.jsonl",
                folder=tmp_path / "new",
            )
            for word in words
        ]
        with pytest.raises(SystemExit) as left:
            dossier.main([*filled, "--json"])
        found = capfd.readouterr()
        assert found.out == ""
        return left.value.code, json.loads(found.err)

    return ended


def test_every_command_is_tried_here():
    assert ARGUMENTS.keys() == LEAVES.keys()


@pytest.mark.parametrize("path", sorted(LEAVES))
def test_every_command_has_json(path):
    assert any("--json" in option.opts for option in LEAVES[path].params)


@pytest.mark.parametrize("path", sorted(LEAVES))
def test_a_wrong_option_is_one_object(run, path):
    code, said = run(*path.split(), *ARGUMENTS[path], "--nonsense")

    assert (code, said["code"], said["exit_code"]) == (2, "usage", 2)
    assert said["message"]
    assert said["what_to_do"]


@pytest.mark.parametrize("path", sorted(LEAVES.keys() - LOCAL - SERVERS))
def test_a_server_that_is_away_is_one_object(run, path):
    code, said = run(*path.split(), *ARGUMENTS[path])

    assert (code, said["code"], said["exit_code"]) == (6, "unreachable", 6)


@pytest.mark.parametrize("script", ["serve --port 0", "worker", "jobs"])
def test_a_server_without_its_database_ends_with_one_object(tmp_path, script):
    found = shell(tmp_path, f"dossier {script} --json", DATABASE_URL=NO_DATABASE)
    said = json.loads(found.stderr.splitlines()[-1])

    assert (found.returncode, said["code"], said["exit_code"]) == (6, "unreachable", 6)


def test_an_old_name_of_a_command_works_and_is_not_shown(run, capfd):
    code, said = run("corpus", "list")
    with pytest.raises(SystemExit):
        dossier.main(["--help"])

    assert (code, said["code"]) == (6, "unreachable")
    assert not any(re.search(rf"\b{name}\b", capfd.readouterr().out) for name in OLD_NAMES)
