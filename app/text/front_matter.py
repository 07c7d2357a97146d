"""Read title, author, date and the like above a markdown text.

Only `name: value` lines and lists count, as people write them by hand. The rest of YAML and TOML is left out,
and nothing in it can refer to anything else.
"""

import re

MAX_VALUE = 1_000
_FENCED = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n(.{0,20000}?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_LINE = re.compile(r"([A-Za-z][\w -]{0,60}?)[ \t]*[:=][ \t]*(.*)")
_LIST_ITEM = re.compile(r"[ \t]*-[ \t]+(.+)")


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Return the values above a text, and the text below them."""
    found = _FENCED.match(text)
    if not found:
        return {}, text
    values, last = dict[str, str](), ""
    for line in found[2].split("\n"):
        if item := _LIST_ITEM.match(line) if last else None:
            values[last] = f"{values[last]}, {_bare(item[1])}".removeprefix(", ")[:MAX_VALUE]
        elif pair := _LINE.fullmatch(line):
            last = pair[1].lower()
            values[last] = ", ".join(map(_bare, _listed(pair[2])))[:MAX_VALUE]
    if not values:
        return {}, text  # a rule above a text, not front matter
    return {name: value for name, value in values.items() if value}, text[found.end() :]


def _listed(value: str) -> list[str]:
    inner = value.strip()
    return inner[1:-1].split(",") if inner.startswith("[") and inner.endswith("]") else [inner]


def _bare(value: str) -> str:
    """Return a value without its quotation marks."""
    bare = value.strip()
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'" else bare
