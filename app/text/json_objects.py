"""Find the JSON objects in a text."""

import json
from collections.abc import Iterator
from typing import Any

MAX_OPENING_BRACES = 50  # braces at which an object may begin in a reply


def whole_objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the outermost objects of legal JSON, with their places."""
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    for _ in range(MAX_OPENING_BRACES):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield at, value
        at = text.find("{", end)
