"""Read files as documents: one, or those in an archive.

One bad file never stops the others, in a folder as in an archive.
"""

from pathlib import Path
from urllib.parse import quote

from app.errors import BadDocument
from app.ingest.archives import ARCHIVES, plain_name
from app.ingest.extracted import ExtractedDocument, FileRead, tidy_title, told
from app.ingest.kinds import ENDINGS, SNIFFED_START, FileFormat, format_of
from app.text import formats
from app.text.charset import is_binary, is_sure
from app.text.formats import tidy

MAX_ARCHIVE = 1_000_000_000  # bytes of a .zip, .gz or .mbox
MAX_ARCHIVE_TEXT = 20_000_000  # characters of all documents of one archive
NOT_SURE = "The file does not say its character set, so it was guessed. Look whether its words are right."
NO_SUCH_FILE = "File not found; check the path."


def read_file(path: Path, url: str = "", name: str = "") -> FileRead:
    """Read the documents of a file. Errors are in the answer.

    `url` and `name` stand in for those of the path.
    """
    url, label = url or path.resolve().as_uri(), name or str(path)
    read = FileRead()
    try:
        if Path(label).suffix.lower() in ARCHIVES:
            _read_archive(path, url, label, read)
        else:
            read.documents.append(_document(path, url, Path(label).name))
    except BadDocument as error:
        read.failed.append(f"{label}: {error}")
    return read


def document(path: Path) -> ExtractedDocument:
    """Read a file as one document, whose url is the file's.

    Raises BadDocument, which names the file and says what to do.
    """
    try:
        return _document(path, path.resolve().as_uri(), path.name)
    except BadDocument as error:
        raise BadDocument(f"{path}: {error}") from error


def _document(path: Path, url: str, name: str) -> ExtractedDocument:
    _require_file(path)
    known = format_of(name, b"" if Path(name).suffix else _body(path, SNIFFED_START))
    if known is None:
        raise BadDocument(f"This format is not supported: convert it to one of {', '.join(ENDINGS)}.")
    body = _body(path, known.most + 1)
    if len(body) > known.most:
        raise BadDocument(f"It is larger than {known.most // 1_000_000} MB: split it.")
    return _extracted(body, url, name, known)


def _require_file(path: Path) -> None:
    """Refuse a pipe or a device, which would never end."""
    if not path.is_file():
        raise BadDocument(NO_SUCH_FILE)


def _body(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise BadDocument(f"It cannot be opened ({error.strerror}): check its permissions.") from error


def _extracted(body: bytes, url: str, name: str, known: FileFormat) -> ExtractedDocument:
    if not body:
        raise BadDocument("It is empty: leave it out.")
    try:
        extract = known.read(body)
    except (BadDocument, MemoryError):
        raise
    except Exception as error:  # a broken file makes a parser raise anything
        raise BadDocument(f"It cannot be read as {known.name} ({error}): save it again.") from error
    if not extract.text.strip():
        raise BadDocument("It contains no text: leave it out.")
    if known.is_text and is_binary(extract.text):
        raise BadDocument("It is no text, whatever its name says: leave it out, or name it by its format.")
    if len(extract.text) > formats.MAX_TEXT:
        raise BadDocument(f"It has more than {formats.MAX_TEXT:,} characters: split it.")
    note = NOT_SURE if known.is_text and not is_sure(body) else ""
    title = tidy_title(extract.title) or name
    return ExtractedDocument(url, title, tidy(extract.text), told(extract.metadata), note)


def _read_archive(path: Path, url: str, label: str, read: FileRead) -> None:
    """Add the documents of an archive, and the failures.

    Raises BadDocument.
    """
    _require_file(path)
    if path.stat().st_size > MAX_ARCHIVE:
        raise BadDocument(f"It is larger than {MAX_ARCHIVE // 1_000_000} MB: split it.")
    size = 0
    for member, body in ARCHIVES[Path(label).suffix.lower()](path):
        place = plain_name(member or Path(label).stem)  # the path may be that of a temporary file
        try:
            found = _member(body, f"{url}!/{quote(place)}", place)
        except BadDocument as error:
            read.failed.append(f"{label}!/{place}: {error}")
            continue
        if found is None:
            read.skipped.append(f"{label}!/{place}")
            continue
        size += len(found.text)
        if size > MAX_ARCHIVE_TEXT:
            raise BadDocument(f"It holds more than {MAX_ARCHIVE_TEXT:,} characters of text: split it.")
        read.documents.append(found)


def _member(body: bytes | BadDocument, url: str, place: str) -> ExtractedDocument | None:
    """Read a file of an archive.

    None where its format is not supported.
    """
    if isinstance(body, BadDocument):
        raise body
    name = Path(place).name
    known = format_of(name, body[:SNIFFED_START])
    return _extracted(body, url, name, known) if known else None
