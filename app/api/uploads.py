"""Receive a form with a file, bounded, onto the disk."""

import contextlib
import hashlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

from litestar import Request
from msgspec import Struct, field
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from app.api.problem_details import BadRequest
from app.store.originals import UploadedFile

FORM = "multipart/form-data"
MAX_FIELDS = 200_000  # bytes of all fields that are no file
MAX_PARTS_OF_FORM = 300
MAX_FILE_NAME = 255  # characters
BOUNDARY = "boundary="
FILE_ADVICE = "The operator sets it: DOSSIER_MAX_UPLOAD."


class UploadForm(Struct):
    """The fields of a form, and its file."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file: UploadedFile | None = None


class _Target:
    """Where the part that arrives goes."""

    def __init__(self, folder: Path) -> None:
        self.form = UploadForm()
        self._folder = folder
        self._part: MultipartSegment | None = None
        self._field = bytearray()
        self._held = 0
        self._file: IO[bytes] | None = None
        self._hash = hashlib.sha256()

    def begin(self, part: MultipartSegment) -> None:
        """Take the head of a part. Raises BadRequest."""
        self._part, self._field = part, bytearray()
        if part.filename is None:
            return
        if self.form.file is not None or self._file is not None:
            raise BadRequest("malformed_form", "Send one file in a request.", "file")
        self._file = (self._folder / "upload").open("wb")

    def add(self, chunk: bytes | bytearray) -> None:
        """Take a piece of the part. Raises BadRequest."""
        if self._file:
            self._file.write(chunk)
            self._hash.update(chunk)
            return
        self._held += len(chunk)
        if self._held > MAX_FIELDS:
            raise BadRequest("body_too_large", f"The fields have more than {MAX_FIELDS:,} bytes.", "body")
        self._field += chunk

    def end(self) -> None:
        """Take the end of the part. Raises BadRequest."""
        assert self._part is not None
        if self._file:
            size = self._file.tell()
            self._file.close()
            self._file = None
            name = (self._part.filename or "").replace("\\", "/").rpartition("/")[2][:MAX_FILE_NAME] or "file"
            kind = (self._part.content_type or "application/octet-stream")[:MAX_FILE_NAME]
            path = self._folder / "upload"
            self.form.file = UploadedFile(path, name, kind, size, self._hash.hexdigest())
            return
        try:
            value = self._field.decode()
        except UnicodeDecodeError:
            raise BadRequest("malformed_form", "The fields of the form are not UTF-8.", "body") from None
        self.form.fields.setdefault(self._part.name, []).append(value)

    def close(self) -> None:
        """Close the file of a form that did not arrive whole."""
        if self._file:
            self._file.close()


@contextlib.asynccontextmanager
async def received_form(request: Request[Any, Any, Any], most: int) -> AsyncIterator[UploadForm]:
    """Receive a form, whose file is kept while this is open.

    Raises BadRequest.
    """
    refuse_too_long(request, most, FILE_ADVICE)
    with tempfile.TemporaryDirectory(prefix="dossier-upload-") as folder:
        target = _Target(Path(folder))
        try:
            await _receive(request, target, most)
        except MultipartError:
            raise BadRequest("malformed_form", "The body is not a whole form.", "body") from None
        finally:
            target.close()
        yield target.form


async def _receive(request: Request[Any, Any, Any], target: _Target, most: int) -> None:
    received = 0
    with PushMultipartParser(_boundary(request), max_segment_count=MAX_PARTS_OF_FORM) as parser:
        async for chunk in request.stream():
            received += len(chunk)
            if received > most + MAX_FIELDS:
                raise too_long(most, FILE_ADVICE)
            for event in parser.parse(chunk) if chunk else ():
                if isinstance(event, MultipartSegment):
                    target.begin(event)
                elif event:
                    target.add(event)
                else:
                    target.end()


def _boundary(request: Request[Any, Any, Any]) -> str:
    for parameter in request.headers.get("content-type", "").split(";")[1:]:
        if parameter.strip().lower().startswith(BOUNDARY):
            return parameter.strip()[len(BOUNDARY) :].strip('"')
    raise BadRequest("malformed_form", "The Content-Type names no boundary.", "Content-Type")


def refuse_too_long(request: Request[Any, Any, Any], most: int, advice: str) -> None:
    """Refuse a body whose declared length is too much.

    Raises BadRequest.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 15 or int(declared) > most + MAX_FIELDS):
        raise too_long(most, advice)


def too_long(most: int, advice: str) -> BadRequest:
    """Return the refusal of a body that is too long."""
    return BadRequest("body_too_large", f"Send at most {most:,} bytes. {advice}", "body")
