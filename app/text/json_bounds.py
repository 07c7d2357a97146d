"""Bound JSON that comes in, so that it can be shown again.

A decoder's own limit depends on how deep its caller stands in the stack: what one route takes, another
cannot decode. These bounds are far below it.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

MAX_JSON_DEPTH = 32  # arrays and objects within each other
MAX_JSON_KEYS = 1_000  # members of all objects together
MAX_KEY_CHARACTERS = 200

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NESTING_BRACKET = re.compile(rb"[\[\]{}]")


Path = tuple[str | int, ...]


class Excess(Struct, frozen=True):
    """Where a value goes beyond a bound, and which."""

    path: Path
    code: str
    message: str


def excesses(value: object, *, keys: int = MAX_JSON_KEYS) -> Iterator[Excess]:
    """Yield what goes beyond the bounds, without recursion.

    `keys` is how many members all objects may have together.
    """
    left = keys
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, inner = waiting.pop()
        if isinstance(inner, dict | list) and len(path) >= MAX_JSON_DEPTH:
            yield Excess(path, "too_deep", f"Nest at most {MAX_JSON_DEPTH} levels.")
            return
        if isinstance(inner, dict):
            left -= len(inner)
            if left < 0:
                yield Excess(path, "too_many_items", f"Use at most {keys:,} keys in all.")
                return
            if any(len(key) > MAX_KEY_CHARACTERS for key in inner):
                message = f"Use keys of at most {MAX_KEY_CHARACTERS} characters."
                yield Excess(path, "too_long", message)
            waiting.extend(((*path, key), one) for key, one in inner.items())
        elif isinstance(inner, list):
            waiting.extend(((*path, number), one) for number, one in enumerate(inner))


def is_nested(text: bytes, levels: int = MAX_JSON_DEPTH) -> bool:
    """Return True if undecoded JSON nests more levels than this."""
    if text.count(b"[") + text.count(b"{") <= levels:
        return False
    depth = 0
    for bracket in _NESTING_BRACKET.finditer(_STRING.sub(b"", text)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > levels:
            return True
    return False
