"""Read the file `.env` of the current folder."""

import io
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from app.errors import BadSetting

MAX_BYTES = 1_000_000
NOT_UTF_8 = "is not UTF-8 text, but UTF-16 perhaps: save it as UTF-8."


def read_env_file(path: Path) -> Mapping[str, str]:
    """Return the variables of a file, or none without a file.

    Raises BadSetting saying what is wrong with the file.
    """
    text = _text(path)
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise BadSetting(
                f"{path}, line {binding.original.line}: write NAME=value, or # before a comment."
            )
    return {name: value or "" for name, value in dotenv_values(stream=io.StringIO(text)).items()}


def _text(path: Path) -> str:
    body = _body(path)
    if len(body) > MAX_BYTES:
        raise BadSetting(f"{path} is longer than {MAX_BYTES:,} bytes: is it the right file?")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path} {NOT_UTF_8}") from error
    if "\0" in text:
        raise BadSetting(f"{path} {NOT_UTF_8}")
    return text


def _body(path: Path) -> bytes:
    """Return the beginning of a file.

    A folder, such as a virtual environment, is not one.
    """
    try:
        if not path.exists() or path.is_dir():
            return b""
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}. Let this user read it.") from error
