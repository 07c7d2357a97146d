"""Read the JSON Schema of a wanted output, a subset.

A field is a leaf of the schema, named by its path. What is asked of it is checked here, and what was found
is put together to the output.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from msgspec import Struct

MAX_SCHEMA = 10_240  # bytes of JSON
MAX_SCHEMA_DEPTH = 6  # objects and arrays in each other
MAX_SCHEMA_FIELDS = 60  # leaves
MAX_OUTPUT_ITEMS = 30  # of an array
MAX_WRITTEN_NODES = 1000  # of a schema whose definitions are written out
MAX_OUTPUT_VALUE = 2000  # characters of a value as text
SCALARS = ("string", "number", "integer", "boolean")
ABOUT_VALUES = ("enum", "minimum", "maximum", "minLength", "maxLength", "format")
BOUND_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))
ABOUT_OBJECTS = ("properties", "required", "additionalProperties")
KEYWORDS = frozenset(
    (
        "$schema",
        "type",
        "title",
        "description",
        *ABOUT_OBJECTS,
        "items",
        "minItems",
        "maxItems",
        *ABOUT_VALUES,
    )
)
# A whole number, in groups of three or not, and its decimals. The marks are a comma and a point, or reversed.
NUMBER_FORM = r"[-+\u2212]?(?:\d{{1,3}}(?:[{group}]\d{{3}}){{1,6}}|\d{{1,30}})(?:[{decimal}]\d{{1,30}})?"
POINT_FORM = re.compile(NUMBER_FORM.format(group=",", decimal=".") + r"(?:[eE][-+]?\d{1,3})?")
COMMA_FORM = re.compile(NUMBER_FORM.format(group=".", decimal=","))
YES_NO = {"true": True, "yes": True, "false": False, "no": False}

SchemaNode = Mapping[str, Any]
OutputPath = tuple[str | int, ...]


class SchemaFault(Struct, frozen=True):
    """An unsupported part of a schema, and what to do."""

    path: str
    message: str


class OutputLeaf(Struct, frozen=True):
    """A field to fill, by its place in the output."""

    path: OutputPath
    node: SchemaNode

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer."""
        return "".join(f"/{part}" for part in self.path)

    @property
    def label(self) -> str:
        """What the field is, in words."""
        told = self.node.get("description") or self.node.get("title")
        names = (str(part).replace("_", " ").replace("-", " ") for part in self.path if isinstance(part, str))
        return str(told or " ".join(names))


