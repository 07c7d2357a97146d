"""Write results on standard output, everything else on standard error."""

import sys
import unicodedata
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.text import Text

# Titles, quotes and error messages come from elsewhere: nothing in them is markup.
# A pipe has no width: what reads it wants whole ids and titles.
out = Console(markup=False, highlight=False, emoji=False, width=None if sys.stdout.isatty() else 400)
err = Console(stderr=True, markup=False, highlight=False, emoji=False)

# Exit codes; 2 is click's, for a command line that it cannot read.
FAILED = 1
CANCELLED = 3
NOT_FOUND = 4
NOT_RESEARCHED = 5
INTERRUPTED = 130  # as a shell has it: 128 + SIGINT


def complain(message: str) -> None:
    """One red line on standard error."""
    line(Text(harmless(message).replace("\n", " "), style="red"))


def line(text: str | Text) -> None:
    """Write a line on standard error.

    Only a narrow terminal may wrap it.
    """
    err.print(text, soft_wrap=True)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """A value as one line of JSON on standard output."""
    click.echo(msgspec.json.encode(value))


def is_interactive() -> bool:
    """True where a person watches and can answer."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def harmless(text: str) -> str:
    """Return text without the characters that steer a terminal.

    Line ends and tabs stay.
    """
    return "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))
