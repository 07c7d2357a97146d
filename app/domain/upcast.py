"""Reading a stored event of any version ever shipped as today's struct."""

from collections.abc import Callable
from typing import Any

import msgspec

from app.domain.events import EVENT_TYPES, Event, Unrecognised

# (type, version) -> the same event one version later; applied until today's version is reached.
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("job_completed", 1): lambda fields: fields,  # only its line changed
}

_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in EVENT_TYPES.items()}


def load(type_: str, version: int, data: str | bytes) -> Event:
    """Decode stored `data`.

    An unknown type or a newer version comes back as `Unrecognised`.

    Raises msgspec.ValidationError where the stored text does not fit its own version.
    """
    kind = EVENT_TYPES.get(type_)
    if kind is None or version > kind.schema_version:
        return Unrecognised(type_, version, msgspec.Raw(data if isinstance(data, bytes) else data.encode()))
    if version == kind.schema_version:
        event: Event = _DECODERS[type_].decode(data)
        return event
    return _lift(type_, version, msgspec.json.decode(data))


def load_sent(type_: str, data: bytes) -> Event:
    """Decode an event as readers get it, without its version.

    What does not fit becomes `Unrecognised`.
    """
    version = EVENT_TYPES[type_].schema_version if type_ in EVENT_TYPES else 0
    try:
        return load(type_, version, data)
    except msgspec.ValidationError:
        return Unrecognised(type_, version, msgspec.Raw(data))


def _lift(type_: str, version: int, fields: dict[str, Any]) -> Event:
    kind = EVENT_TYPES[type_]
    for step in range(version, kind.schema_version):
        fields = UPCASTERS[type_, step](fields)
    event: Event = msgspec.convert(fields, kind)
    return event
