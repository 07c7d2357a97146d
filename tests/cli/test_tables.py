"""A list is a table in a terminal, columns in a pipe.

An empty one says how to begin.
"""

import re
from io import StringIO
from pathlib import Path

import pytest

from app.cli import printing, terminal
from app.cli.root import dossier
from app.cli.terminal import Screen, counted

FOLDER = Path(printing.__file__).parent
# A grid that is drawn again and again, and rows that come as they are read.
OWN_TABLES = {"board.py", "printing.py", "sql.py"}


@pytest.fixture
def screen(monkeypatch):
    shown = StringIO()
    for module, name in ((printing, "out"), (terminal, "err")):
        monkeypatch.setattr(
            module, name, Screen(file=shown, width=60, force_terminal=True, color_system=None)
        )
    return shown


def test_an_empty_list_says_how_to_begin(screen):
    printing.print_table(("Id", "Name"), [], empty="No keys yet. Make one: dossier key create NAME")

    assert screen.getvalue() == "No keys yet. Make one: dossier key create NAME\n"


def test_a_pipe_gets_the_names_of_an_empty_list(capsys):
    printing.print_table(("Id", "Name"), [], empty="No keys yet.")

    assert capsys.readouterr().out == "Id\tName\n"


def test_only_the_named_columns_are_cut(screen):
    printing.print_table(("Id", "Question"), [("7", "why " * 40)], cut=("Question",))

    assert re.fullmatch(r"7 +why why .*…", screen.getvalue().splitlines()[1])


@pytest.mark.parametrize(("number", "said"), [(0, "0 bodies"), (1, "1 body"), (1234, "1,234 bodies")])
def test_one_is_singular(number, said):
    assert counted(number, "body", "bodies") == said


def test_each_list_is_printed_in_the_same_way():
    own = {file.name for file in FOLDER.glob("*.py") if "rich.table" in file.read_text()}

    assert own == OWN_TABLES


def test_no_count_is_followed_by_a_fixed_plural():
    plural = re.compile(
        r"\{[^{}]*\} (jobs|searches|pages|events|documents|claims|bodies|days|checkpoints)\b(?!/)"
    )
    found = {
        f"{file.name}: {one[0]}" for file in FOLDER.glob("*.py") for one in plural.finditer(file.read_text())
    }

    assert not found


def test_the_help_of_the_command_is_flush_left():
    paragraph, exits = dossier.help.split("\b", 1)

    assert not [line for line in paragraph.splitlines() if line.startswith(" ")]
    assert "Exit codes" in exits
