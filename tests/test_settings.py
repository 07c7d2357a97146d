"""Each setting in docs/settings.md is what settings are held to."""

import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from app.errors import BadSetting
from app.settings import Settings, load_settings, names_without_meaning

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"
ROWS = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", DOCS.read_text(), re.MULTILINE)
RANGE = re.compile(r"\w+, ([\d.]+) to ([\d.]+)")
RANGES = [(name, *found.groups()) for name, _, unit in ROWS if (found := RANGE.fullmatch(unit))]
CHOICES = [(name, re.findall(r"`(\w+)`", unit)) for name, _, unit in ROWS if unit.startswith("`")]
# What each unit refuses; `{}` is a folder of the test with a file in it.
NONSENSE = {
    "URL": [
        "nonsense",
        "ftp://h/",
        "http://",
        "http:// h",
        "http://h\x00",
        "http://[",
        "\ud800",
    ],
    "folder": ["{}/file", "{}/file/under", "~nobody-here/x", "a\x00b", "x" * 5000, "\n"],
    "path": ["{}", "{}/none/x", "~nobody-here/x", "a\x00b", "x" * 5000, " "],
    "key": ["two words", "line\nbreak", "schlüssel", "\x7f"],
    "master key": ["short", "A" * 43, "A" * 44, "ä" * 44, "two words"],
    "hosts": [" ", "http://h", "h/path", "h:port", "a,b", "h\x00"],
    "host": [" ", "http://h", "h/path", "a b", "h\x00"],
    "root path": [" ", "dossier", "/", "//h", "/a//b", "/../b", "/a?b", "/a b", '/a"b', "/<b>", "/a" * 9],
    "origins": [" ", "h", "ftp://h", "http://h/path", "http://h:x", "http://h,,http://i", "http://h\x00"],
    "private hosts": [" ", "http://h", "h/path", "a b", "a,,b", "h\x00"],
    "text": ["a\x00b", "a\x7f", "x" * 501],
    "names": [" ", "a\nb"],
    "name": [" ", "a\x00b", "a\nb", "\udcff"],
}


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_a_number_is_held_to_its_documented_range(name: str, low: str, high: str) -> None:
    for good in (low, high):
        load_settings({name: good})
    for bad in ("-1", str(float(low) - 0.001), str(float(high) * 1.01), "nan", "inf", "1e999", "banana"):
        with pytest.raises(BadSetting, match=f"^{name}: .*allowed are"):
            load_settings({name: bad})


@pytest.mark.parametrize(("name", "choices"), CHOICES)
def test_a_choice_is_held_to_its_documented_values(name: str, choices: list[str]) -> None:
    for good in choices:
        load_settings({name: good})
    for bad in ("banana", "1", "true", *(f"{good}x" for good in choices)):
        with pytest.raises(BadSetting, match=f"^{name}: .*allowed are {', '.join(sorted(choices))}\\.$"):
            load_settings({name: bad})


@pytest.mark.parametrize(
    ("name", "bad"), [(name, bad) for name, _, unit in ROWS for bad in NONSENSE.get(unit, ())]
)
def test_a_text_that_makes_no_sense_is_refused_by_name(tmp_path: Path, name: str, bad: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadSetting, match=f"^{name} ") as refused:
        load_settings({name: bad.format(tmp_path)})
    assert len(bad) < 9 or bad not in str(refused.value)  # a value may be a secret


def test_every_setting_is_documented_with_its_default_and_checked() -> None:
    defaults = {one.encode_name: str(one.default) or "none" for one in fields(Settings)}

    assert {name: default.strip("`") for name, default, _ in ROWS} == defaults
    checked = {name for name, _, unit in ROWS if unit in NONSENSE}
    assert checked | {name for name, *_ in (*RANGES, *CHOICES)} == defaults.keys()


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("DATABASE_URL", "postgres://u:p%40@h1:1,h2:2/db?sslmode=require"),
        ("DATABASE_URL", "postgresql+asyncpg:///db?host=/tmp"),
        ("DOSSIER_URL", "https://u:p@[::1]:8000/under/"),
        ("OPENAI_BASE_URL", "http://localhost:11434/v1"),
        ("DOSSIER_HOME", "{}/new/folder"),
        ("DOSSIER_PRICES", "{}/a file"),
        ("DOSSIER_CHECKPOINT_FILE", "{}/new"),
        ("DOSSIER_CHECKPOINT_FILE", "/dev/null"),
        ("DOSSIER_MODEL", "qwen3:0.6b"),
        ("DOSSIER_LOG_LEVEL", "debug"),
        ("DOSSIER_LOG_LEVEL", ""),
    ],
)
def test_what_makes_sense_is_taken(tmp_path: Path, name: str, good: str) -> None:
    (tmp_path / "a file").touch()

    load_settings({name: good.format(tmp_path)})


def test_a_password_in_a_providers_address_is_refused_and_not_repeated() -> None:
    for name in ("OPENAI_BASE_URL", "TAVILY_BASE_URL"):
        with pytest.raises(BadSetting, match=f"^{name} must be .* without a user and a password") as refused:
            load_settings({name: "https://me:hunter2@example.com"})
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("DOSSIER_LEASE_SECOND", "DOSSIER_LEASE_SECONDS"),
        ("DOSSIER_LOGLEVEL", "DOSSIER_LOG_LEVEL"),
        ("DOSSIER_MODLE", "DOSSIER_MODEL"),
        ("DOSSIER_URI", "DOSSIER_URL"),
        ("DOSSIER_DATABASE_URL", "DATABASE_URL"),
        ("DOSSIER_OPENAI_API_KEY", "OPENAI_API_KEY"),
    ],
)
def test_a_misspelt_name_is_answered_with_what_was_meant(slip: str, meant: str) -> None:
    with pytest.raises(BadSetting, match=f"^{slip} is not a setting. Did you mean {meant}\\?$"):
        load_settings({slip: "1"})


def test_names_that_are_no_slips_are_left_alone_and_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOSSIER_PORT", "DOSSIER_PORT_8000_TCP", "DOSSIER_SERVICE_HOST", "DOSSIER_FLAVOUR"):
        monkeypatch.setenv(name, "1")

    load_settings()

    assert names_without_meaning() == ["DOSSIER_FLAVOUR"]


def test_no_setting_is_described_twice() -> None:
    names = [name for name, *_ in ROWS]

    assert sorted(names) == sorted(set(names))
