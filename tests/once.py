"""What a process does once, done once in a test process, which starts hundreds of servers and clients.

Import `once` into a conftest. Processes that a test starts are not covered.
"""

import functools
import ssl

import certifi
import pytest

from app import wiring


@pytest.fixture(scope="session", autouse=True)
def once():
    """Share httpx's TLS context, 40 ms a client, and leave the garbage collector as it is, 70 ms a server."""
    make = ssl.create_default_context
    usual = {"cafile": certifi.where()}
    shared = functools.cache(lambda: make(**usual))

    def create(*purpose, **where):
        return shared() if not purpose and where == usual else make(*purpose, **where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", create)
        patch.setattr(wiring, "settle", lambda: None)
        yield
