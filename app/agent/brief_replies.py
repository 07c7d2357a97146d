"""Read a model's reply to a brief.

What does not fit is left out where the rest can be used; what cannot be used is a ValueError in words for the
model.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from app.agent.brief import BriefReply, Task
from app.text.json_objects import whole_objects

MAX_BRIEF_REPLY = 400_000  # characters that are looked at
MAX_REPLY_TEXT = 4000  # characters of one text in a reply
MAX_ITEMS = 200  # of one list
MAX_SECTION = 40_000  # characters of a section

_FIRST_DIGITS = re.compile(r"\d{1,9}")
_FENCED_TEXT = re.compile(r"\A\s*```(?:markdown|md)?[^\S\n]*\n(.*?)\n?```\s*\Z", re.DOTALL | re.IGNORECASE)

ReplyT = TypeVar("ReplyT", bound=BriefReply)

NEEDED_FIELDS: dict[Task, str] = {
    "thread": "queries, read, done",
    "extract": "passages",
    "outline": "sections",
    "critique": "problems",
}


def filled(kind: type[ReplyT], task: Task, text: str) -> ReplyT:
    """Return the reply in a text, the likeliest object of it.

    Raises ValueError where there is none.
    """
    names = set(NEEDED_FIELDS[task].split(", "))
    for _, found in whole_objects(text[:MAX_BRIEF_REPLY]):
        value = {name.strip().lower(): item for name, item in found.items()}
        if names & value.keys():
            reply: ReplyT = msgspec.convert(_struct(inspect.type_info(kind), value), kind)
            return reply
    raise ValueError(f"Your reply has no JSON object with {NEEDED_FIELDS[task]} in it.")


def section_of(text: str) -> str:
    """Return the markdown of a section. Raises ValueError where it is empty."""
    said = text[:MAX_SECTION].replace("\x00", "").strip()
    fenced = _FENCED_TEXT.match(said)
    said = fenced[1].strip() if fenced else said
    if not said:
        raise ValueError("Your reply was empty.")
    return said


def _struct(info: inspect.Type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a struct that can be read."""
    assert isinstance(info, inspect.StructType)
    fitted = {field.name: _value(field.type, given.get(field.name)) for field in info.fields}
    return {name: value for name, value in fitted.items() if value is not None}


def _value(kind: inspect.Type, value: object) -> Any:  # noqa: ANN401 - whatever the type says
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    match kind:
        case inspect.VarTupleType():
            items = value if isinstance(value, list) else [] if value in (None, "") else [value]
            fitted = [_value(kind.item_type, item) for item in items[:MAX_ITEMS]]
            return [item for item in fitted if item not in (None, "")]
        case inspect.StrType():
            return _text(value)
        case inspect.BoolType():
            return value is True or str(value).strip().lower() in ("true", "yes", "1")
        case inspect.IntType():
            found = None if isinstance(value, bool) else _FIRST_DIGITS.search(str(value))
            return int(found[0]) if found else None
        case inspect.LiteralType():
            said = str(value).strip().lower()
            return said if said in kind.values else None
        case inspect.StructType() if isinstance(value, dict):
            return _struct(kind, value)
        case _:
            return None


def _text(value: object) -> str | None:
    """Return text without what breaks a line or a database."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode().strip()[:MAX_REPLY_TEXT]
