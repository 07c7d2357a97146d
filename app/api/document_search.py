"""Serve the documents that were ingested: find some, read one."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromQuery

from app import document_finding
from app.api.authentication import READS
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.api.problem_details import BadRequest
from app.store import documents, embedding_models
from dossier.document_types import (
    Document,
    DocumentEmbedding,
    DocumentSearch,
    FoundDocuments,
)

SEARCH_EXAMPLE = Example(summary="A question", value={"query": "What is a context manager?", "limit": 3})


@post(
    "/documents/search",
    status_code=200,
    opt=READS,
    responses=problems_of(*BODY, "database_unavailable"),
    summary="Search the documents",
    description="The best passage of each document, best first. Nothing in the query is syntax.",
)
async def search_documents(
    context: NamedDependency[ApiContext], data: Annotated[DocumentSearch, Body(examples=[SEARCH_EXAMPLE])]
) -> FoundDocuments:
    """Return the documents that answer a question best."""
    return await document_finding.search_documents(
        context.writer.engine, context.finder, context.caller, data
    )


@get(
    "/documents/embedding",
    responses=problems_of("database_unavailable"),
    summary="How far documents are embedded",
    description="Whether documents are found by meaning too, and how many wait for their vectors.",
)
async def document_embedding(context: NamedDependency[ApiContext]) -> DocumentEmbedding:
    """Return how far the models are with the caller's documents."""
    is_wanted = context.finder.embeds
    return await embedding_models.progress(context.reading, context.caller, is_wanted=is_wanted)


@get(
    "/documents/text",
    responses=problems_of(
        "document_not_found", "missing_parameter", "repeated_parameter", "database_unavailable"
    ),
    summary="Get the text of a document",
)
async def document_text(context: NamedDependency[ApiContext], url: FromQuery[str]) -> Response[Document]:
    """Return the document with this address."""
    found = await documents.document(context.reading, context.caller, url)
    if found is None:
        raise BadRequest("document_not_found", "No document has this address.", "url")
    return Response(Document(url, *found))
