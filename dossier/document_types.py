"""Documents that were ingested."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from dossier.request import Collection, Query

MAX_DOCUMENT = 2_000_000  # characters

Collections = Annotated[tuple[Collection, ...], Meta(max_length=100)]
DocumentUrl = Annotated[str, Meta(min_length=1, max_length=4000)]


class DocumentSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /documents/search`."""

    query: Query
    limit: Annotated[int, Meta(ge=1, le=50)] = 10
    collections: Collections = ()  # that the documents are in one of; empty: all documents


class FoundDocument(Struct, frozen=True, omit_defaults=True):
    """A document and its passage that answers best.

    Where documents are found by meaning too, the ranks say by which list, and `score` joins both. Where a
    reranker sorted them, they are in the order of `relevance`.
    """

    url: str
    title: str
    passage: str
    score: float  # 0..1, comparable within one search
    words_rank: int | None = None  # from 1; left out where its words did not find it
    meaning_rank: int | None = None  # from 1; left out where its meaning did not
    cosine: float | None = None  # of the query and its nearest passage
    relevance: float | None = None  # the reranker's own score


class FoundDocuments(Struct, frozen=True, omit_defaults=True):
    """Documents, the best first."""

    documents: list[FoundDocument]
    embedder: str = ""  # that embedded the query, as in the log; left out where words alone were searched
    failure: str = ""  # why documents were not found by meaning too
    reranker: str = ""  # that sorted them, as in the log; left out where none did
    rerank_failure: str = ""  # why they are in the search's own order


EmbeddingState = Literal["making", "serving"]


class EmbeddingModel(Struct, frozen=True):
    """A model that embeds the caller's documents, and how far it is."""

    name: str
    dimensions: int | None  # of its vectors; null before the first
    # Searches use the one that serves; without one, the one that is made, as far as it is.
    state: EmbeddingState
    waiting: int  # documents without all their vectors
    failed: int  # documents that the model refused: they are found by their words alone
    error: str | None = None  # why its server cannot embed now


class DocumentEmbedding(Struct, frozen=True):
    """Whether documents are found by meaning too."""

    is_on: bool  # the server is set to embed, and its database can store vectors
    documents: int  # of the caller
    models: list[EmbeddingModel]  # a new one is made beside the one that serves


class Document(Struct, frozen=True):
    """One document, whole."""

    url: str
    title: str
    text: str


class NewDocument(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The JSON body of `POST /documents` and `PUT /documents/{id}`.

    Without `text`, the page at `url` is read. A PUT without either keeps the text.
    """

    text: Annotated[str, Meta(min_length=1, max_length=MAX_DOCUMENT, pattern=r"\S")] | None = None
    url: DocumentUrl | None = None  # the document's address; a new one replaces what it has
    title: Annotated[str, Meta(max_length=300)] | None = None
    collections: Collections = ()
    metadata: dict[str, Any] = field(default_factory=dict)


class DocumentOriginal(Struct, frozen=True):
    """The file that a document was read from."""

    name: str
    media_type: str
    size: int  # bytes
    sha256: str  # of the bytes, hexadecimal


class ListedDocument(Struct, frozen=True):
    """What is known of a document, without its text."""

    document_id: int
    url: str
    title: str
    sha256: str  # of the text, hexadecimal
    size: int  # characters
    added_at: datetime
    language: str = ""  # ISO 639-1; "" if the text does not tell
    collections: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    original: DocumentOriginal | None = None  # None: its file was not kept


DocumentChange = Literal["added", "changed", "unchanged", "same_text"]


class DocumentPage(Struct, frozen=True):
    """A page of documents, by their addresses.

    `next_cursor` is null on the last page.
    """

    documents: list[ListedDocument]
    next_cursor: str | None


class AddedDocument(Struct, frozen=True, omit_defaults=True):
    """What became of one document.

    `same_text`: the text was there already, in document `document_id`, and is not stored twice.
    """

    document_id: int
    url: str
    title: str
    change: DocumentChange
    same_text_as: str = ""  # the url of the document that had the text before
    note: str = ""  # what is not sure, such as a guessed character set


class AddedDocuments(Struct, frozen=True):
    """What became of a file, or of the files in an archive."""

    documents: list[AddedDocument]
    failed: list[str] = field(default_factory=list)  # why, each with its file
    skipped: list[str] = field(default_factory=list)  # files of formats that are not read


IngestionStatus = Literal["pending", "running", "completed", "failed", "cancelled"]


class Ingestion(Struct, frozen=True):
    """A file that a worker reads into documents."""

    ingestion_id: UUID
    name: str  # of the file
    size: int  # bytes
    status: IngestionStatus
    progress: int  # 0..100
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None  # or failed, or cancelled
    seq: int  # of its newest event
    attempt: int  # how often a worker took it
    documents_done: int  # of a cancelled one: at least
    documents_total: int | None  # None until the file has been read
    result: AddedDocuments | None = None
    error: str | None = None  # why it failed


class IngestionEvent(Struct, frozen=True):
    """What happened to an ingestion."""

    ingestion_id: UUID
    seq: int  # 1, 2, 3 …
    type: str
    status: IngestionStatus
    at: datetime
    data: dict[str, Any]


class IngestionPage(Struct, frozen=True):
    """A page of ingestions, the newest first.

    `next_cursor` is null on the last page.
    """

    ingestions: list[Ingestion]
    next_cursor: str | None


class IngestionEvents(Struct, frozen=True):
    """A page of an ingestion's events."""

    events: list[IngestionEvent]
    next_after: int
    head: int


def is_over(status: IngestionStatus) -> bool:
    """Return whether nothing follows this status."""
    return status in ("completed", "failed", "cancelled")
