"""Turn a model's object into a legal step, tolerating harmless errors.

What is harmless is understood, clipped or left out.

Bounds on a step are for the model's benefit: a text that is too long is cut, a list too, a word in the
wrong case is the word. What nothing can be made of is named in words for the model.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, inspect

from app.domain.tools import TOOLS, NextStep, Reasoning

TRUE = frozenset({"true", "yes", "1", "y"})
MAX_QUOTINGS = 2  # strings in strings that are decoded
MAX_NOTES = 10  # of what was changed
# What a step says where the model left it out; without the other fields it is not a step.
DEFAULTS: Mapping[str, Any] = {
    "confidence": "low",
    "status": "completed",
    "title": "Report",
    "current_situation": "",
    "plan_status": "",
    "reason": "",
}
NEEDED = frozenset(
    {"queries", "urls", "planned_steps", "next_steps", "questions", "content", "answer", "goal"}
)

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_TOOL_NAMES = {name.replace("_", ""): name for name in TOOLS}

Notes = list[str]


class Unusable(ValueError):
    """An unusable part of a step, which the message names."""


def shaped(value: Mapping[str, Any], menu: Sequence[str]) -> tuple[NextStep, tuple[str, ...]]:
    """Return the step and its changes.

    Raise Unusable or msgspec.ValidationError.
    """
    notes: Notes = []
    parts = _lowered(value)
    function = _function(parts, menu)
    thought = parts.get("reasoning")
    reasoning = _fitted(Reasoning, _lowered(thought) if isinstance(thought, Mapping) else parts, "", notes)
    tool = TOOLS[function.pop("tool")]
    step = {"reasoning": reasoning, "function": _fitted(tool, function, f"{tag_of(tool)}.", notes)}
    return msgspec.convert(step, NextStep), tuple(dict.fromkeys(notes))[:MAX_NOTES]


def tag_of(tool: type[Struct]) -> str:
    """The name of a tool."""
    return str(tool.__struct_config__.tag)


def _lowered(value: Mapping[str, Any]) -> dict[str, Any]:
    return {_spelt(key): item for key, item in value.items()}


def _spelt(name: object) -> str:
    """Return a name as the schema writes it: "planStatus" as plan_status."""
    plain = _HUMP.sub("_", _INVISIBLE.sub("", str(name)).strip())
    return plain.lower().replace("-", "_").replace(" ", "_")


def _function(parts: dict[str, Any], menu: Sequence[str]) -> dict[str, Any]:
    """Find the tool and its arguments, wherever they are.

    `tool` is its name.
    """
    said = parts.get("function", parts.get("tool"))
    if isinstance(said, str):
        beside = parts.get("arguments", parts.get("args", parts))
        said = {**_lowered(_decoded(beside)), "tool": said}
    if not isinstance(said, Mapping):
        said = parts
    found = _lowered(said)
    name = next((found[key] for key in ("tool", "name", "function", "type") if key in found), None)
    arguments = found.get("arguments", found.get("parameters"))
    if isinstance(arguments, str | Mapping):
        found = {**found, **_lowered(_decoded(arguments))}
    if not isinstance(name, str):
        name = next((tool for tool in TOOLS if isinstance(found.get(tool), Mapping)), None)
        found = _lowered(found[name]) if name else found
    tool = _tool(name, menu)
    return {**found, "tool": tool}


def _decoded(arguments: object) -> Mapping[str, Any]:
    """Decode arguments, also those that are quoted twice."""
    for _ in range(MAX_QUOTINGS):
        if isinstance(arguments, str):
            try:
                arguments = msgspec.json.decode(arguments)
            except (ValueError, RecursionError):
                return {}
    return arguments if isinstance(arguments, Mapping) else {}


def _tool(name: object, menu: Sequence[str]) -> str:
    bare = _spelt(name or "").rpartition(".")[2]  # "functions.web_search"
    spelt = _TOOL_NAMES.get(bare.replace("_", ""), bare)
    if spelt not in TOOLS:
        raise Unusable(f"Name one tool in function.tool; allowed now: {', '.join(menu)}.")
    if spelt not in menu:
        raise Unusable(f"You chose {spelt}; allowed now: {', '.join(menu)}.")
    return spelt


def _fitted(kind: type[Struct], given: Mapping[str, Any], path: str, notes: Notes) -> dict[str, Any]:
    """Convert a struct's fields to their types.

    `given` may have others, and lack those that may be empty.
    """
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    fitted: dict[str, Any] = {"tool": info.tag} if info.tag else {}
    for field in info.fields:
        said = given.get(field.name, given.get(_singular(field.name)))
        value = _field(field.type, said, f"{path}{field.name}", notes)
        if value is None and field.required:
            value = DEFAULTS.get(field.name)
            notes.append(f"{path}{field.name}: left out")
        if (not value and field.name in NEEDED) or (value is None and field.required):
            raise Unusable(f"{path}{field.name} is missing or empty.")
        if value is not None:
            fitted[field.name] = value
    return fitted


def _singular(name: str) -> str:
    """Return the name of one of a list: "query" of queries."""
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _field(kind: inspect.Type, value: object, path: str, notes: Notes) -> Any:  # noqa: ANN401
    bounds: Mapping[str, Any] = {}
    if isinstance(kind, inspect.Metadata):
        bounds, kind = kind.extra_json_schema or {}, kind.type
    if isinstance(kind, inspect.UnionType):  # a list that may be left out
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
        if value is None:
            return None
    match kind:
        case inspect.VarTupleType():
            return _list(kind.item_type, value, bounds.get("maxItems"), path, notes)
        case inspect.StrType():
            return _text(value, kind.max_length or bounds.get("maxLength"), path, notes)
        case inspect.BoolType():
            return value if isinstance(value, bool) else str(value).strip().lower() in TRUE
        case inspect.LiteralType():
            return _choice(kind.values, value)
        case inspect.IntType():
            return _number(value)
        case inspect.StructType() if isinstance(value, Mapping):
            return _fitted(kind.cls, _lowered(value), f"{path}.", notes)
        case _:
            return value


def _list(item: inspect.Type, value: object, most: int | None, path: str, notes: Notes) -> list[Any]:
    """Convert a list's items, or a single value as a list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _listed(value)
    values = [] if value is None or value == "" else value if isinstance(value, list | tuple) else [value]
    if isinstance(value, Mapping):
        values = list(value.values())
    fitted = [_item(item, one, path, notes) for one in values]
    kept = [one for one in fitted if one not in (None, "")]
    if most and len(kept) > most:
        notes.append(f"{path}: {most} of {len(kept)} taken")
    return kept[:most]


