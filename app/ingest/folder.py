"""Which files of a folder are read, and which are passed over."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.ingest.archives import ARCHIVES
from app.ingest.kinds import SNIFFED_START, format_of


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that `paths` name, once, by folder order.

    A folder is searched to its bottom for the formats that can be read. Hidden files and folders in
    it are passed over, and so is a link that leads out of it. A file that is named itself is always
    given back, so that a wrong name is reported and not lost.
    """
    seen = set[Path]()
    for path in sorted(paths):
        for found in _walk(path) if path.is_dir() else (path,):
            real = found.resolve()
            if real not in seen:
                seen.add(real)
                yield found


def passed_over(paths: Iterable[Path]) -> list[Path]:
    """Return the files of unsupported formats in folders."""
    return [
        path
        for folder in sorted(paths)
        if folder.is_dir()
        for path in _all_files(folder)
        if not path.name.startswith(".") and not _is_wanted(path)
    ]


def _walk(folder: Path) -> Iterator[Path]:
    return (path for path in _all_files(folder) if _is_wanted(path))


def _all_files(folder: Path) -> Iterator[Path]:
    top = folder.resolve()
    for parent, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and path.resolve().is_relative_to(top):
                yield path


def _is_wanted(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return path.suffix.lower() in ARCHIVES or format_of(path.name, _start(path)) is not None


def _start(path: Path) -> bytes:
    """Return how a file without an ending begins."""
    if path.suffix:
        return b""
    try:
        with path.open("rb") as stream:
            return stream.read(SNIFFED_START)
    except OSError:
        return b"?"  # so that it is tried, and the reason is said