def schema_faults(schema: object) -> list[SchemaFault]:
    """Return what keeps a schema from being filled."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return [SchemaFault("", 'Use an object schema: {"type": "object", "properties": …}.')]
    if len(json.dumps(schema)) > MAX_SCHEMA:
        return [SchemaFault("", f"Use at most {MAX_SCHEMA:,} bytes of JSON.")]
    found = list(_node_faults(schema, "", 1))[:5]
    if not found and _count(schema) > MAX_SCHEMA_FIELDS:
        return [SchemaFault("", f"Use at most {MAX_SCHEMA_FIELDS} fields.")]
    return found


def _node_faults(node: object, path: str, depth: int) -> Iterator[SchemaFault]:
    if not isinstance(node, dict):
        yield SchemaFault(path, "Expected a schema object.")
        return
    if unknown := sorted(set(map(str, node)) - KEYWORDS):
        known = ", ".join(sorted(KEYWORDS))
        yield SchemaFault(f"{path}.{unknown[0][:100]}", f"Use only these keywords: {known}.")
        return
    if depth > MAX_SCHEMA_DEPTH:
        yield SchemaFault(path, f"Nest at most {MAX_SCHEMA_DEPTH} levels.")
        return
    yield from _value_faults(node, path)
    match kind_of(node):
        case "object":
            yield from _object_faults(node, path, depth)
        case "array":
            yield from _node_faults(node.get("items"), f"{path}.items", depth + 1)
        case kind if kind not in SCALARS:
            yield SchemaFault(f"{path}.type", f"Use one of: object, array, {', '.join(SCALARS)}.")


def _object_faults(node: SchemaNode, path: str, depth: int) -> Iterator[SchemaFault]:
    properties = node.get("properties")
    if not isinstance(properties, dict) or not properties:
        yield SchemaFault(f"{path}.properties", "Name at least one property.")
        return
    for name, inner in properties.items():
        below = f"{path}.properties.{name[:64]}"
        if not name or len(name) > 64 or not name.replace("_", "").replace("-", "").isalnum():
            yield SchemaFault(below, "Use 1 to 64 letters, digits, _ and - in a name.")
        elif name.isdecimal():
            yield SchemaFault(below, "A name is not a number.")
        else:
            yield from _node_faults(inner, below, depth + 1)


def _value_faults(node: SchemaNode, path: str) -> Iterator[SchemaFault]:
    """Yield keywords whose own value is wrong."""
    for name in ("title", "description", "format", "$schema"):
        if not isinstance(node.get(name, ""), str):
            yield SchemaFault(f"{path}.{name}", "Expected a string.")
    for name in ("minimum", "maximum"):
        if not _is_number(node.get(name, 0)):
            yield SchemaFault(f"{path}.{name}", "Expected a number.")
    for name in ("minItems", "maxItems", "minLength", "maxLength"):
        value = node.get(name, 0)
        if not _is_number(value) or value < 0 or value != int(value):
            yield SchemaFault(f"{path}.{name}", "Expected a whole number from 0.")
    for least, most in BOUND_PAIRS:
        if _is_above(node.get(least), node.get(most)):
            yield SchemaFault(f"{path}.{least}", f"Use a {least} that is not above {most}.")
    choices = node.get("enum", ["x"])
    if not isinstance(choices, list) or not choices or not all(map(_is_plain, choices)):
        yield SchemaFault(f"{path}.enum", "Expected an array of strings or numbers.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_above(least: Any, most: Any) -> bool:  # noqa: ANN401 - any JSON
    return _is_number(least) and _is_number(most) and bool(least > most)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _count(node: SchemaNode) -> int:
    match kind_of(node):
        case "object":
            return sum(map(_count, node["properties"].values()))
        case "array":
            return _count(node["items"])
        case _:
            return 1


def kind_of(node: SchemaNode) -> str:
    """Return a node's type, "null" beside it left aside."""
    kind = node.get("type", "object" if "properties" in node else "")
    if isinstance(kind, list):
        others = [one for one in kind if one != "null"]
        kind = others[0] if len(others) == 1 else ""
    return str(kind)


def path_of(pointer: str) -> OutputPath:
    """Read a field's name, as /a/0/b, a[0].b or $.a[0].b."""
    text = pointer.strip().removeprefix("$")
    for sign in "[].":
        text = text.replace(sign, "/")
    return tuple(int(part) if part.isdecimal() else part for part in text.split("/") if part)[:20]


def leaves(schema: SchemaNode, given: Iterable[OutputPath] = ()) -> list[OutputLeaf]:
    """Return the fields of an output with these paths.

    An array of which nothing was given is one field.
    """
    return list(_leaves(schema, (), sorted(set(given), key=str)))


def _leaves(node: SchemaNode, path: OutputPath, given: Iterable[OutputPath]) -> Iterator[OutputLeaf]:
    match kind_of(node):
        case "object":
            for name, inner in node["properties"].items():
                yield from _leaves(inner, (*path, name), given)
        case "array":
            at = len(path)
            below = (one[at] for one in given if len(one) > at and one[:at] == path)
            items = sorted({number for number in below if isinstance(number, int)})
            if not items:
                yield OutputLeaf(path, node)
            for number in items[: min(MAX_OUTPUT_ITEMS, int(node.get("maxItems", MAX_OUTPUT_ITEMS)))]:
                yield from _leaves(node["items"], (*path, number), given)
        case _:
            yield OutputLeaf(path, node)


def read_value(node: SchemaNode, text: str, *, has_decimal_comma: bool = False) -> str | float | bool:
    """Return a value of a leaf's type. Raises ValueError with the reason.

    With `has_decimal_comma` 1.234 is a thousand and more, else it is little more than one.
    """
    text = text.strip()[:MAX_OUTPUT_VALUE]
    value = _typed(kind_of(node), text, has_decimal_comma=has_decimal_comma)
    if "enum" in node and value not in node["enum"]:
        raise ValueError(f"“{text}” is not one of the values of `enum`")
    if isinstance(value, str):
        if not node.get("minLength", 0) <= len(value) <= node.get("maxLength", MAX_OUTPUT_VALUE):
            raise ValueError("the text is shorter or longer than allowed")
    elif not node.get("minimum", value) <= value <= node.get("maximum", value):
        raise ValueError(f"{text} is below `minimum` or above `maximum`")
    return value


