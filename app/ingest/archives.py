"""Read the files in a .zip, .gz or .mbox one by one.

Nothing is unpacked to the disk, and no archive inside an archive is opened.
"""

import gzip
import posixpath
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import BadDocument
from app.ingest import mail
from app.ingest.packages import Package

MAX_MEMBER = 20_000_000  # bytes of one file, unpacked
MAX_TOTAL = 400_000_000  # bytes of all files, unpacked

Member = tuple[str, bytes | BadDocument]


def zip_members(path: Path) -> Iterator[Member]:
    """Yield the files of a zip by their names. Raises BadDocument."""
    with path.open("rb") as stream:
        package, left = Package(stream), MAX_TOTAL
        for name in package.names:
            if _is_hidden(name):
                continue
            try:
                body: bytes | BadDocument = package.read(name, min(MAX_MEMBER, left))
            except BadDocument as error:
                body = error
            left -= MAX_MEMBER if isinstance(body, BadDocument) else len(body)
            yield name, body
            if left <= 0:
                raise BadDocument(f"It holds more than {MAX_TOTAL // 1_000_000} MB: split it.")


def _is_hidden(name: str) -> bool:
    """Return whether a folder would pass this file over."""
    parts = [part for part in name.split("/") if part not in {".", ".."}]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def gzip_member(path: Path) -> Iterator[Member]:
    """Yield the file in a gzip, without a name."""
    try:
        with gzip.open(path) as stream:
            body = stream.read(MAX_MEMBER + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadDocument(f"It cannot be unpacked ({error}): save it again.") from error
    if len(body) > MAX_MEMBER:
        raise BadDocument(f"It is larger than {MAX_MEMBER // 1_000_000} MB unpacked: split it.")
    yield "", body


def mailbox_members(path: Path) -> Iterator[Member]:
    """Yield the messages of a mailbox, as files of the format .eml."""
    with path.open("rb") as stream:
        for number, body in mail.messages(stream):
            yield f"{number}.eml", body


ARCHIVES: dict[str, Callable[[Path], Iterator[Member]]] = {
    ".zip": zip_members,
    ".gz": gzip_member,
    ".mbox": mailbox_members,
}


def plain_name(name: str) -> str:
    """Return a name in an archive without what leads out of it."""
    return posixpath.normpath("/" + name.replace("\\", "/").replace("\0", "")).lstrip("/")
