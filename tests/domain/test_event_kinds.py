"""Each event type has a row with all that must be known."""

import msgspec
import pytest

from app.domain import events as e
from app.domain.event_kinds import EVENT_KINDS, blobs_named

NO_BLOBS = {"request_sha256"}  # names of hashes whose text is not kept as a blob


def test_each_event_type_has_a_row_and_each_row_an_event_type():
    assert {name: kind.event for name, kind in EVENT_KINDS.items()} == e.EVENT_TYPES


@pytest.mark.parametrize("kind", EVENT_KINDS.values(), ids=lambda kind: kind.name)
def test_each_field_that_holds_a_hash_is_said_to_name_a_blob(kind):
    hashes = {name for name in kind.event.__struct_fields__ if name.endswith("sha256")}

    assert {field.name for field in kind.blobs} == hashes - NO_BLOBS


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("model", {"in", "prompt"}),
        ("judge", {"in", "prompt"}),
        ("embed", {"in", "prompt"}),
        ("search", {"prompt"}),
        ("read", {"prompt"}),
    ],
)
def test_only_what_models_are_asked_is_kept(asked, names):
    requested = e.CallRequested("1/x/1", asked, "p", "in", "about", prompt_sha256="prompt")

    named = blobs_named(requested.type, msgspec.json.encode(requested).decode())

    assert {name for name, _ in named} == names


def test_an_event_of_a_newer_version_names_no_blob():
    assert list(blobs_named("job_praised", '{"sha256":"x"}')) == []