def _typed(kind: str, text: str, *, has_decimal_comma: bool) -> str | float | bool:
    if not text or text.casefold() in ("null", "none", "not found", "n/a"):
        raise ValueError("not found")
    bare = text.strip('"')
    if kind == "boolean":
        if bare.casefold() not in YES_NO:
            raise ValueError(f"“{text}” is neither true nor false")
        return YES_NO[bare.casefold()]
    if kind in ("number", "integer"):
        number = _number("".join(bare.split()), has_decimal_comma=has_decimal_comma)
        if number is None:
            raise ValueError(f"“{text}” is not a number")
        if not isfinite(number) or (kind == "integer" and number != int(number)):
            raise ValueError(f"“{text}” is not a whole number")
        return int(number) if number == int(number) and abs(number) < 1e15 else number
    return bare


def _number(text: str, *, has_decimal_comma: bool) -> float | None:
    """Read a number as its language writes it, else as others do."""
    forms = [(POINT_FORM, ","), (COMMA_FORM, ".")]
    for form, group in reversed(forms) if has_decimal_comma else forms:
        if form.fullmatch(text):
            return float(text.replace(group, "").replace(",", ".").replace("\u2212", "-"))
    return None


def assembled(schema: SchemaNode, found: Mapping[OutputPath, Any]) -> Any:  # noqa: ANN401 - of the caller's schema
    """Put the found values together, with null for others."""
    return _assembled(schema, (), found)


def _assembled(node: SchemaNode, path: OutputPath, found: Mapping[OutputPath, Any]) -> Any:  # noqa: ANN401
    match kind_of(node):
        case "object":
            inner = node["properties"].items()
            return {name: _assembled(below, (*path, name), found) for name, below in inner}
        case "array":
            at = len(path)
            places = (one[at] for one in found if len(one) > at and one[:at] == path)
            numbers = sorted({number for number in places if isinstance(number, int)})
            return [_assembled(node["items"], (*path, number), found) for number in numbers]
        case _:
            return found.get(path)


def simplified(schema: dict[str, Any]) -> dict[str, Any]:
    """Write out what clients generate: definitions, "or null", one constant.

    What stays beyond the subset is for `schema_faults` to refuse.
    """
    definitions = schema.get("$defs")
    written: dict[str, Any] = _Simplifier(definitions if isinstance(definitions, dict) else {}).simple(
        schema, 0
    )
    return written


class _Simplifier:
    """Writes definitions out, up to a number of nodes."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._left = MAX_WRITTEN_NODES

    def simple(self, node: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON
        """Return the node in the subset, as far as it can be."""
        self._left -= 1
        if not isinstance(node, dict) or self._left < 0 or depth > 2 * MAX_SCHEMA_DEPTH:
            return node
        node = self._merged(node, depth)
        if "const" in node:
            node = {**node, "enum": [node["const"]]}
        if isinstance(node.get("enum"), list) and None in node["enum"]:  # each field may be null
            node = {**node, "enum": [one for one in node["enum"] if one is not None]}
        kept = {name: value for name, value in node.items() if name not in ("$defs", "default", "const")}
        if isinstance(properties := kept.get("properties"), dict):
            kept["properties"] = {name: self.simple(inner, depth + 1) for name, inner in properties.items()}
        if "items" in kept:
            kept["items"] = self.simple(kept["items"], depth + 1)
        return kept

    def _merged(self, node: dict[str, Any], depth: int) -> dict[str, Any]:
        """Return the node with its definition, or its one member besides null."""
        name = str(node.get("$ref", "")).removeprefix("#/$defs/")
        rest = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
        if "$ref" in node and isinstance(self._definitions.get(name), dict):
            return {**self.simple(self._definitions[name], depth + 1), **rest}
        members = node.get("anyOf")
        others = [one for one in members if one != {"type": "null"}] if isinstance(members, list) else []
        if len(others) == 1 and isinstance(others[0], dict):
            return {**self.simple(others[0], depth + 1), **rest}
        return node
