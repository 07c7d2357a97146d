"""A file `.env` that cannot be used is refused in a sentence."""

import os
from pathlib import Path

import pytest

from app.env_file import MAX_BYTES, read_env_file
from app.errors import BadSetting


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("A=1\n".encode("utf-16"), "is not UTF-8 text"),
        ("A=1\n".encode("utf-16-le"), "is not UTF-8 text"),
        ("A=é\n".encode("latin-1"), "is not UTF-8 text"),
        (b"A=1\n# more\n'B=2\n", "line 3: write NAME=value"),
        (b"#" * (MAX_BYTES + 1), "is longer than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_not_one_of_settings_is_refused(tmp_path: Path, body: bytes, says: str) -> None:
    path = tmp_path / ".env"
    path.write_bytes(body)

    with pytest.raises(BadSetting, match=says) as refused:
        read_env_file(path)
    assert str(refused.value).startswith(str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.touch(mode=0)

    with pytest.raises(BadSetting, match="cannot be read: Permission denied"):
        read_env_file(path)


def test_a_file_that_fails_to_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.symlink_to("/proc/self/mem")  # it opens, and reading its beginning fails

    with pytest.raises(BadSetting, match="cannot be read: Input/output error"):
        read_env_file(path)


@pytest.mark.parametrize("body", [b"\xef\xbb\xbfA=1\n", b"A=1\r\n", b"export A='1'\n", b"# A\n\nA=1"])
def test_what_editors_write_is_read(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / ".env"
    path.write_bytes(body)

    assert read_env_file(path) == {"A": "1"}


def test_no_file_and_a_folder_are_no_settings(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == read_env_file(tmp_path) == {}
