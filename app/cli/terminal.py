"""Write results on standard output, everything else on standard error."""

import os
import sys
import unicodedata
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, TextIO

import click
import msgspec
from rich.console import Console
from rich.text import Text

from app.domain.counts import plural

# Standard output opened for reading: each write fails, so a lost result is never a success.
STREAMS = (("stdin", 0, os.O_RDONLY), ("stdout", 1, os.O_RDONLY), ("stderr", 2, os.O_WRONLY))


class Screen(Console):
    """A console that lets a closed pipe end the command."""

    def on_broken_pipe(self) -> None:
        """Raise what the group turns into an exit code."""
        raise BrokenPipeError


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


# Titles, quotes and error messages come from elsewhere: nothing in them is markup.
# A pipe has no width: what reads it wants whole ids and titles.
out = Screen(markup=False, highlight=False, emoji=False, width=None if _is_terminal(sys.stdout) else 400)
err = Screen(stderr=True, markup=False, highlight=False, emoji=False)


def mend_streams() -> None:
    """Open the streams that are closed, and let each take any character.

    Writing to a closed standard output fails as on a full disk. One that was closed on purpose is not
    replaced by another file that happens to get its number.
    """
    for name, number, flags in STREAMS:
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - for as long as the process runs
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_output(number: int) -> None:
    """Discard the rest of a standard stream.

    It would fail again at exit.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def complain(message: str) -> None:
    """One red line on standard error."""
    line(Text(harmless(message).replace("\n", " "), style="red"))


def line(text: str | Text) -> None:
    """Write a line on standard error.

    Only a narrow terminal may wrap it.
    """
    err.print(text, soft_wrap=True)


def one_of(names: Sequence[str]) -> str:
    """List what an option takes, where brackets would be too wide."""
    return f"{', '.join(names[:-1])} or {names[-1]}."


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number of things, its thousands apart."""
    return f"{number:,} {plural(number, one, several)}"


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """A value as one line of JSON on standard output."""
    click.echo(msgspec.json.encode(value))


def is_interactive() -> bool:
    """True where a person watches and can answer."""
    return all(_is_terminal(stream) for stream in (sys.stdin, sys.stdout, sys.stderr))


def harmless(text: str) -> str:
    """Return text without the characters that steer a terminal.

    Line ends and tabs stay.
    """
    return "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))
