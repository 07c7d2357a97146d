"""Turn a request into documents: a file, a text, or a page."""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec
from litestar import Request
from msgspec import Struct

from app.api.context import ApiContext
from app.api.contract import JSON, checked_body
from app.api.problem_details import BadRequest
from app.api.uploads import FORM, UploadForm, received_form, refuse_too_long, too_long
from app.document_adding import add_read, refusal_of, retitle
from app.errors import ProviderError, QueueFull
from app.ingest.extracted import ExtractedDocument, FileRead, tidy_title
from app.store import documents, originals
from app.store.ingestions import MAX_OPEN_INGESTIONS, IngestionSource, submit_ingestion
from app.store.quotas import require_room
from app.store.wake import Hint
from app.text.formats import from_plain, tidy
from app.text.urls import normalise
from dossier.document_types import AddedDocuments, Ingestion, ListedDocument, NewDocument

MAX_JSON_DOCUMENT = 16_000_000  # bytes; the longest text has 2,000,000 characters
JSON_ADVICE = "Send a longer text as a file, in a form."
MAX_PAGE_NAME = 200  # characters of the address of a page, by which an ingestion is listed
FORM_FIELDS = ("url", "title", "collections", "metadata")


class Intake(Struct, frozen=True):
    """What is to be stored, and where it goes."""

    read: FileRead
    wanted: NewDocument
    original: originals.UploadedFile | None = None


async def take_in(
    context: ApiContext, request: Request[Any, Any, Any], replaced: ListedDocument | None = None
) -> AddedDocuments:
    """Store what a request brings, in place of `replaced`.

    Raises BadRequest, InvalidRequest, DatabaseUnavailable, WrongVersion.
    """
    if _kind_of(request) == FORM:
        async with received_form(request, context.shelf.max_upload) as form:
            return await _stored(context, await _of_form(context, form, replaced), replaced)
    wanted = await _json(request)
    return await _stored(context, Intake(await _of_json(context, wanted, replaced), wanted), replaced)


def _kind_of(request: Request[Any, Any, Any]) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def take_in_later(
    context: ApiContext, request: Request[Any, Any, Any], replaced: ListedDocument | None = None
) -> Ingestion | AddedDocuments:
    """Keep what a request brings for a worker to read.

    A PUT that keeps the text is done at once. Raises BadRequest, InvalidRequest, QueueFull,
    DatabaseUnavailable.
    """
    if _kind_of(request) == FORM:
        async with received_form(request, context.shelf.max_upload) as form:
            if form.file is None:
                raise BadRequest("malformed_form", "Send a file in the field `file`.", "file")
            wanted = _fields(form)
            url = replaced.url if replaced else _address_of(form.file, wanted)
            return await _file_queued(context, form.file, msgspec.structs.replace(wanted, url=url), replaced)
    wanted = await _json(request)
    if wanted.text is not None:
        return await _text_queued(context, wanted, replaced)
    if wanted.url is not None:
        return await _page_queued(context, wanted, replaced)
    return await _stored(context, Intake(await _of_json(context, wanted, replaced), wanted), replaced)


async def _text_queued(
    context: ApiContext, wanted: NewDocument, replaced: ListedDocument | None
) -> Ingestion:
    """Queue a text as the file that it is kept as."""
    told = _of_text(wanted, replaced)
    body = (wanted.text or "").encode("utf-8", "replace")
    named = msgspec.structs.replace(wanted, text=None, url=told.url, title=told.title)
    with tempfile.NamedTemporaryFile(prefix="dossier-text-") as stored:
        await asyncio.to_thread(stored.write, body)
        stored.flush()
        digest = hashlib.sha256(body).hexdigest()
        file = originals.UploadedFile(Path(stored.name), "text.txt", "text/plain", len(body), digest)
        return await _file_queued(context, file, named, replaced)


async def _file_queued(
    context: ApiContext, file: originals.UploadedFile, wanted: NewDocument, replaced: ListedDocument | None
) -> Ingestion:
    engine, caller = context.writer.engine, context.caller
    await require_room(engine, caller, file.size)
    original_id = await originals.keep_original(engine, caller, file)
    document_id = replaced.document_id if replaced else None
    source = IngestionSource(original_id, file.name, file.size, document_id=document_id)
    try:
        return await _queued(context, source, wanted)
    except QueueFull:
        await documents.remove_original(engine, caller, original_id)
        raise


async def _page_queued(
    context: ApiContext, wanted: NewDocument, replaced: ListedDocument | None
) -> Ingestion:
    address = _page_address(wanted.url or "")
    await require_room(context.writer.engine, context.caller, 0)
    document_id, url = (replaced.document_id, replaced.url) if replaced else (None, address)
    source = IngestionSource(uuid4(), address[:MAX_PAGE_NAME], 0, address, document_id)
    return await _queued(context, source, msgspec.structs.replace(wanted, url=url))


async def _queued(context: ApiContext, source: IngestionSource, wanted: NewDocument) -> Ingestion:
    """Queue what a worker is to read. Raises QueueFull."""
    ingestion = await submit_ingestion(context.writer.engine, context.caller, source, wanted)
    if ingestion is None:
        raise QueueFull(f"{MAX_OPEN_INGESTIONS} files wait to be read. Try again when some have been.")
    context.wake.ring(Hint(frozenset({ingestion.ingestion_id})))
    return ingestion


