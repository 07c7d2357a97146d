"""Find a call that a model wrote in its own notation.

A server that does not read a model's tool calls sends them as text: XML parameters, or a function's call.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from app.domain.tools import TOOLS

MAX_CALL_ARGUMENTS = 30  # of one call
MAX_CALL_ITEMS = 100  # of a list in a call
MAX_WRITTEN_CALLS = 20  # names that may begin a call
_PYTHON_WORDS = {"True": True, "False": False, "None": None}
_CALL_ESCAPES = {"n": "\n", "t": "\t", "r": "", "\n": ""}

_TOOL_CHOICE = "|".join(TOOLS)
_FUNCTION_CALLED = re.compile(rf"(?<![A-Za-z_])({_TOOL_CHOICE})\(")
_INVOKED = re.compile(
    rf"""<[^\s<>]{{0,20}}(?:function|invoke)(?:=|\sname=)["']?({_TOOL_CHOICE})["']?>|<tool_call>\s{{0,9}}({_TOOL_CHOICE})(?![\w])"""
)
_PARAMETER_OPENED = re.compile(
    r"""<[^\s<>]{0,20}parameter(?:=|\sname=)["']?(\w{1,40})["']?[^<>]{0,40}>|<arg_key>\s{0,9}(\w{1,40})\s{0,9}</arg_key>\s{0,9}<arg_value>"""
)
_PARAMETER_CLOSED = re.compile(r"</[^\s<>]{0,20}(?:parameter|arg_value)>")
_ARGUMENT_NAME = re.compile(r"[\s,]{0,200}(\w{1,40})\s{0,9}=\s{0,9}")
_QUOTED_TEXT = re.compile(
    r"'''(.*?)'''|\"\"\"(.*?)\"\"\"|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL
)
_PYTHON_WORD = re.compile(r"(?:True|False|None)(?!\w)")
_COMMA_GAP = re.compile(r"[\s,]{0,200}")
_ESCAPED_LETTER = re.compile(r"\\(.)", re.DOTALL)


def written_calls(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield a text's calls with their places, last one first."""
    invoked = [
        (one.start(), one[1] or one[2], _parameters(text, one.end())) for one in _first(_INVOKED, text)
    ]
    called = [(one.start(), one[1], _arguments(text, one.end())) for one in _first(_FUNCTION_CALLED, text)]
    for at, name, given in sorted([*invoked, *called], key=lambda call: -call[0]):
        if given:
            yield at, {"function": {**given, "tool": name}}


def _first(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [found for found, _ in zip(pattern.finditer(text), range(MAX_WRITTEN_CALLS), strict=False)]


def _parameters(text: str, at: int) -> dict[str, Any]:
    """Read the XML parameters behind a function's tag."""
    given = dict[str, Any]()
    following = _INVOKED.search(text, at)
    end = following.start() if following else len(text)
    while len(given) < MAX_CALL_ARGUMENTS and (opened := _PARAMETER_OPENED.search(text, at, end)):
        closed = _PARAMETER_CLOSED.search(text, opened.end(), end)
        if not closed:
            return {}  # it was cut
        given[opened[1] or opened[2]] = text[opened.end() : closed.start()].strip()
        at = closed.end()
    return given


def _arguments(text: str, at: int) -> dict[str, Any]:
    """Read the named arguments behind a function's bracket."""
    given = dict[str, Any]()
    while len(given) < MAX_CALL_ARGUMENTS and (named := _ARGUMENT_NAME.match(text, at)):
        try:
            given[named[1]], at = _value(text, named.end())
        except ValueError:
            return {}
    return given if _COMMA_GAP.sub("", text[at : at + 40]).startswith(")") else {}


def _value(text: str, at: int) -> tuple[Any, int]:
    """Return the value that begins here, and its end.

    Raises ValueError.
    """
    if not text.startswith(('"""', "'''"), at):
        with contextlib.suppress(ValueError, RecursionError):  # Python's own notation follows
            return json.JSONDecoder(strict=False).raw_decode(text, at)
    if said := _QUOTED_TEXT.match(text, at):
        return _unescaped(said[said.lastindex or 0]), said.end()
    if word := _PYTHON_WORD.match(text, at):
        return _PYTHON_WORDS[word[0]], word.end()
    if not text.startswith("[", at):
        raise ValueError(at)
    return _items(text, at + 1)


def _items(text: str, at: int) -> tuple[list[Any], int]:
    """Return the texts of a list, and its end.

    Raises ValueError.
    """
    items = list[Any]()
    while len(items) < MAX_CALL_ITEMS and (said := _QUOTED_TEXT.match(text, _end(_COMMA_GAP, text, at))):
        items.append(_unescaped(said[said.lastindex or 0]))
        at = said.end()
    at = _end(_COMMA_GAP, text, at)
    if not text.startswith("]", at):
        raise ValueError(at)
    return items, at + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _unescaped(text: str) -> str:
    return _ESCAPED_LETTER.sub(lambda found: _CALL_ESCAPES.get(found[1], found[1]), text)
