"""Each exit code is documented, and real commands end with it."""

import json
import re
from pathlib import Path

import pytest

from app.cli.exits import EXIT_CODES
from tests.cli.shell import shell
from tests.cli.terminal import DOSSIER

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
ROW = re.compile(r"^\| (\d+) \| `(\w+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)
NOWHERE = "http://127.0.0.1:9"


def test_the_documents_have_the_table_of_exit_codes():
    found = [(int(code), *rest) for code, *rest in ROW.findall(DOCS.read_text())]

    assert found == [tuple(one) for one in EXIT_CODES]


def test_the_help_has_every_exit_code(tmp_path):
    said = " ".join(shell(tmp_path, "dossier --help", COLUMNS="200").stdout.split())

    assert all(f"{one.number} {one.meaning}" in said for one in EXIT_CODES)


@pytest.mark.parametrize(
    ("script", "environment", "code", "name"),
    [
        ("dossier jobs --json", {"DOSSIER_URL": NOWHERE}, 6, "unreachable"),
        ("dossier jobs --limt 3 --json", {}, 2, "usage"),
        ("dossier jobs --json", {"DOSSIER_URL": "nonsense"}, 8, "bad_setting"),
        ("dossier serve --json", {"DOSSIER_LEASE_SECONDS": "x"}, 8, "bad_setting"),
        ("dossier serve --host 0.0.0.0 --json", {}, 1, "failed"),
        ("dossier show x --json", {"DOSSIER_URL": NOWHERE}, 2, "malformed_job_id"),
        ("dossier ingest '' --json", {}, 2, "usage"),
    ],
)
def test_an_error_is_one_object_and_its_exit_code(tmp_path, script, environment, code, name):
    found = shell(tmp_path, script, **environment)
    said = json.loads(found.stderr)

    assert (found.returncode, found.stdout) == (code, "")
    assert (said["code"], said["exit_code"]) == (name, code)
    assert said["message"]
    assert said["what_to_do"]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("dossier jbos", "Did you mean 'jobs'?"),
        ("dossier jobs --limt 3", "Did you mean '--limit'?"),
        ("dossier documents lsit", "Did you mean 'list'?"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(tmp_path, script, says):
    found = shell(tmp_path, script)

    assert found.returncode == 2
    assert says in found.stderr


@pytest.mark.parametrize("script", ["dossier", "dossier documents"])
def test_a_group_alone_is_answered_with_its_help(tmp_path, script):
    found = shell(tmp_path, script)

    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("Usage: dossier ")
    assert "\nCommands:\n" in found.stderr
    assert "Error" not in found.stderr


@pytest.mark.parametrize(
    ("script", "codes"),
    [
        ("dossier --help >/dev/full", (9,)),
        ("dossier --help >&-", (9,)),
        ("dossier --help <&- >/dev/null", (0,)),
        ("dossier jbos 2>&-", (2,)),
        ("dossier jbos 2>/dev/full", (2,)),
        ("dossier --help <&- >&- 2>&-", (9,)),
        ("PYTHONIOENCODING=ascii dossier ask --help", (0,)),
        ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 dossier ask --help", (0,)),
        ("LC_ALL=xx_XX.NOPE dossier ask --help", (0,)),
        ("PYTHONIOENCODING=latin-1 dossier \u03a9", (2,)),
        ("(sleep 1; dossier --help) | true; exit ${PIPESTATUS[0]}", (141,)),
    ],
)
def test_no_stream_and_no_locale_makes_a_traceback(tmp_path, script, codes):
    found = shell(tmp_path, script)

    assert "Traceback" not in found.stderr + found.stdout
    assert "Exception ignored" not in found.stderr
    assert found.returncode in codes


def test_bash_completes_commands_and_options(tmp_path):
    script = f"""
    unset -f dossier; PATH="{Path(DOSSIER).parent}:$PATH"
    eval "$(_DOSSIER_COMPLETE=bash_source dossier)"
    try() {{ COMPREPLY=(); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dossier_completion dossier
    echo "${{COMPREPLY[@]}}"; }}
    try dossier jo; try dossier jobs --li
    """
    found = shell(tmp_path, script)

    assert found.stdout.split() == ["jobs", "--limit"], found.stderr
