"""A key and its address come from the same place."""

from pathlib import Path
from typing import get_type_hints

import pytest
from click.testing import CliRunner
from msgspec.structs import fields

from app.errors import BadSetting
from app.settings import SENT_TO, Key, Settings, env_path, key_environment, load_settings

VALUES = {
    "DATABASE_URL": "postgresql://evil.example/x",
    "DOSSIER_LISTEN_URL": "postgresql://evil.example/x",
    "DATABASE_URL_READ": "postgresql://evil.example/x",
    "DATABASE_URL_REPORT": "postgresql://evil.example/x",
    "PGPASSWORD": "secret-word",
    "DOSSIER_OIDC_ISSUER": "https://evil.example/v1",
}


def value(name: str) -> str:
    return VALUES.get(name, "https://evil.example/v1" if name.endswith("URL") else "secret-word")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder without settings, and an environment without them."""
    monkeypatch.chdir(tmp_path)
    for name in ("DOSSIER_ENV_FILE", "DOSSIER_MODELS", *(name for pair in SENT_TO for name in pair)):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(("address", "key"), SENT_TO)
@pytest.mark.parametrize("in_file", [0, 1])
def test_a_key_and_its_address_from_two_places_are_refused(folder, monkeypatch, address, key, in_file):
    pair = (address, key)
    (folder / ".env").write_text(f"{pair[in_file]}={value(pair[in_file])}\n")
    monkeypatch.setenv(pair[1 - in_file], value(pair[1 - in_file]))

    with pytest.raises(BadSetting, match="Set both in one place") as refused:
        load_settings()

    assert str(folder / ".env") in str(refused.value)
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize(("address", "key"), SENT_TO)
def test_both_from_one_place_are_taken(folder, monkeypatch, address, key):
    (folder / ".env").write_text(f"{address}={value(address)}\n{key}={value(key)}\n")
    load_settings()
    monkeypatch.setenv(address, value(address))
    monkeypatch.setenv(key, value(key))
    load_settings()


def test_a_key_that_the_environment_overrides_counts_as_the_environment_s(folder, monkeypatch):
    (folder / ".env").write_text("OPENAI_BASE_URL=https://evil.example/v1\nOPENAI_API_KEY=of-the-file\n")
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-environment")
    with pytest.raises(BadSetting, match="Set both in one place"):
        load_settings()


def test_another_file_or_none_is_read_where_the_environment_says_so(folder, monkeypatch):
    (folder / ".env").write_text("DOSSIER_MODEL=here\nDOSSIER_ENV_FILE=ignored\n")
    other = folder / "other"
    other.write_text("DOSSIER_MODEL=there\n")
    assert (load_settings().model, env_path()) == ("here", folder / ".env")

    monkeypatch.setenv("DOSSIER_ENV_FILE", str(other))
    assert (load_settings().model, env_path()) == ("there", other)
    monkeypatch.setenv("DOSSIER_ENV_FILE", "none")
    assert (load_settings().model != "here", env_path()) == (True, None)
    monkeypatch.setenv("DOSSIER_ENV_FILE", str(folder / "missing"))
    with pytest.raises(BadSetting, match="does not exist"):
        load_settings()


def test_a_file_that_names_the_models_names_their_keys(folder, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "of-the-environment")
    assert key_environment()["GROQ_API_KEY"] == "of-the-environment"

    (folder / ".env").write_text("DOSSIER_MODELS=models.toml\nOWN_KEY=of-the-file\n")
    assert key_environment() == {"DOSSIER_MODELS": "models.toml", "OWN_KEY": "of-the-file"}

    monkeypatch.setenv("DOSSIER_MODELS", "mine.toml")
    assert key_environment()["GROQ_API_KEY"] == "of-the-environment"


def test_a_process_says_which_file_it_read_before_anything_else(folder):
    from app.cli.serving import worker

    (folder / ".env").write_text("DATABASE_URL=postgresql://127.0.0.1:1/none\n")
    said = CliRunner().invoke(worker)
    assert said.stderr.startswith(f"Settings are also read from {folder / '.env'}")


def test_every_key_is_bound_to_an_address():
    hints = get_type_hints(Settings, include_extras=True)
    keys = {one.encode_name for one in fields(Settings) if hints[one.name] == Key}
    assert keys == {key for _, key in SENT_TO} - {"PGPASSWORD"}
