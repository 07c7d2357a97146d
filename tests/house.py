"""Measure names and docstrings of the code: `python -m tests.house [folder]`."""

import ast
import functools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

FOLDERS = ("app", "dossier", "migrations")
EXPLAINED = (*FOLDERS, "benchmarks", "tests")  # whose docstrings count
FROZEN = "migrations"  # whose names stay as they were, repeated or not
LONGEST = 12  # words in the first line of a docstring
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where a statement has others
Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sources(root: Path, folders: Sequence[str] = FOLDERS) -> Iterator[Path]:
    """Every Python file of the product."""
    for folder in folders:
        yield from sorted((root / folder).rglob("*.py"))


def is_frozen(path: Path, root: Path) -> bool:
    return path.relative_to(root).parts[0] == FROZEN


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all statements below it."""
    yield node
    for part in BLOCKS:
        for below in getattr(node, part, ()):
            yield from statements(below)


@functools.cache
def statements_of(path: Path) -> list[ast.AST]:
    return list(statements(tree_of(path)))


def definitions(root: Path) -> Iterator[Defined]:
    for path in sources(root):
        for node in statements_of(path):
            if isinstance(node, Defined):
                yield node


def first_lines(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each docstring's file and first line, those of modules too."""
    for path in sources(root, EXPLAINED):
        for node in statements_of(path):
            if isinstance(node, ast.Module | Defined) and (text := ast.get_docstring(node)):
                yield path.relative_to(root), text.splitlines()[0]


def is_plain(line: str) -> bool:
    return len(line.split()) <= LONGEST and ";" not in line


def is_one_word(name: str) -> bool:
    return len(re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)) == 1


def repeated(names: list[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def constants(root: Path) -> Iterator[str]:
    for path in sources(root):
        for node in [] if is_frozen(path, root) else tree_of(path).body:
            if isinstance(node, ast.Assign):
                yield from (at.id for at in node.targets if isinstance(at, ast.Name) and at.id.isupper())


def measure(root: Path) -> dict[str, float]:
    """Return each measure by name, as a percentage or a count."""
    nodes = list(definitions(root))
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    functions = [
        node.name for node in nodes if not isinstance(node, ast.ClassDef) and not node.name.startswith("__")
    ]
    modules = [path.stem for path in sources(root) if path.stem != "__init__" and not is_frozen(path, root)]
    lines = [line for _, line in first_lines(root)]
    words = [len(line.split()) for line in lines]
    return {
        "functions of one word, %": round(100 * sum(map(is_one_word, functions)) / len(functions), 1),
        "classes of one word, %": round(100 * sum(map(is_one_word, classes)) / len(classes), 1),
        "class names used twice": len(repeated(classes)),
        "module names used twice": len(repeated(modules)),
        "constant names used twice": len(repeated(list(constants(root)))),
        "first lines, median words": median(words),
        "first lines over 12 words": sum(count > LONGEST for count in words),
        "first lines with a semicolon": sum(";" in line for line in lines),
    }


if __name__ == "__main__":
    for name, value in measure(Path(sys.argv[1] if len(sys.argv) > 1 else ".")).items():
        sys.stdout.write(f"{value:>8g}  {name}\n")
