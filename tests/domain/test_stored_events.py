"""Every event ever shipped still loads, and means what it meant.

Each file is `<type>.v<version>.json`: the text as it was stored. Files are only ever added.
"""

import json
from pathlib import Path

import pytest

from app.domain import events as e
from app.domain.upcast import load

FOLDER = Path(__file__).parent / "stored_events"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_event_loads_for_ever(path):
    type_, _, version = path.stem.partition(".v")

    event = load(type_, int(version), path.read_text())

    assert type(event) is e.EVENT_TYPES[type_]
    assert _holds(json.loads(path.read_text()), event)


def test_every_event_and_version_has_a_stored_example():
    expected = {
        f"{name}.v{version}"
        for name, kind in e.EVENT_TYPES.items()
        for version in range(1, kind.schema_version + 1)
    }

    assert {path.stem for path in FILES} == expected


def _holds(stored: dict[str, object], event: object) -> bool:
    """Say whether every stored field is in what was loaded."""
    import msgspec

    loaded = json.loads(msgspec.json.encode(event))
    return all(loaded.get(name) == value for name, value in stored.items())
