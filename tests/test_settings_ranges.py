"""Each range in docs/settings.md is the one that settings are held to."""

import re
from pathlib import Path

import pytest
from msgspec.inspect import FloatType, IntType, type_info
from msgspec.structs import fields

from app.errors import BadSetting
from app.settings import Settings, load_settings

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"
RANGES = re.findall(r"^\| `(\w+)` \|[^|]*\| \w+, ([\d.]+) to ([\d.]+) \|", DOCS.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_a_setting_is_held_to_its_documented_range(name: str, low: str, high: str) -> None:
    for good in (low, high):
        load_settings({name: good})
    for bad in ("-1", str(float(low) - 0.001), str(float(high) * 1.01), "nan", "inf", "1e999", "banana"):
        with pytest.raises(BadSetting, match=f"^{name}: .*allowed are"):
            load_settings({name: bad})


def test_every_number_among_the_settings_has_a_range() -> None:
    numbers = {
        field.encode_name
        for field in fields(Settings)
        if isinstance(type_info(field.type), IntType | FloatType)
    }

    assert {name for name, _, _ in RANGES} == numbers
