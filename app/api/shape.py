"""Find every fault of a value, field by field.

The messages are our own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
from msgspec import inspect as kinds

from app.api.problem_details import InvalidField
from app.text.json_bounds import MAX_JSON_KEYS, excesses
from dossier.request import LANGUAGE_PATTERN, REGION_PATTERN

MAX_METADATA = 10_240  # bytes of JSON
MAX_SHOWN_NAME = 100  # characters of a name that a caller made up
WHITE_SPACE_ONLY = r"\S"  # the pattern of texts that must say something
TEXT_PATTERNS = {  # what other patterns ask for
    LANGUAGE_PATTERN: "Use a language tag such as de or pt-BR.",
    REGION_PATTERN: "Use the two letters of a country, such as AT.",
}

PLAIN_KINDS = (
    kinds.AnyType,
    kinds.BoolType,
    kinds.DateType,
    kinds.FloatType,
    kinds.IntType,
    kinds.LiteralType,
    kinds.NoneType,
    kinds.StrType,
)
NUMBER_KINDS = (kinds.IntType, kinds.FloatType)
TYPE_NAMES = ((str, "a string"), (bool, "a boolean"), (int | float, "a number"), (list, "an array"))

_encode = msgspec.json.Encoder().encode


def faults(value: object, kind: kinds.Type, path: str) -> Iterator[InvalidField]:
    """Yield everything that keeps this value from being of this kind."""
    if isinstance(kind, kinds.Metadata):
        kind = kind.type
    yield from CHECKS[type(kind)](value, kind, path)


def is_closed(kind: kinds.Type) -> bool:
    """Tell whether msgspec itself refuses unknown fields everywhere in a type."""
    match kind:
        case kinds.StructType():
            return kind.forbid_unknown_fields and all(is_closed(field.type) for field in kind.fields)
        case kinds.UnionType():
            return all(map(is_closed, kind.types))
        case kinds.ListType() | kinds.VarTupleType():
            return is_closed(kind.item_type)
        case kinds.DictType():
            return is_closed(kind.value_type)
        case kinds.Metadata():
            return is_closed(kind.type)
    return isinstance(kind, PLAIN_KINDS)


def bound_faults(value: object, *, keys: int = MAX_JSON_KEYS) -> Iterator[InvalidField]:
    """Yield what nests too deeply or has too many keys.

    Whatever else looks at a value may then follow it down.
    """
    for excess in excesses(value, keys=keys):
        path = ""
        for part in excess.path:
            path = _joined(path, part) if isinstance(part, str) else f"{path}[{part}]"
        yield InvalidField(_name(path), excess.message, excess.code)


def text_faults(value: object, path: str) -> Iterator[InvalidField]:
    """Yield where U+0000 is, which Postgres stores in no text."""
    if isinstance(value, str):
        if "\x00" in value:
            yield InvalidField(_name(path), "Remove the character U+0000.", "invalid_character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from text_faults(name, path)
            yield from text_faults(inner, _joined(path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from text_faults(inner, f"{path}[{number}]")


def _struct(value: object, kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401 - of msgspec.inspect
    if not isinstance(value, dict):
        yield _wrong("an object", value, path)
        return
    found = list(_field_faults(value, kind, path))
    yield from found or _rule_faults(value, kind.cls, path)


def _field_faults(value: dict[str, Any], kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    known = {field.encode_name: field for field in kind.fields}
    for name, inner in value.items():
        if name in known:
            yield from faults(inner, known[name].type, _joined(path, name))
        else:
            message = f"Unknown field. Known fields: {', '.join(known)}."
            yield InvalidField(_joined(path, name), message, "unknown_field")
    for name, field in known.items():
        if field.required and name not in value:
            yield InvalidField(_joined(path, name), "This field is required.", "missing_field")


def _rule_faults(value: dict[str, Any], wanted: type, path: str) -> Iterator[InvalidField]:
    """Yield what the type itself refuses of fields that are each right."""
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, ValueError):
            yield InvalidField(_name(path), str(error.__cause__), "out_of_range")


def _text(value: object, kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    if not isinstance(value, str):
        yield _wrong("a string", value, path)
    elif kind.min_length and len(value) < kind.min_length:
        yield InvalidField(path, f"Use at least {_of(kind.min_length, 'character')}.", "too_short")
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield InvalidField(path, f"Use at most {_of(kind.max_length, 'character')}.", "too_long")
    elif kind.pattern == WHITE_SPACE_ONLY and not value.strip():
        yield InvalidField(path, "Use more than white space.", "too_short")
    elif kind.pattern in TEXT_PATTERNS and not re.fullmatch(kind.pattern, value):
        yield InvalidField(path, TEXT_PATTERNS[kind.pattern], "out_of_range")


def _day(value: object, _kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    try:
        msgspec.convert(value, date)
    except msgspec.ValidationError:
        yield InvalidField(path, "Use a date such as 2026-01-31.", "out_of_range")


def _number(value: object, kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    is_int = isinstance(kind, kinds.IntType)
    if isinstance(value, bool) or not isinstance(value, int | float) or (is_int and value != int(value)):
        yield _wrong("a whole number" if is_int else "a number", value, path)
    elif not _is_within(value, kind):
        yield InvalidField(path, f"Use a number {_bounds(kind)}.", "out_of_range")


def _truth(value: object, _kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    if not isinstance(value, bool):
        yield _wrong("true or false", value, path)


def _choice(value: object, kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    if not isinstance(value, str) or value not in kind.values:
        yield InvalidField(path, f"Use one of: {', '.join(map(str, kind.values))}.", "wrong_type")


def _items(value: object, kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    if not isinstance(value, list):
        yield _wrong("an array", value, path)
    elif kind.min_length and len(value) < kind.min_length:
        yield InvalidField(path, f"Give at least {_of(kind.min_length, 'item')}.", "too_few_items")
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield InvalidField(path, f"Give at most {_of(kind.max_length, 'item')}.", "too_many_items")
    else:
        for number, inner in enumerate(value):
            yield from faults(inner, kind.item_type, f"{path}[{number}]")


def _mapping(value: object, _kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    """Check the caller's own object: of any shape, but limited in size."""
    if not isinstance(value, dict):
        yield _wrong("an object", value, path)
    elif len(_encode(value)) > MAX_METADATA:
        yield InvalidField(path, f"Use at most {MAX_METADATA:,} bytes of JSON.", "metadata_too_large")


