"""Pack and install the package once, and serve it without long waits."""

import pytest

from tests.readers import conftest as readers
from tests.typescript.package import installed, without_package

quick = readers.quick
successor = readers.successor


@pytest.fixture(scope="session")
def user(tmp_path_factory):
    """A project that has the client as its only dependency."""
    if reason := without_package():
        pytest.skip(reason)
    return installed(tmp_path_factory.mktemp("typescript"))
