"""What docs/reliability.md says about bounds names what is really there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from app.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
SECTION = TEXT.partition("## Failing well")[2].partition("\n## ")[0]
NAMES = re.findall(r"`(app(?:\.\w+)+)\.([A-Z_]+)`", SECTION)
KNOBS = re.findall(r"`(DOSSIER_[A-Z_]+)`", SECTION)


def test_the_section_names_bounds():
    assert len(NAMES) > 40
    assert len(KNOBS) > 4


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_bound_is_there_and_bounds_something(module, name):
    assert getattr(import_module(module), name)


@pytest.mark.parametrize("knob", KNOBS)
def test_a_setting_is_there(knob):
    assert knob in {field.encode_name for field in __import__("msgspec").structs.fields(Settings)}
