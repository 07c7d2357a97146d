"""How a model is asked for vectors, which decides them."""

import re

from msgspec import Struct

# What a model was trained with before questions and before passages, by its name.
PREFIXES = (
    (re.compile(r"\be5-(?:small|base|large)\b(?!-instruct)"), ("query: ", "passage: ")),
    (re.compile(r"nomic-embed-text"), ("search_query: ", "search_document: ")),
)


class WantedModel(Struct, frozen=True):
    """A model, and how it is asked."""

    name: str
    passage_prefix: str = ""  # before each passage
    query_prefix: str = ""  # before each question
    wanted_dimensions: int = 0  # 0: as many as it gives


def prefixes_of(name: str) -> tuple[str, str]:
    """Return what stands before questions and before passages."""
    for pattern, prefixes in PREFIXES:
        if pattern.search(name.lower()):
            return prefixes
    return "", ""
