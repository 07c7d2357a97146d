"""Read files as documents: which ones count, and what fails.

One bad file never stops the others: `documents` hands its error out in the file's place.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from app.errors import BadDocument
from app.text import formats
from app.text.formats import tidy

MAX_FILE = 20_000_000  # bytes; a larger one is an archive, not a text
MAX_DOCUMENT_TITLE = 300  # characters

FORMATS: dict[str, Callable[[bytes], formats.Extract]] = {
    ".txt": formats.from_plain,
    ".md": formats.from_markdown,
    ".rst": formats.from_restructured,
    ".html": formats.from_html,
    ".htm": formats.from_html,
    ".pdf": formats.from_pdf,
}


class ExtractedDocument(Struct, frozen=True):
    """A text with an address and a title, ready for the corpus."""

    url: str
    title: str
    text: str


def documents(paths: Iterable[Path]) -> Iterator[ExtractedDocument | BadDocument]:
    """Yield files' documents, or the error of an unreadable one."""
    for path in files(paths):
        try:
            yield document(path)
        except BadDocument as error:
            yield error


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


def passed_over(paths: Iterable[Path]) -> dict[str, int]:
    """Count the files of unsupported formats in folders, by ending."""
    counts = Counter(
        path.suffix.lower() or "without ending"
        for folder in paths
        if folder.is_dir()
        for path in _all_files(folder)
        if not path.name.startswith(".") and not _wanted(path)
    )
    return dict(sorted(counts.items()))


def _walk(folder: Path) -> Iterator[Path]:
    return (path for path in _all_files(folder) if _wanted(path))


def _all_files(folder: Path) -> Iterator[Path]:
    top = folder.resolve()
    for parent, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and path.resolve().is_relative_to(top):
                yield path


def _wanted(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() in FORMATS


def document(path: Path) -> ExtractedDocument:
    """Read a file as a document, whose url is the file's.

    Raises BadDocument, which names the file and says what to do.
    """
    try:
        extract = _extracted(path)
    except BadDocument as error:
        raise BadDocument(f"{path}: {error}") from error
    return ExtractedDocument(
        path.resolve().as_uri(), tidy_title(extract.title) or path.name, tidy(extract.text)
    )


def _extracted(path: Path) -> formats.Extract:
    if not path.exists():
        raise BadDocument("File not found; check the path.")
    read = FORMATS.get(path.suffix.lower())
    if read is None:
        raise BadDocument(f"This format is not supported: convert it to one of {', '.join(FORMATS)}.")
    body = _body(path)
    try:
        extract = read(body)
    except BadDocument:
        raise
    except Exception as error:  # a broken file makes a parser raise anything
        raise BadDocument(f"It cannot be read as {path.suffix} ({error}): save it again.") from error
    return _bounded(extract)


def _body(path: Path) -> bytes:
    """Read a regular file.

    A pipe or device would never end.
    """
    if not path.is_file():
        raise BadDocument("File not found; check the path.")
    try:
        with path.open("rb") as stream:
            body = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise BadDocument(f"It cannot be opened ({error.strerror}): check its permissions.") from error
    if len(body) > MAX_FILE:
        raise BadDocument(f"It is larger than {MAX_FILE // 1_000_000} MB: split it.")
    return body


def _bounded(extract: formats.Extract) -> formats.Extract:
    if not extract.text.strip():
        raise BadDocument("It contains no text: leave it out.")
    if len(extract.text) > formats.MAX_TEXT:
        raise BadDocument(f"It has more than {formats.MAX_TEXT:,} characters: split it.")
    return extract


def tidy_title(title: str) -> str:
    """A title on one line."""
    return " ".join(tidy(title).split())[:MAX_DOCUMENT_TITLE]
