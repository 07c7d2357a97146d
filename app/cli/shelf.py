"""Where the commands put documents: a server, or else its database."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import httpx

from app.cli.database_url import ready_url
from app.configuration import document_embedder_of, reranker_of
from app.document_adding import add_read
from app.document_finding import DocumentFinder, search_documents
from app.document_ranking import RankingFinder
from app.domain.caller import ANYBODY
from app.ingest.confined import confined_read
from app.ingest.extract import NO_SUCH_FILE
from app.ingest.extracted import ExtractedDocument, FileRead
from app.providers.embedding import DocumentEmbedder
from app.providers.http import make_client
from app.providers.reranking import ServerReranker
from app.settings import Settings, load_settings
from app.store import documents, embedding_models
from app.store.database import Engine, make_engine
from dossier import Dossier
from dossier.document_types import (
    AddedDocument,
    AddedDocuments,
    DocumentEmbedding,
    DocumentSearch,
    FoundDocuments,
    Ingestion,
    IngestionPage,
    ListedDocument,
)
from dossier.problems import ApiError


class DatabaseShelf:
    """Documents of a database, without a server."""

    def __init__(self, engine: Engine, runner: asyncio.Runner) -> None:
        self._engine = engine
        self._run = runner.run

    def put_all(self, found: Iterable[ExtractedDocument]) -> Iterator[AddedDocument]:
        """Store documents one by one."""
        for one in found:
            yield from self._run(add_read(self._engine, ANYBODY, FileRead([one]))).documents

    def put_file(self, path: Path, collections: Sequence[str] = ()) -> AddedDocuments:
        """Read a file within limits, and store its documents."""
        return self._run(add_read(self._engine, ANYBODY, confined_read(path), collections))

    def listed(self, url_prefix: str = "", collection: str | None = None) -> Iterator[ListedDocument]:
        """Yield the documents by their urls."""
        after = ""
        while page := self._run(self._page(after, url_prefix, collection)):
            yield from page
            after = page[-1].url

    async def _page(self, after: str, url_prefix: str, collection: str | None) -> list[ListedDocument]:
        return await documents.documents(
            self._engine,
            ANYBODY,
            documents.MAX_LISTED_DOCUMENTS,
            after,
            url_prefix=url_prefix,
            collection=collection,
        )

    def search(self, wanted: DocumentSearch) -> FoundDocuments:
        """Return the documents that answer best."""
        return self._run(self._found(wanted))

    async def _found(self, wanted: DocumentSearch) -> FoundDocuments:
        async with make_client() as client:
            finder = _finder(self._engine, load_settings(), client)
            return await search_documents(self._engine, finder, ANYBODY, wanted)

    def embedding(self) -> DocumentEmbedding:
        """Return how far documents are embedded."""
        is_wanted = load_settings().embedding_documents == "on"
        return self._run(embedding_models.progress(self._engine, ANYBODY, is_wanted=is_wanted))

    def remove(self, url_prefix: str) -> int:
        """Remove the documents whose urls begin so. Count them."""
        return self._run(documents.remove(self._engine, ANYBODY, url_prefix))

    def remove_one(self, document_id: int) -> None:
        """Remove a document."""
        self._run(documents.remove_one(self._engine, ANYBODY, document_id))


class ServerShelf:
    """Documents of the server at DOSSIER_URL."""

    def __init__(self, dossier: Dossier) -> None:
        self._dossier = dossier

    def put_all(self, found: Iterable[ExtractedDocument]) -> Iterator[AddedDocument]:
        """Send documents one by one."""
        for one in found:
            sent = self._dossier.add_document(
                text=one.text, url=one.url, title=one.title, metadata={**one.metadata}
            )
            yield from sent.documents

    def put_file(self, path: Path, collections: Sequence[str] = ()) -> AddedDocuments:
        """Send a file, which the server reads within its limits."""
        if not path.is_file():
            return AddedDocuments([], [f"{path}: {NO_SUCH_FILE}"])
        try:
            return self._dossier.add_document(path, url=path.resolve().as_uri(), collections=collections)
        except ApiError as error:
            if error.code not in OF_ONE_FILE:
                raise
            return AddedDocuments([], [f"{path}: {error}"])
        except OSError as error:
            return AddedDocuments(
                [], [f"{path}: It cannot be opened ({error.strerror}): check its permissions."]
            )

    def submit_file(self, path: Path, collections: Sequence[str] = ()) -> Ingestion:
        """Send a file that the server reads later."""
        return self._dossier.submit_document(path, url=path.resolve().as_uri(), collections=collections)

    def ingestions(self, limit: int) -> IngestionPage:
        """Return the newest files that the server reads or has read."""
        return self._dossier.ingestions(limit)

    def cancel_ingestion(self, ingestion_id: str) -> Ingestion:
        """Cancel a file that the server reads later."""
        return self._dossier.cancel_ingestion(ingestion_id)

    def listed(self, url_prefix: str = "", collection: str | None = None) -> Iterator[ListedDocument]:
        """Yield the documents by their urls."""
        return self._dossier.iter_documents(url_prefix=url_prefix or None, collection=collection)

    def search(self, wanted: DocumentSearch) -> FoundDocuments:
        """Return the documents that answer best."""
        return self._dossier.search_documents(wanted.query, wanted.limit, wanted.collections)

    def embedding(self) -> DocumentEmbedding:
        """Return how far documents are embedded."""
        return self._dossier.document_embedding()

    def remove(self, url_prefix: str) -> int:
        """Remove the documents whose urls begin so. Count them."""
        count = 0
        for count, one in enumerate(list(self.listed(url_prefix)), 1):  # noqa: B007 - counted
            self.remove_one(one.document_id)
        return count

    def remove_one(self, document_id: int) -> None:
        """Remove a document."""
        self._dossier.delete_document(document_id)


def _finder(engine: Engine, settings: Settings, client: httpx.AsyncClient) -> DocumentFinder:
    """Return what searches the documents with the keys of this process."""
    embedder, reranker = document_embedder_of(settings, client), reranker_of(settings, client)

    async def embedder_of(_tenant: str) -> DocumentEmbedder | None:
        return embedder

    async def reranker_for(_tenant: str) -> ServerReranker | None:
        return reranker

    embedders = embedder_of if embedder else None
    return RankingFinder(engine, embedders, reranker_for) if reranker else DocumentFinder(engine, embedders)


Shelf = DatabaseShelf | ServerShelf
OF_ONE_FILE = {"unreadable_document", "body_too_large", "too_long", "invalid_character"}


@contextlib.contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Open the documents that the settings lead to. Raises BadSetting."""
    settings = load_settings()
    if settings.url:
        with Dossier(settings.url, api_key=settings.api_key) as dossier:
            yield ServerShelf(dossier)
        return
    with database_shelf(ready_url(settings)) as shelf:
        yield shelf


@contextlib.contextmanager
def database_shelf(url: str) -> Iterator[DatabaseShelf]:
    """Open the documents of a database."""
    with asyncio.Runner() as runner:
        engine = make_engine(url, pool_size=1)
        try:
            yield DatabaseShelf(engine, runner)
        finally:
            runner.run(engine.dispose())
