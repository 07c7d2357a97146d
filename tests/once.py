"""What a process does once, done once in a test process, which starts hundreds of servers and clients.

Import `once` into a conftest. Copies that the fork server makes share TLS contexts too.
"""

import ssl

import pytest

from app import wiring
from tests import tls


@pytest.fixture(scope="session", autouse=True)
def once():
    """Share httpx's TLS context, and leave the garbage collector as it is, 70 ms a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", tls.sharing())
        patch.setattr(wiring, "settle", lambda: None)
        yield
