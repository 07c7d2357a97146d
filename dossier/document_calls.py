"""The calls of the client that are about documents."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from dossier.decoding import decoded
from dossier.document_types import (
    AddedDocuments,
    Document,
    DocumentEmbedding,
    DocumentPage,
    FoundDocuments,
    Ingestion,
    IngestionPage,
    ListedDocument,
    NewDocument,
    is_over,
)
from dossier.server_calls import ServerCalls, given, path_of

DOCUMENTS_PAGE = 100  # the most that the server gives
INGESTION_WAITS = (0.2, 5.0)  # seconds: first and longest wait between two looks
UPLOAD = httpx.Timeout(connect=5.0, read=600.0, write=60.0, pool=5.0)  # a scanned book takes minutes
RESPOND_ASYNC = {"Prefer": "respond-async"}


class DocumentCalls(ServerCalls):
    """Adds, lists, finds and deletes documents. AsyncDossier is one."""

    async def search_documents(
        self, query: str, limit: int = 10, collections: Sequence[str] = ()
    ) -> FoundDocuments:
        """Return the documents that answer a question best.

        Each comes with its best passage.

        Args:
            query: 1 to 4000 characters; nothing in it is syntax.
            limit: 1 to 50 documents.
            collections: that they are in one of; empty: all documents.
        """
        wanted = given(query=query, limit=limit) | ({"collections": collections} if collections else {})
        answer = await self._send("POST", "/documents/search", wanted, timeout=UPLOAD)
        return decoded(answer, FoundDocuments)

    async def document_embedding(self) -> DocumentEmbedding:
        """Return how far documents are embedded, to be found by meaning."""
        return decoded(await self._ask("GET", "/documents/embedding"), DocumentEmbedding)

    async def document(self, url: str) -> Document:
        """Return a document by its address. Raises ApiError `document_not_found`."""
        return decoded(await self._ask("GET", "/documents/text", params={"url": url}), Document)

    async def add_document(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        text: str | None = None,
        url: str | None = None,
        title: str | None = None,
        collections: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> AddedDocuments:
        """Add the documents of a file, a text, or a page.

        What is there already adds nothing. An archive adds a document for each file in it.

        Args:
            file: The path of a file, which is sent in pieces.
            text: In place of a file.
            url: The document's address; without file and text, the page there is read.
            title: In place of the file's own.
            collections: Up to 100; `Sources(collections=…)` of a job restricts its search to some.
            metadata: Your own fields, up to 10 KB of JSON.

        Raises:
            ApiError: `unreadable_document`, `body_too_large`, or fields that were refused.
        """
        new = NewDocument(text, url, title, tuple(collections), metadata or {})
        return await self._put_in("POST", "/documents", file, new)

    async def submit_document(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        text: str | None = None,
        url: str | None = None,
        title: str | None = None,
        collections: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> Ingestion:
        """Have a worker read a file, text or page.

        Raises:
            ApiError: `queue_full`, `body_too_large`, or fields that were refused.
        """
        new = NewDocument(text, url, title, tuple(collections), metadata or {})
        return decoded(await self._answer_to("POST", "/documents", file, new, RESPOND_ASYNC), Ingestion)

    async def ingestion(self, ingestion_id: UUID | str) -> Ingestion:
        """Return how far a file is. Raises ApiError `ingestion_not_found`."""
        return decoded(await self._ask("GET", path_of("ingestions", ingestion_id)), Ingestion)

    async def ingestions(self, limit: int = 20, cursor: str | None = None) -> IngestionPage:
        """Get a page of ingestions, the newest first."""
        params = given(limit=limit, cursor=cursor)
        return decoded(await self._ask("GET", "/ingestions", params=params), IngestionPage)

    async def cancel_ingestion(self, ingestion_id: UUID | str) -> Ingestion:
        """Cancel a file that a worker reads, or will.

        What is stored of it stays. Raises ApiError `ingestion_already_over` where it has ended otherwise.
        """
        return decoded(await self._ask("DELETE", path_of("ingestions", ingestion_id)), Ingestion)

    async def ingested(self, ingestion_id: UUID | str, timeout: float = 3600.0) -> Ingestion:  # noqa: ASYNC109 - as in `result`
        """Wait until a file is read, and return what became of it.

        Raises TimeoutError where it takes longer, or ApiError.
        """
        wait = INGESTION_WAITS[0]
        async with asyncio.timeout(timeout):
            while not is_over((found := await self.ingestion(ingestion_id)).status):
                await asyncio.sleep(wait)
                wait = min(2 * wait, INGESTION_WAITS[1])
        return found

    async def replace_document(
        self,
        document_id: int,
        file: str | os.PathLike[str] | None = None,
        *,
        text: str | None = None,
        title: str | None = None,
        collections: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> AddedDocuments:
        """Replace a document, whose address stays.

        Without a file and a text its text stays too.
        """
        new = NewDocument(text, None, title, tuple(collections), metadata or {})
        return await self._put_in("PUT", path_of("documents", document_id), file, new)

    async def submit_replacement(
        self,
        document_id: int,
        file: str | os.PathLike[str] | None = None,
        *,
        text: str | None = None,
        url: str | None = None,
        title: str | None = None,
        collections: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> Ingestion:
        """Have a worker read what replaces a document.

        That is a file, a text or the page at `url`; the document's own address stays. Raises ApiError.
        """
        new = NewDocument(text, url, title, tuple(collections), metadata or {})
        return decoded(
            await self._answer_to("PUT", path_of("documents", document_id), file, new, RESPOND_ASYNC),
            Ingestion,
        )

    async def documents(
        self,
        limit: int = 20,
        cursor: str | None = None,
        *,
        url_prefix: str | None = None,
        collection: str | None = None,
    ) -> DocumentPage:
        """Get a page of documents by their addresses, without texts.

        A page has 1 to 100; `iter_documents` walks all pages.
        """
        params = given(limit=limit, cursor=cursor, url_prefix=url_prefix, collection=collection)
        return decoded(await self._ask("GET", "/documents", params=params), DocumentPage)

    async def iter_documents(
        self, *, url_prefix: str | None = None, collection: str | None = None
    ) -> AsyncGenerator[ListedDocument, None]:
        """Iterate over all documents by their addresses."""
        cursor: str | None = None
        while True:
            page = await self.documents(DOCUMENTS_PAGE, cursor, url_prefix=url_prefix, collection=collection)
            for one in page.documents:
                yield one
            cursor = page.next_cursor
            if cursor is None:
                return

    async def get_document(self, document_id: int) -> ListedDocument:
        """Return what is known of a document, without its text."""
        return decoded(await self._ask("GET", path_of("documents", document_id)), ListedDocument)

    async def document_text(self, document_id: int) -> Document:
        """Return a document with its text, in which form feeds part pages."""
        return decoded(await self._ask("GET", path_of("documents", document_id, "text")), Document)

    async def document_original(self, document_id: int) -> bytes:
        """Return the file of a document. Raises ApiError `original_not_found`."""
        return (await self._ask("GET", path_of("documents", document_id, "original"), timeout=UPLOAD)).content

    async def delete_document(self, document_id: int) -> None:
        """Delete a document and its file."""
        await self._ask("DELETE", path_of("documents", document_id))

    async def _put_in(
        self, method: str, path: str, file: str | os.PathLike[str] | None, new: NewDocument
    ) -> AddedDocuments:
        return decoded(await self._answer_to(method, path, file, new, {}), AddedDocuments)

    async def _answer_to(
        self,
        method: str,
        path: str,
        file: str | os.PathLike[str] | None,
        new: NewDocument,
        headers: dict[str, str],
    ) -> httpx.Response:
        if file is None:
            return await self._send(method, path, new, headers, timeout=UPLOAD)
        return await self._send_file(method, path, file, new, headers)

    async def _send_file(
        self, method: str, path: str, file: str | os.PathLike[str], new: NewDocument, headers: dict[str, str]
    ) -> httpx.Response:
        fields: dict[str, Any] = {"metadata": msgspec.json.encode(new.metadata).decode()}
        fields |= {name: value for name, value in (("url", new.url), ("title", new.title)) if value}
        fields["collections"] = list(new.collections)
        with Path(file).open("rb") as stream:  # noqa: ASYNC230 - opening takes no time; it is sent in pieces
            files = {"file": (Path(file).name, stream, "application/octet-stream")}
            return await self._ask(method, path, data=fields, files=files, headers=headers, timeout=UPLOAD)