def _listed(text: str) -> object:
    """Return a list that is written in a string, or the string."""
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list) else text


def _item(kind: inspect.Type, value: object, path: str, notes: Notes) -> Any:  # noqa: ANN401
    """Convert an item, None where it cannot be used.

    A report is not refused for one quote or value of its side lists.
    """
    if isinstance(value, Mapping) and isinstance(kind, inspect.StrType | inspect.Metadata):
        value = next((one for one in value.values() if isinstance(one, str)), value)  # {"query": "…"}
    if not isinstance(kind, inspect.StructType):
        return _field(kind, value, path, notes)
    told: Notes = []
    try:
        found = _field(kind, value, path, told) if isinstance(value, Mapping) else None
    except Unusable:
        found = None
    notes += told if found is not None else [f"{path}: one that lacks a part was left out"]
    return found


def _text(value: object, most: int | None, path: str, notes: Notes) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        value = "\n".join(str(part) for part in value)
    text = (value if isinstance(value, str) else msgspec.json.encode(value).decode()).replace("\x00", "")
    text = text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if most and len(text) > most:
        notes.append(f"{path}: cut to {most} characters")
    return text[:most].strip()


def _choice(values: tuple[object, ...], value: object) -> str | None:
    """The one that is meant, whatever its case."""
    said = str(value).strip().lower()
    return said if said in values else None


def _number(value: object) -> int | None:
    try:
        return int(str(value).strip().strip("[]"))
    except ValueError:
        return None
