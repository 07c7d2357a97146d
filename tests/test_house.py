"""Names can be found, first lines are short, and no error vanishes."""

import ast
import re
from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).parent.parent
TERMINAL = ROOT / "app" / "cli"
LOGS = {"debug", "info", "warning", "error", "exception"}

# What has been reached, rounded up: each may fall, none may grow.
BOUNDS = {
    "functions of one word, %": 67,
    "classes of one word, %": 40,
    "class names used twice": 0,
    "module names used twice": 0,
    "constant names used twice": 0,
    "first lines, median words": 10,
}


@pytest.fixture(scope="module")
def measured() -> dict[str, float]:
    return house.measure(ROOT)


@pytest.mark.parametrize("measure", BOUNDS)
def test_names_and_first_lines_get_no_worse(measure, measured):
    assert measured[measure] <= BOUNDS[measure]


def test_first_lines_are_one_statement_of_twelve_words():
    long = [f"{path}: {line}" for path, line in house.first_lines(ROOT) if not house.is_plain(line)]

    assert not long, "\n".join(long)


@pytest.mark.parametrize(
    ("line", "plain"),
    [("Add one.", True), ("Add one; return it.", False), ("word " * 12, True), ("word " * 13, False)],
)
def test_a_first_line_is_plain_by_its_words_and_semicolons(line, plain):
    assert house.is_plain(line) is plain


def vanishing(source: str) -> list[int]:
    """Return the lines where an exception ends unmentioned.

    There is no log, no answer and no comment.
    """
    lines = source.splitlines()
    found = []
    for node in house.statements(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            silent = not any(is_answer(inner) or is_used(inner, node.name) for inner in ast.walk(node))
            places = [(node.lineno, node.end_lineno)] if silent else []
        else:
            contexts = [item.context_expr for item in getattr(node, "items", ())]
            places = [(one.lineno, one.end_lineno + 1) for one in contexts if suppresses(one)]
        found += [first for first, last in places if not any(map(explains, lines[first - 1 : last]))]
    return found


def suppresses(context: ast.expr) -> bool:
    return ast.unparse(context).startswith("contextlib.suppress(")


def explains(line: str) -> bool:
    """Say whether the line's comment has four words.

    A code of the linter's is no comment.
    """
    _, _, comment = line.partition("# ")
    if comment.startswith("noqa"):
        _, _, comment = comment.partition(" - ")
    return len(comment.split()) >= 4


def at_the_terminal(source: str) -> str:
    """Mark the handlers of Ctrl-C and of input's end as answers."""
    return re.sub(
        r"except (KeyboardInterrupt|EOFError|\(KeyboardInterrupt, EOFError\)):$",
        r"\g<0>  # an answer of the user's",
        source,
        flags=re.MULTILINE,
    )


def is_answer(node: ast.AST) -> bool:
    """Say whether it raises, returns or assigns a value, or logs."""
    if isinstance(node, ast.Return):
        return node.value is not None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in LOGS and ast.unparse(node.func.value).endswith(("log", "logger"))
    return isinstance(node, ast.Raise | ast.Assign | ast.Yield)


def is_used(node: ast.AST, name: str | None) -> bool:
    """Whether the error is handed on."""
    return isinstance(node, ast.Name) and node.id == name


def test_no_error_vanishes():
    found = {}
    for path in (ROOT / "app").rglob("*.py"):
        source = path.read_text()
        found[str(path.relative_to(ROOT))] = vanishing(
            at_the_terminal(source) if path.is_relative_to(TERMINAL) else source
        )

    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("try:\n    go()\nexcept OSError:\n    pass\n", [3]),
        ("try:\n    go()\nexcept OSError:\n    pass  # the file is a cache\n", []),
        ("try:\n    go()\nexcept OSError:\n    pass  # a cache\n", [3]),
        ("try:\n    go()  # the file is a cache\nexcept OSError:\n    pass\n", [3]),
        ("try:\n    go()\nexcept OSError as error:\n    log.warning('%s', error)\n", []),
        ("try:\n    go()\nexcept Exception:  # noqa: BLE001\n    pass\n", [3]),
        ("try:\n    go()\nexcept OSError:  # noqa: BLE001 - the file is a cache\n    pass\n", []),
        ("with contextlib.suppress(OSError):\n    # the file is a cache\n    go()\n", []),
        ("x = 1\n\nwith contextlib.suppress(OSError):\n    go()\n", [3]),
    ],
)
def test_an_error_that_vanishes_is_found(source, lines):
    assert vanishing(source) == lines
