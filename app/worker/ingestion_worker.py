"""Read the files that wait, and store their documents."""

import asyncio
import contextlib
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from app.document_adding import add_read, refusal_of, retitle
from app.errors import DatabaseUnavailable, ProviderError, QuotaExceeded
from app.ingest.extracted import ExtractedDocument, FileRead, tidy_title
from app.ingest.file_reader import FileReader
from app.providers.reader.page_reader import PageReader
from app.store import documents, originals
from app.store import ingestions as store
from app.store.database import Engine
from app.store.ingestions import ClaimedIngestion, IngestionChange
from app.store.wake import Hint, Wake
from app.worker import crash
from dossier.document_types import IngestionStatus

INGESTION_POLL = 30.0  # seconds between two looks without a hint
INGESTION_PAUSE = 2.0  # seconds after a fault
INGESTION_LEASE = timedelta(seconds=30)
TOLD_EVERY = 1.0  # seconds between two events of progress
FILES_AT_ONCE = 2  # of one worker
PRUNE_INGESTIONS_EVERY = 3600.0  # seconds
FILE_GONE = "The file is not there any more. Send it again."
NOT_ONE = "An archive cannot replace one document."
REPLACED_GONE = "The document that is to be replaced was deleted. Add it with POST /documents."

log = logging.getLogger(__name__)


class Unreadable(Exception):
    """What was sent gives no document, as the message says."""


class LostIngestion(Exception):
    """The file was cancelled, or another worker reads it now."""


