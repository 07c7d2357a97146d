"""Documents that were ingested."""

from typing import Annotated

from msgspec import Meta, Struct

from dossier.request import Query


class DocumentSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /documents/search`."""

    query: Query
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class FoundDocument(Struct, frozen=True):
    """A document and its passage that answers best."""

    url: str
    title: str
    passage: str
    score: float  # 0..1, comparable within one search


class FoundDocuments(Struct, frozen=True):
    """Documents, the best first."""

    documents: list[FoundDocument]


class Document(Struct, frozen=True):
    """One document, whole."""

    url: str
    title: str
    text: str