async def _json(request: Request[Any, Any, Any]) -> NewDocument:
    """Return the JSON of a request. Raises BadRequest, InvalidRequest."""
    kind = _kind_of(request)
    if kind != JSON:
        got = f", not {kind[:100]}" if kind else ""
        raise BadRequest("unsupported_media_type", f"Send {JSON} or {FORM}{got}.", "Content-Type")
    return checked_body(await _json_body(request), NewDocument)


async def _json_body(request: Request[Any, Any, Any]) -> bytes:
    refuse_too_long(request, MAX_JSON_DOCUMENT, JSON_ADVICE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_DOCUMENT:
            raise too_long(MAX_JSON_DOCUMENT, JSON_ADVICE)
    return bytes(body)


async def _of_form(context: ApiContext, form: UploadForm, replaced: ListedDocument | None) -> Intake:
    if form.file is None:
        raise BadRequest("malformed_form", "Send a file in the field `file`.", "file")
    wanted = _fields(form)
    file = form.file
    url = replaced.url if replaced else _address_of(file, wanted)
    read = await context.shelf.files.read(file.path, url, file.name)
    if not read.documents:
        raise BadRequest("unreadable_document", refusal_of(read), "file")
    return Intake(read, wanted, file)


def _address_of(file: originals.UploadedFile, wanted: NewDocument) -> str:
    return wanted.url or f"upload:{file.sha256[:32]}/{quote(file.name)}"


def _fields(form: UploadForm) -> NewDocument:
    """Return the fields beside the file, checked as those of JSON."""
    given: dict[str, Any] = {}
    for name, values in form.fields.items():
        if name not in FORM_FIELDS:
            raise BadRequest("unknown_field", f"Known fields: file, {', '.join(FORM_FIELDS)}.", name[:100])
        if name == "collections":
            given[name] = [one.strip() for value in values for one in value.split(",") if one.strip()]
        elif len(values) > 1:
            raise BadRequest("malformed_form", "Give this field once.", name)
        else:
            given[name] = _metadata(values[0]) if name == "metadata" else values[0]
    return checked_body(msgspec.json.encode(given), NewDocument)


def _metadata(text: str) -> Any:  # noqa: ANN401 - any JSON, which is checked with the other fields
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise BadRequest("malformed_json", "Send an object of JSON.", "metadata") from None


async def _of_json(context: ApiContext, wanted: NewDocument, replaced: ListedDocument | None) -> FileRead:
    if wanted.text is not None:
        told = _of_text(wanted, replaced)
        return FileRead([ExtractedDocument(told.url or "", told.title or "", tidy(wanted.text))])
    if wanted.url is not None:
        return FileRead([await _of_page(context, wanted.url, replaced)])
    if replaced is None:
        raise BadRequest("missing_field", "Send a text, the url of a page, or a form with a file.", "text")
    text = await documents.text(context.writer.engine, context.caller, replaced.url) or ""
    return FileRead([ExtractedDocument(replaced.url, replaced.title, text)])


def _of_text(wanted: NewDocument, replaced: ListedDocument | None) -> NewDocument:
    """Return a text with its address and title."""
    body = (wanted.text or "").encode("utf-8", "replace")
    title = wanted.title or from_plain(body).title
    digest = hashlib.sha256(f"{title}\0".encode("utf-8", "replace") + body).hexdigest()
    url = replaced.url if replaced else wanted.url or f"text:{digest[:32]}"
    return msgspec.structs.replace(wanted, url=url, title=tidy_title(title) or "Untitled")


def _page_address(url: str) -> str:
    """Return the address of a page. Raises BadRequest."""
    address = normalise(url)
    if not address.startswith(("http://", "https://")):
        raise BadRequest("malformed_url", "Use an address that begins with http:// or https://.", "url")
    return address


async def _of_page(context: ApiContext, url: str, replaced: ListedDocument | None) -> ExtractedDocument:
    address = _page_address(url)
    try:
        page = await context.shelf.pages.read_page(address)
    except ProviderError as error:
        raise BadRequest("unreadable_document", str(error), "url") from None
    title = tidy_title(page.title) or address
    return ExtractedDocument(replaced.url if replaced else address, title, page.text, page.metadata)


async def _stored(context: ApiContext, intake: Intake, replaced: ListedDocument | None) -> AddedDocuments:
    read, wanted = intake.read, intake.wanted
    if replaced and (len(read.documents) != 1 or read.documents[0].url != replaced.url):
        raise BadRequest("unreadable_document", "An archive cannot replace one document.", "file")
    retitle(read, wanted.title)
    engine, original_id = context.writer.engine, None
    if intake.original:
        await require_room(engine, context.caller, intake.original.size)
        original_id = await originals.keep_original(engine, context.caller, intake.original)
    elif replaced and wanted.text is None and wanted.url is None:
        original_id = await originals.original_of(engine, context.caller, replaced.document_id)
    try:
        return await add_read(
            engine,
            context.caller,
            read,
            wanted.collections,
            wanted.metadata,
            original_id,
            once=replaced is None,
        )
    finally:
        if original_id:
            await documents.remove_original(engine, context.caller, original_id)  # where no document has it


def is_new(added: AddedDocuments) -> bool:
    """Return whether anything was stored."""
    return any(one.change in {"added", "changed"} for one in added.documents)
