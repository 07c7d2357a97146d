"""Where the commands put documents: straight into the database."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from app.api.document_adding import add_read
from app.cli.database_url import ready_url
from app.errors import BadSetting
from app.ingest.confined import confined_read
from app.ingest.extracted import ExtractedDocument, FileRead
from app.settings import Settings, load_settings
from app.store import documents
from app.store.database import Engine, make_engine
from dossier.document_types import AddedDocument, AddedDocuments, ListedDocument

ResultT = TypeVar("ResultT")


class DatabaseShelf:
    """Documents of a database, without a server."""

    def __init__(self, engine: Engine, runner: asyncio.Runner) -> None:
        self._engine = engine
        self._run = runner.run

    def put_all(self, found: Iterable[ExtractedDocument]) -> Iterator[AddedDocument]:
        """Store documents one by one."""
        for one in found:
            yield from self._run(add_read(self._engine, FileRead([one]))).documents

    def put_file(self, path: Path, collections: Sequence[str] = ()) -> AddedDocuments:
        """Read a file within limits, and store its documents."""
        return self._run(add_read(self._engine, confined_read(path), collections))

    def listed(self, url_prefix: str = "", collection: str | None = None) -> Iterator[ListedDocument]:
        """Yield the documents by their urls."""
        after = ""
        while page := self._run(self._page(after, url_prefix, collection)):
            yield from page
            after = page[-1].url

    async def _page(self, after: str, url_prefix: str, collection: str | None) -> list[ListedDocument]:
        return await documents.documents(
            self._engine,
            documents.MAX_LISTED_DOCUMENTS,
            after,
            url_prefix=url_prefix,
            collection=collection,
        )

    def remove(self, url_prefix: str) -> int:
        """Remove the documents whose urls begin so. Count them."""
        return self._run(documents.remove(self._engine, url_prefix))

    def remove_one(self, document_id: int) -> None:
        """Remove a document."""
        self._run(documents.remove_one(self._engine, document_id))


Shelf = DatabaseShelf


def local_settings() -> Settings:
    """Settings under which documents go where they are searched. Raises BadSetting."""
    settings = load_settings()
    if settings.url and not settings.database_url:
        raise BadSetting(
            "Documents go straight into the database: set DATABASE_URL to that of the server at DOSSIER_URL."
        )
    return settings


@contextlib.contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Open the documents that the settings lead to. Raises BadSetting."""
    with database_shelf(ready_url(local_settings())) as shelf:
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
