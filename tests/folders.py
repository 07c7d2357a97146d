"""Temporary folders that the user of the embedded Postgres can pass."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def passable_folder(prefix: str) -> Iterator[Path]:
    """Make this run's own folder, which Postgres' user can enter.

    As root, Postgres runs as another user and keeps its data there.
    """
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
