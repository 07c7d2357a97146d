"""Documents over HTTP: add, list, get, replace and delete them."""

import re
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from app.api.authentication import DOCUMENTS
from app.api.context import ApiContext
from app.api.contract import BODY, MAX_PAGE_SIZE, PAGE_PROBLEMS, problems_of
from app.api.document_intake import is_new, take_in, take_in_later
from app.api.problem_details import BadRequest
from app.store import documents, originals
from dossier.document_types import AddedDocuments, Document, DocumentPage, Ingestion, ListedDocument

UNSAFE_SIGN = re.compile(r"[^A-Za-z0-9._ -]")  # in the name of a download
MAX_ID = 2**63 - 1  # a bigint in Postgres
LATER = re.compile(r"(^|[,\s])respond-async\s*($|[,;])", re.IGNORECASE)  # in Prefer (RFC 7240)
INTAKE = (
    *BODY,
    "malformed_form",
    "malformed_url",
    "unreadable_document",
    "try_again",
    "database_unavailable",
)
ONE = ("document_not_found", "database_unavailable")
RECEIVING = {**DOCUMENTS, "receives": True}


@post(
    "/documents",
    opt=RECEIVING,
    request_max_body_size=None,
    responses={
        **problems_of(*INTAKE, "queue_full"),
        200: ResponseSpec(AddedDocuments, description="All of it was there already"),
        202: ResponseSpec(Ingestion, description="A worker reads it; asked for by `Prefer`"),
    },
    summary="Add a document, or the documents of an archive",
    description=(
        "A form with a file, or JSON with a text or a page's url. The same content adds nothing. With "
        "`Prefer: respond-async` a worker reads what is sent: follow the ingestion."
    ),
)
async def add_document(
    context: NamedDependency[ApiContext], request: Request[Any, Any, Any]
) -> Response[AddedDocuments] | Response[Ingestion]:
    """Store the documents of what is sent, now or by a worker."""
    if LATER.search(request.headers.get("prefer", "")):
        return _answered(context, await take_in_later(context, request))
    added = await take_in(context, request)
    return Response(added, status_code=201 if is_new(added) else 200)


def _answered(
    context: ApiContext, done: Ingestion | AddedDocuments
) -> Response[AddedDocuments] | Response[Ingestion]:
    """Answer with an ingestion, or with what was done."""
    if isinstance(done, AddedDocuments):
        return Response(done, status_code=200)
    address = f"{context.links.root}/ingestions/{done.ingestion_id}"
    headers = {"Location": address, "Preference-Applied": "respond-async"}
    return Response(done, status_code=202, headers=headers)


@put(
    "/documents/{document_id:int}",
    opt=RECEIVING,
    request_max_body_size=None,
    responses={
        **problems_of(*INTAKE, *ONE, "queue_full"),
        202: ResponseSpec(Ingestion, description="A worker reads it; asked for by `Prefer`"),
    },
    summary="Replace a document",
    description=(
        "Its address stays. Without text, url and file its text stays, and the rest is replaced. With "
        "`Prefer: respond-async` a worker reads what is sent: follow the ingestion."
    ),
)
async def replace_document(
    context: NamedDependency[ApiContext], document_id: FromPath[int], request: Request[Any, Any, Any]
) -> Response[AddedDocuments] | Response[Ingestion]:
    """Read what is sent in place of a document, or queue it."""
    known = await _known(context, document_id)
    if LATER.search(request.headers.get("prefer", "")):
        return _answered(context, await take_in_later(context, request, known))
    return Response(await take_in(context, request, known))


@get(
    "/documents",
    responses=problems_of(*PAGE_PROBLEMS),
    summary="List documents",
    description="By their addresses. Continue with `next_cursor` as `cursor`.",
)
async def list_documents(
    context: NamedDependency[ApiContext],
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE)] = 20,
    cursor: FromQuery[str | None] = None,
    url_prefix: FromQuery[str | None] = None,
    collection: FromQuery[str | None] = None,
) -> DocumentPage:
    """Return a page of documents, without their texts."""
    found = await documents.documents(
        context.reading,
        context.caller,
        limit + 1,
        cursor or "",
        url_prefix=url_prefix or "",
        collection=collection,
    )
    page = found[:limit]
    return DocumentPage(page, page[-1].url if len(found) > limit else None)


@get("/documents/{document_id:int}", responses=problems_of(*ONE), summary="Get what is known of a document")
async def get_document(context: NamedDependency[ApiContext], document_id: FromPath[int]) -> ListedDocument:
    """Return a document without its text."""
    return await _known(context, document_id)


@get(
    "/documents/{document_id:int}/text",
    responses=problems_of(*ONE),
    summary="Get the text of a document by its id",
)
async def get_document_text(context: NamedDependency[ApiContext], document_id: FromPath[int]) -> Document:
    """Return a document with its text.

    Form feeds part its pages.
    """
    known = await _known(context, document_id)
    found = await documents.document(context.reading, context.caller, known.url)
    if found is None:
        raise _not_found()
    return Document(known.url, *found)


@get(
    "/documents/{document_id:int}/original",
    responses={
        **problems_of(*ONE, "original_not_found"),
        200: ResponseSpec(bytes, description="The file", media_type="application/octet-stream"),
    },
    summary="Download the file that a document was read from",
)
async def get_document_original(context: NamedDependency[ApiContext], document_id: FromPath[int]) -> Stream:
    """Return the file as it was sent.

    It is a download of no type: a page among the files must not run as one of ours.
    """
    known = await _known(context, document_id)
    original_id = await originals.original_of(context.reading, context.caller, document_id)
    if original_id is None or known.original is None:
        raise BadRequest("original_not_found", "No file of this document was kept.", "document_id")
    name = UNSAFE_SIGN.sub("_", known.original.name)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(known.original.size),
        "Content-Security-Policy": "sandbox",
    }
    pieces = originals.pieces(context.reading, context.caller, original_id)
    return Stream(pieces, media_type="application/octet-stream", headers=headers)


@delete(
    "/documents/{document_id:int}", opt=DOCUMENTS, responses=problems_of(*ONE), summary="Delete a document"
)
async def delete_document(context: NamedDependency[ApiContext], document_id: FromPath[int]) -> None:
    """Delete a document and its file.

    Jobs that have read it keep the text that they read.
    """
    await _known(context, document_id)
    if not await documents.remove_one(context.writer.engine, context.caller, document_id):
        raise _not_found()


DOCUMENT_ROUTES = [
    add_document,
    replace_document,
    list_documents,
    get_document,
    get_document_text,
    get_document_original,
    delete_document,
]


async def _known(context: ApiContext, document_id: int) -> ListedDocument:
    """Return a document. Raises BadRequest where it is unknown."""
    is_possible = 0 < document_id <= MAX_ID
    known = (
        await documents.find_document(context.reading, context.caller, document_id) if is_possible else None
    )
    if known is None:
        raise _not_found()
    return known


def _not_found() -> BadRequest:
    return BadRequest("document_not_found", "No document has this id.", "document_id")
