"""Find the JSON objects in a text."""

import json
from collections.abc import Iterator
from typing import Any

MAX_OPENING_BRACES = 50  # braces at which an object may begin in a reply


def whole_objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the outermost objects of legal JSON, with their places."""
    return ((start, value) for start, _, value in _spans(text))


def object_spans(text: str) -> list[tuple[int, int]]:
    """Return where the outermost objects of legal JSON begin and end."""
    return [(start, end) for start, end, _ in _spans(text)]


def _spans(text: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    for _ in range(MAX_OPENING_BRACES):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield at, end, value
        at = text.find("{", end)
