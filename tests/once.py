"""Do once in a test process what each process does once.

It starts hundreds of servers and clients. Import `once` into a conftest. Copies that the fork server makes
share TLS contexts too.
"""

import os
import ssl
from pathlib import Path

import asyncpg
import pytest

from app import wiring
from tests import apps, ready_clusters, tls, types_known


@pytest.fixture(scope="session", autouse=True)
def once():
    """Share what servers can reuse, and leave the collector alone."""
    with pytest.MonkeyPatch.context() as patch:
        ready_clusters.keep_in(Path(os.environ[ready_clusters.FOLDER]))
        patch.setattr(ssl, "create_default_context", tls.sharing())
        patch.setattr(asyncpg.Connection, "_introspect_types", types_known.remembering())
        patch.setattr(wiring, "make_app", apps.take)
        patch.setattr(wiring, "settle", lambda: None)
        yield
        ready_clusters.keep_in(None)