class IngestionWorker:
    """Claims files, reads them, and tells how far each is."""

    def __init__(self, engine: Engine, wake: Wake, files: FileReader, pages: PageReader) -> None:
        self._engine = engine
        self._wake = wake
        self._files = files
        self._pages = pages
        self._bell = asyncio.Event()
        self._reading: dict[UUID, asyncio.Event] = {}  # set where something happened to the file
        self._prune_at = 0.0

    async def run(self) -> None:
        """Work until cancelled.

        What is under way then goes back, for another worker.
        """
        unsubscribe = self._wake.subscribe(self._hear)
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(FILES_AT_ONCE - 1):
                    tasks.create_task(self._work(looks=False))
                tasks.create_task(self._work(looks=True))
        finally:
            unsubscribe()

    def _hear(self, hint: Hint) -> None:
        if hint.everything or any(map(store.is_ingestion, hint.job_ids)):
            self._bell.set()
        for ingestion_id, happened in self._reading.items():
            if hint.everything or ingestion_id in hint.job_ids:
                happened.set()

    async def _work(self, *, looks: bool) -> None:
        """Work on file after file.

        One of several looks without a hint too.
        """
        wait = 0.0 if looks else INGESTION_POLL
        while True:
            with contextlib.suppress(TimeoutError):  # then the next look is due
                async with asyncio.timeout(wait if looks else None):
                    await self._bell.wait()
            self._bell.clear()
            wait = await self._try_all()

    async def _try_all(self) -> float:
        """Work until no file waits, and say when to look again."""
        try:
            while claimed := await store.claim_ingestion(self._engine, INGESTION_LEASE):
                self._bell.set()  # there may be more, for the others here
                await self._carry_out(claimed)
            await self._prune()
        except DatabaseUnavailable:
            log.debug("Files wait for Postgres.")
        except Exception:
            log.exception("A file could not be ingested; it is tried again.")
        else:
            return INGESTION_POLL
        await asyncio.sleep(INGESTION_PAUSE)
        return INGESTION_PAUSE

    async def _carry_out(self, claimed: ClaimedIngestion) -> None:
        """Ingest a file while its lease is prolonged."""
        self._tell(claimed)
        if claimed.is_given_up:
            await self._let_go(claimed)
            return
        happened = self._reading[claimed.ingestion_id] = asyncio.Event()
        ingesting = asyncio.create_task(self._ingest(claimed))
        beating = asyncio.create_task(self._beat(claimed, ingesting, happened))
        try:
            await asyncio.wait({ingesting})
        except asyncio.CancelledError:
            ingesting.cancel()
            await asyncio.gather(ingesting, return_exceptions=True)
            await self._give_back(claimed)
            raise
        finally:
            beating.cancel()
            del self._reading[claimed.ingestion_id]
        if ingesting.cancelled() or isinstance(ingesting.exception(), LostIngestion):
            log.warning("The file was cancelled, or another worker reads it now.", extra=_about(claimed))
        else:
            ingesting.result()
            await self._let_go(claimed)

    async def _beat(
        self, claimed: ClaimedIngestion, ingesting: asyncio.Task[None], happened: asyncio.Event
    ) -> None:
        """Prolong the lease until it is lost.

        It looks at once where something happened to the file, which may have been cancelled.
        """
        while True:
            with contextlib.suppress(TimeoutError):  # then the next beat is due
                async with asyncio.timeout(INGESTION_LEASE.total_seconds() / 3):
                    await happened.wait()
            happened.clear()
            with contextlib.suppress(DatabaseUnavailable, asyncpg.PostgresError):  # the next may come in time
                if not await store.beat_ingestion(self._engine, claimed, INGESTION_LEASE):
                    ingesting.cancel()

    async def _ingest(self, claimed: ClaimedIngestion) -> None:
        try:
            read = await self._read(claimed)
            crash.reached("after_reading")
            await self._store(claimed, read)
        except (Unreadable, QuotaExceeded, ProviderError) as error:
            why = str(error)
            await self._change(claimed, "ingestion_failed", "failed", {"error": why}, error=why)

    async def _read(self, claimed: ClaimedIngestion) -> FileRead:
        """Return what a file or page holds. Raises Unreadable, ProviderError."""
        read = await (self._page(claimed) if claimed.page else self._file(claimed))
        if not read.documents:
            raise Unreadable(refusal_of(read))
        if claimed.document_id is None:
            return read
        if len(read.documents) != 1 or read.documents[0].url != claimed.wanted.url:
            raise Unreadable(NOT_ONE)
        if await documents.find_document(self._engine, claimed.caller, claimed.document_id) is None:
            raise Unreadable(REPLACED_GONE)
        return read

    async def _page(self, claimed: ClaimedIngestion) -> FileRead:
        address = claimed.page or ""
        page = await self._pages.read_page(address)
        url, title = claimed.wanted.url or address, tidy_title(page.title) or address
        return FileRead([ExtractedDocument(url, title, page.text, page.metadata)])

    async def _file(self, claimed: ClaimedIngestion) -> FileRead:
        async with self._fetched(claimed) as path:
            if path is None:
                raise Unreadable(FILE_GONE)
            return await self._files.read(path, claimed.wanted.url or "", claimed.name)

    @contextlib.asynccontextmanager
    async def _fetched(self, claimed: ClaimedIngestion) -> AsyncIterator[Path | None]:
        """Bring a file onto the disk, while this is open."""
        with tempfile.NamedTemporaryFile(prefix="dossier-ingestion-") as file:
            size = 0
            async for piece in originals.pieces(self._engine, claimed.caller, claimed.original_id):
                size += await asyncio.to_thread(file.write, piece)
            file.flush()
            yield Path(file.name) if size == claimed.size else None

    async def _store(self, claimed: ClaimedIngestion, read: FileRead) -> None:
        wanted, total = claimed.wanted, len(read.documents)
        retitle(read, wanted.title)
        await self._change(claimed, "file_read", "running", {"documents": total}, done=0, total=total)
        told_at = time.monotonic()

        async def on_added(done: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= TOLD_EVERY:
                told_at = time.monotonic()
                await self._change(claimed, "documents_stored", "running", {"documents": done}, done=done)

        added = await add_read(
            self._engine,
            claimed.caller,
            read,
            wanted.collections,
            wanted.metadata,
            None if claimed.page else claimed.original_id,
            once=claimed.document_id is None,
            on_added=on_added,
        )
        counts = {"documents": total, "failed": len(read.failed), "skipped": len(read.skipped)}
        await self._change(claimed, "ingestion_completed", "completed", counts, done=total, result=added)

    async def _change(
        self,
        claimed: ClaimedIngestion,
        kind: str,
        status: IngestionStatus,
        data: Mapping[str, Any],
        **columns: Any,  # noqa: ANN401 - those of IngestionChange
    ) -> None:
        """Write an event. Raises LostIngestion."""
        if not await store.change_ingestion(
            self._engine, claimed, IngestionChange(kind, status, data, **columns)
        ):
            raise LostIngestion(f"{claimed.name} was cancelled, or is read by another worker.")
        self._tell(claimed)

    async def _give_back(self, claimed: ClaimedIngestion) -> None:
        """Let another worker begin at once.

        A stop in order costs no attempt.
        """
        with contextlib.suppress(DatabaseUnavailable, LostIngestion):  # the lease ends by itself
            await self._change(claimed, "attempt_released", "pending", {})

    async def _let_go(self, claimed: ClaimedIngestion) -> None:
        """Remove the file, unless a document has it."""
        await documents.remove_original(self._engine, claimed.caller, claimed.original_id)

    async def _prune(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_INGESTIONS_EVERY
            await store.prune_ingestions(self._engine)

    def _tell(self, claimed: ClaimedIngestion) -> None:
        self._wake.ring(Hint(frozenset({claimed.ingestion_id})))


def _about(claimed: ClaimedIngestion) -> dict[str, str]:
    return {"ingestion_id": str(claimed.ingestion_id), "file": claimed.name}
