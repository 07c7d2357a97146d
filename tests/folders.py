"""Temporary folders that the user of the embedded Postgres can pass."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def passable_folder(prefix: str) -> Iterator[Path]:
    """A folder of this run's own; as root, its Postgres runs as somebody else, and has its data in it."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