def _either(value: object, kind: Any, path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    """Check an optional value, or one of several types.

    A number is told the faults of a number, everything else those of the last type.
    """
    if value is None and kind.includes_none:
        return
    members = [_bare(one) for one in kind.types if not isinstance(one, kinds.NoneType)]
    number = next((one for one in members if isinstance(one, NUMBER_KINDS)), None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    other: Any = next((one for one in members if one is not number), number)
    if number is None or is_number or other is number:
        yield from faults(value, number if is_number and number else other, path)
    elif any(faults(value, other, path)):
        values = ", ".join(map(str, other.values))
        yield InvalidField(path, f"Use one of: {values}; or a whole number {_bounds(number)}.", "wrong_type")


def _bare(kind: Any) -> Any:  # noqa: ANN401
    return kind.type if isinstance(kind, kinds.Metadata) else kind


def _nothing(_value: object, _kind: Any, _path: str) -> Iterator[InvalidField]:  # noqa: ANN401
    yield from ()


CHECKS: dict[type, Callable[[object, Any, str], Iterable[InvalidField]]] = {
    kinds.StructType: _struct,
    kinds.StrType: _text,
    kinds.DateType: _day,
    kinds.IntType: _number,
    kinds.FloatType: _number,
    kinds.BoolType: _truth,
    kinds.LiteralType: _choice,
    kinds.ListType: _items,
    kinds.VarTupleType: _items,
    kinds.DictType: _mapping,
    kinds.UnionType: _either,
    kinds.AnyType: _nothing,
}


def _wrong(wanted: str, value: object, path: str) -> InvalidField:
    given = next((name for type_, name in TYPE_NAMES if isinstance(value, type_)), None)
    given = given or ("null" if value is None else "an object")
    return InvalidField(_name(path), f"Expected {wanted}, got {given}.", "wrong_type")


def _is_within(value: float, kind: Any) -> bool:  # noqa: ANN401
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def _bounds(kind: Any) -> str:  # noqa: ANN401
    if kind.ge is not None and kind.le is not None:
        return f"from {kind.ge:,} to {kind.le:,}"
    bounds = (("above", kind.gt), ("at least", kind.ge), ("below", kind.lt), ("at most", kind.le))
    said = " and ".join(f"{word} {bound:,}" for word, bound in bounds if bound is not None)
    return f"of {said}" if said.startswith("at ") else said


def _of(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _joined(path: str, name: str) -> str:
    name = re.sub(r"[\x00-\x1f\x7f]", "\ufffd", name[:MAX_SHOWN_NAME])
    return f"{path}.{name}" if path else name


def _name(path: str) -> str:
    return path or "body"
