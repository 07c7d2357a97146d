"""Find a call that a model wrote in its own notation.

A server that does not read a model's tool calls sends them as text: XML parameters, or a function's call.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from app.domain.tools import TOOLS

MAX_ARGUMENTS = 30  # of one call
MAX_ITEMS = 100  # of a list in a call
MAX_CALLS = 20  # names that may begin a call
_WORDS = {"True": True, "False": False, "None": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "", "\n": ""}

_NAMES = "|".join(TOOLS)
_FUNCTION = re.compile(rf"(?<![A-Za-z_])({_NAMES})\(")
_INVOKED = re.compile(
    rf"""<[^\s<>]{{0,20}}(?:function|invoke)(?:=|\sname=)["']?({_NAMES})["']?>|<tool_call>\s{{0,9}}({_NAMES})(?![\w])"""
)
_OPENED = re.compile(
    r"""<[^\s<>]{0,20}parameter(?:=|\sname=)["']?(\w{1,40})["']?[^<>]{0,40}>|<arg_key>\s{0,9}(\w{1,40})\s{0,9}</arg_key>\s{0,9}<arg_value>"""
)
_CLOSED = re.compile(r"</[^\s<>]{0,20}(?:parameter|arg_value)>")
_ARGUMENT = re.compile(r"[\s,]{0,200}(\w{1,40})\s{0,9}=\s{0,9}")
_TEXT = re.compile(r"'''(.*?)'''|\"\"\"(.*?)\"\"\"|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_WORD = re.compile(r"(?:True|False|None)(?!\w)")
_COMMA = re.compile(r"[\s,]{0,200}")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def written_calls(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the calls in a text with their places, the last one first."""
    invoked = [
        (one.start(), one[1] or one[2], _parameters(text, one.end())) for one in _first(_INVOKED, text)
    ]
    called = [(one.start(), one[1], _arguments(text, one.end())) for one in _first(_FUNCTION, text)]
    for at, name, given in sorted([*invoked, *called], key=lambda call: -call[0]):
        if given:
            yield at, {"function": {**given, "tool": name}}


def _first(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [found for found, _ in zip(pattern.finditer(text), range(MAX_CALLS), strict=False)]


def _parameters(text: str, at: int) -> dict[str, Any]:
    """Read the XML parameters behind a function's tag."""
    given = dict[str, Any]()
    following = _INVOKED.search(text, at)
    end = following.start() if following else len(text)
    while len(given) < MAX_ARGUMENTS and (opened := _OPENED.search(text, at, end)):
        closed = _CLOSED.search(text, opened.end(), end)
        if not closed:
            return {}  # it was cut
        given[opened[1] or opened[2]] = text[opened.end() : closed.start()].strip()
        at = closed.end()
    return given


def _arguments(text: str, at: int) -> dict[str, Any]:
    """Read the named arguments behind a function's bracket."""
    given = dict[str, Any]()
    while len(given) < MAX_ARGUMENTS and (named := _ARGUMENT.match(text, at)):
        try:
            given[named[1]], at = _value(text, named.end())
        except ValueError:
            return {}
    return given if _COMMA.sub("", text[at : at + 40]).startswith(")") else {}


def _value(text: str, at: int) -> tuple[Any, int]:
    """Return the value that begins here, and its end. Raises ValueError."""
    if not text.startswith(('"""', "'''"), at):
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, at)
        except (ValueError, RecursionError):
            pass
        else:
            return value, end
    if said := _TEXT.match(text, at):
        return _unescaped(said[said.lastindex or 0]), said.end()
    if word := _WORD.match(text, at):
        return _WORDS[word[0]], word.end()
    if not text.startswith("[", at):
        raise ValueError(at)
    return _items(text, at + 1)


def _items(text: str, at: int) -> tuple[list[Any], int]:
    """Return the texts of a list, and its end. Raises ValueError."""
    items = list[Any]()
    while len(items) < MAX_ITEMS and (said := _TEXT.match(text, _end(_COMMA, text, at))):
        items.append(_unescaped(said[said.lastindex or 0]))
        at = said.end()
    at = _end(_COMMA, text, at)
    if not text.startswith("]", at):
        raise ValueError(at)
    return items, at + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)
