"""Find every compiled pattern of the product, and its hardest texts."""

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType

import app

ROOT = Path(app.__file__).parent
SOURCES = "\n".join(file.read_text() for file in sorted(ROOT.rglob("*.py")))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
PALETTE = " \n\ta1A.,-_[(<*`'\"|>/:\\é中$#{}]&~=!؟½²\u00ad\U00100000"
COMMON = (
    " ",
    "\n",
    "a",
    "A",
    "1",
    "[",
    "](",
    "<a ",
    "`",
    "$",
    "\\",
    "*",
    "_",
    "a. ",
    "[1] ",
    "a,",
    "-",
    "é",
    "中",
)
ENDS = ("", "\x00", "a", "\n")
MOST_TEXTS = 12  # for one pattern


def module_names() -> list[str]:
    """Name the product's modules that mention `re`, without importing them."""
    files = sorted(ROOT.rglob("*.py"))
    speaking = [file for file in files if "re." in file.read_text() and file.name != "__main__.py"]
    parts = [file.relative_to(ROOT.parent).with_suffix("").parts for file in speaking]
    return [".".join(one[:-1] if one[-1] == "__init__" else one) for one in parts]


@functools.cache
def compiled_in(name: str) -> list[tuple[str, re.Pattern]]:
    """Return the patterns that a module makes, not those it imports."""
    module = importlib.import_module(name)
    source = Path(str(module.__file__)).read_text()
    kept = [
        pair
        for held, value in vars(module).items()
        if (inside := list(_inside(f"{name}.{held}", value)))
        if re.search(rf"^\s*{re.escape(held)}\b.*=|^class {re.escape(held)}\b", source, re.MULTILINE)
        for pair in inside
    ]
    found = {
        (pattern.pattern, pattern.flags): (at, pattern) for at, pattern in (*kept, *written_in_calls(module))
    }
    return list(found.values())


def _inside(name: str, value: object, depth: int = 3) -> Iterator[tuple[str, re.Pattern]]:
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth and isinstance(value, dict | list | tuple | set | frozenset):
        held = [*value, *value.values()] if isinstance(value, dict) else value
        for at, one in enumerate(held):
            yield from _inside(f"{name}[{at}]", one, depth - 1)
    elif depth and isinstance(value, type) and value.__module__.startswith("app."):
        for held_name, one in vars(value).items():
            yield from _inside(f"{name}.{held_name}", one, 0)


def written_in_calls(module: ModuleType) -> Iterator[tuple[str, re.Pattern]]:
    """Return what is compiled where it is used, such as `re.sub(r"…", …)`."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    for node in _within_functions(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            of = node.func.value
            if isinstance(of, ast.Name) and of.id == "re" and (text := _text(node.args[0])) is not None:
                yield f"{module.__name__}:{node.lineno}", re.compile(text)


def _within_functions(node: ast.AST, *, within: bool = False) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if within:
            yield child
        yield from _within_functions(child, within=within or isinstance(child, FUNCTIONS))


def is_anchored(name: str) -> bool:
    """Return True for a pattern that only matches at a text's beginning."""
    asked = asked_of_names().get(name.rpartition(".")[2], set())
    return bool(asked) and asked <= {"match", "fullmatch"}


@functools.cache
def asked_of_names() -> dict[str, set[str]]:
    """Return what the sources ask of each name."""
    asked: dict[str, set[str]] = {}
    for name, method in re.findall(r"\b(\w+(?:\[\d+\])*)(?=\.(\w+))", SOURCES):
        asked.setdefault(name, set()).add(method)
    return asked


def _text(node: ast.expr) -> str | bytes | None:
    """Return a pattern's text, with an x for each runtime value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
        return "".join(map(str, parts))
    return None


def worst_texts(pattern: re.Pattern) -> list[tuple[str, str]]:
    """Return pieces to repeat, with what leads there and what ends it."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    tree = parser.parse(text, flags & ~re.DEBUG)
    pieces = dict[str, None]()
    whole = _sample(tree)
    for before, pump in _pumps(tree, ""):
        pieces |= dict.fromkeys((pump, before + pump, before + pump * 40))
    if whole:
        pieces |= dict.fromkeys((whole, whole[:-1] or whole, f"{whole} ", whole[: len(whole) // 2] or whole))
    chosen = [piece for piece in pieces if 0 < len(piece) <= 2000][:MOST_TEXTS]
    return [(piece, end) for piece in dict.fromkeys((*chosen, *COMMON)) for end in ENDS]


def _pumps(tree: parser.SubPattern, before: str) -> Iterator[tuple[str, str]]:
    """Return what each repeat can repeat, with what stands before it."""
    for code, value in tree:
        if code in REPEATS:
            body = value[2]
            if value[1] > 1:
                yield from ((before, pump) for pump in _choices(body))
            yield from _pumps(body, before)
        elif code is codes.SUBPATTERN:
            yield from _pumps(value[3], before)
        elif code is codes.BRANCH:
            for one in value[1]:
                yield from _pumps(one, before)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from _pumps(value[1], before)
        elif code is codes.ATOMIC_GROUP:
            yield from _pumps(value, before)
        before += _one(code, value)


def _choices(body: parser.SubPattern) -> list[str]:
    """Return texts that match a repeat's body.

    Of a class there are several characters, otherwise a sample.
    """
    if len(body) == 1:
        found = [sign for sign in PALETTE if _matches(*body[0], sign)]
        if found:
            return found[:8]
    return [sample] if (sample := _sample(body)) else []


def _sample(tree: parser.SubPattern) -> str:
    return "".join(_one(code, value) for code, value in tree)


def _one(code: object, value: object) -> str:
    """Return a shortest text that one part of a pattern matches, roughly."""
    if code is codes.LITERAL:
        return chr(value)
    if code in (codes.IN, codes.ANY, codes.NOT_LITERAL, codes.CATEGORY):
        return next((sign for sign in f"a1{PALETTE}" if _matches(code, value, sign)), _first(code, value))
    if code in REPEATS:
        return _sample(value[2]) * max(value[0], 1 if value[1] else 0)
    if code is codes.SUBPATTERN:
        return _sample(value[3])
    if code is codes.ATOMIC_GROUP:
        return _sample(value)
    if code is codes.BRANCH:
        return _sample(value[1][0])
    return ""


def _first(code: object, value: object) -> str:
    """Return the first character of a class that names its own."""
    for kind, held in value if code is codes.IN else ():
        if kind is codes.LITERAL:
            return chr(held)
        if kind is codes.RANGE:
            return chr(held[0])
    return ""


def _matches(code: object, value: object, sign: str) -> bool:
    if code is codes.LITERAL:
        return chr(value) == sign
    if code is codes.NOT_LITERAL:
        return chr(value) != sign
    if code is codes.ANY:
        return sign != "\n"
    if code is codes.IN:
        negated = value[0][0] is codes.NEGATE
        return negated != any(_matches_part(kind, held, sign) for kind, held in value)
    return False


CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def _matches_part(kind: object, held: object, sign: str) -> bool:
    if kind is codes.LITERAL:
        return chr(held) == sign
    if kind is codes.RANGE:
        return held[0] <= ord(sign) <= held[1]
    return kind is codes.CATEGORY and bool(re.match(CATEGORIES[held], sign))
