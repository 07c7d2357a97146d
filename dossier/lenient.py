"""Reading a newer server's answers as this client's types."""

import functools
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType
from msgspec.structs import FieldInfo, fields

ResultT = TypeVar("ResultT")


def decode(body: bytes, kind: type[ResultT]) -> ResultT:
    """Decode JSON leniently.

    Unknown fields are dropped, and unknown words of a vocabulary are kept.

    Raises msgspec.DecodeError if a required field is missing or has another type.
    """
    result: ResultT = _build(msgspec.json.decode(body), kind)
    return result


def _build(value: Any, kind: Any) -> Any:  # noqa: ANN401 - any JSON, any type of ours
    """Make `value` a `kind`.

    The server has checked the bounds, so they are not checked again.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _build(value, parts[0])
    if origin is Literal:
        return msgspec.convert(value, str)
    if origin in (Union, UnionType):
        return None if value is None else _member(value, parts)
    if origin in (tuple, list):
        return origin(_build(item, parts[0]) for item in msgspec.convert(value, list))
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(msgspec.convert(value, dict[str, Any]), kind)
    return msgspec.convert(value, kind)


def _member(value: Any, parts: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """Make `value` the first member of a union that takes it.

    What says that there is nothing (None, UNSET) is left aside.
    """
    *others, last = (part for part in parts if part not in (type(None), UnsetType))
    for part in others:
        try:
            return _build(value, part)
        except msgspec.ValidationError:  # the next member may take it
            continue
    return _build(value, last)


def _struct(given: dict[str, Any], kind: type[Struct]) -> Struct:
    known = [field for field in _fields(kind) if field.name in given]
    missing = [field.name for field in _fields(kind) if field.required and field.name not in given]
    if missing:
        raise msgspec.ValidationError(f"{kind.__name__} lacks {', '.join(missing)}")
    return kind(**{field.name: _build(given[field.name], field.type) for field in known})


@functools.cache
def _fields(kind: type[Struct]) -> tuple[FieldInfo, ...]:
    return fields(kind)
