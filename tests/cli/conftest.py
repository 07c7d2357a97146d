"""One home for the tests of a file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    """Not in pytest's own folder: another session of tests shuts that to the user whom Postgres runs as."""
    with tempfile.TemporaryDirectory(prefix="dossier-cli-", ignore_cleanup_errors=True) as folder:
        terminal = Terminal(Path(folder) / "home")
        yield terminal
        terminal.close()
