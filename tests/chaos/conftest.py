"""Start processes over the test's database that never outlive the test."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.processes import Fleet


@pytest.fixture
async def fleet(database_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Real processes, none of which is started yet."""
    fleet = Fleet(database_url, tmp_path)
    yield fleet
    fleet.stop()


@pytest.fixture(autouse=True)
def nothing_essential_dies() -> Iterator[None]:
    """Fail only this test if a part of a house dies.

    Elsewhere that ends the process, and here it is the one that runs all tests.
    """
    ends = []
    before = signal.signal(signal.SIGTERM, lambda *_: ends.append("SIGTERM"))
    yield
    signal.signal(signal.SIGTERM, before)
    assert not ends, "A part of a house in this process died, or somebody wants the tests to end."
