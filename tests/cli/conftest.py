"""One home for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.cli.terminal import Terminal
from tests.folders import passable_folder


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    """Run commands in a terminal whose folder Postgres' user can enter.

    pytest's own folder is closed to that user.
    """
    with passable_folder("dossier-cli-") as folder:
        terminal = Terminal(folder / "home")
        yield terminal
        terminal.close()
