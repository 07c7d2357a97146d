"""What the routes work with: the log, the hub, and shared reads."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache, partial
from uuid import UUID

from app.api.keyring import Keyring
from app.api.links import Links
from app.api.model_door import ModelDoor
from app.api.past import until
from app.api.problem_details import BadRequest
from app.api.sign_in_door import SignInDoor
from app.document_finding import DocumentFinder
from app.domain.caller import Caller
from app.domain.job import Job
from app.domain.master_key import MasterKeys
from app.domain.row import Row
from app.domain.signature import Signer
from app.domain.view import job_view
from app.errors import Busy, DatabaseUnavailable, JobArchived, JobNotFound, QueueFull, Unauthorised
from app.handle import Terms, load
from app.ingest.file_reader import FileReader
from app.providers.reader.fetching import Fetcher
from app.providers.reader.page_reader import PageReader
from app.store import log, queue, reads
from app.store.batch import Batch
from app.store.renewed_value import RenewedValue
from app.store.wake import Wake
from app.store.writer import Writer
from app.stream.hub import Hub
from dossier.job_types import JobView

TENANTS = 1_000  # whose batches one process keeps
MAX_UPLOAD = 100_000_000  # bytes of a file, where no setting says otherwise
MAX_REPLAYS = 8  # running or waiting, in one process
MAX_BUNDLES = 2  # that are being written, in one process, one of each tenant; others wait
ARCHIVED_MESSAGE = (
    "The month of this job is archived: its events are in a file, not in the database. Check the file with "
    "`dossier archive verify`, or attach the month again."
)
MISSING = (
    "Events of this job are missing: its month is being archived, or events were deleted. "
    "`dossier verify` says which."
)
COUNT_EVERY = 1.0  # seconds between two counts of the queue


class DocumentShelf:
    """What reads documents that are sent.

    Args:
        pages: reads a page of the web.
        max_upload: bytes of a file.
        files: reads files, each in a process of its own.
    """

    def __init__(
        self,
        pages: PageReader | None = None,
        max_upload: int = MAX_UPLOAD,
        files: FileReader | None = None,
    ) -> None:
        self.files = files or FileReader()
        self.pages = pages or PageReader(Fetcher(), read_pdf=self.files.read_pdf)
        self.max_upload = max_upload


class KeyVault:
    """What keeps keys that tenants have with providers.

    Args:
        masters: seal them.
        private_hosts: that they may be sent to without TLS.
    """

    def __init__(self, masters: MasterKeys | None = None, private_hosts: Sequence[str] = ()) -> None:
        self.masters = masters or MasterKeys(())
        self.private_hosts = private_hosts


class ReplayGate:
    """Lets one replay at a time through, because it takes a core."""

    def __init__(self) -> None:
        self._here = 0
        self._lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Wait for the replays before. Raises Busy if too many wait."""
        if self._here >= MAX_REPLAYS:
            raise Busy(f"{MAX_REPLAYS} replays are running or waiting. Try again when some have ended.")
        self._here += 1
        try:
            async with self._lock:
                yield
        finally:
            self._here -= 1


class ApiContext:
    """The collaborators of the routes of one process.

    A route has one that is bound to its caller, and sees nothing of other tenants.
    """

    def __init__(
        self,
        writer: Writer,
        wake: Wake,
        hub: Hub,
        *,
        queue_limit: int,
        terms: Terms,
        signer: Signer | None = None,
        keyring: Keyring | None = None,
        shelf: DocumentShelf | None = None,
    ) -> None:
        self.writer = writer
        self.reading = writer.engine  # for what is only read
        self.wake = wake
        self.hub = hub
        self.terms = terms
        self.signer = signer
        self.links = Links()
        self.keyring = keyring or Keyring(writer.engine)
        self.finder = DocumentFinder(writer.engine)
        self.models = ModelDoor(None)
        self.vault = KeyVault()
        self.sign_in: SignInDoor | None = None
        self.shelf = shelf or DocumentShelf()
        self._bundling = asyncio.Semaphore(MAX_BUNDLES)
        self._bundling_of = lru_cache(TENANTS)(lambda _tenant: asyncio.Semaphore(1))
        self.queue_limit = queue_limit
        self._caller: Caller | None = None
        self._waiting = RenewedValue(lambda: queue.waiting(writer.engine, queue_limit))
        self._replays = ReplayGate()
        self._views: Callable[[str], Batch[UUID, JobView | None]]
        self._views = lru_cache(TENANTS)(lambda tenant: Batch(partial(self._read_views, Caller(tenant))))
        self._heads: Callable[[str], Batch[UUID, reads.LogHead | None]]
        self._heads = lru_cache(TENANTS)(lambda tenant: Batch(partial(self._read_heads, Caller(tenant))))
        self.of = lru_cache(TENANTS)(self._of)

    def _of(self, caller: Caller | None) -> "ApiContext":
        """Return this context for one caller."""
        bound = copy.copy(self)
        bound._caller = caller  # noqa: SLF001 - of this class
        return bound

    @property
    def caller(self) -> Caller:
        """Return who sends the request. Raises Unauthorised for nobody."""
        if self._caller is None:
            raise Unauthorised("Send a valid key: Authorization: Bearer dsk_…")
        return self._caller

    async def has_stream_room(self) -> bool:
        """Tell whether the caller's tenant may open one more stream here."""
        tenant = self.caller.tenant
        try:
            most = await self.writer.quotas.most_streams(tenant)
        except DatabaseUnavailable:  # which the stream waits for
            return True
        return most is None or self.keyring.count_streams(tenant) < most

    @contextlib.asynccontextmanager
    async def bundling(self) -> AsyncIterator[None]:
        """Wait for room to write a bundle or a long report.

        One tenant's flood of them leaves a place for the others.
        """
        async with self._bundling_of(self.caller.tenant), self._bundling:
            yield

    async def view(self, job_id: UUID) -> JobView:
        """Return the job as it is now.

        Requests that arrive together share a query. Raises JobNotFound.
        """
        view = await self._views(self.caller.tenant).ask(job_id)
        if view is None:
            raise JobNotFound(str(job_id))
        return view

    async def past(self, job_id: UUID, at: str) -> JobView:
        """Return the job as it was at a seq or a time.

        Raises JobNotFound and BadRequest.
        """
        is_past = until(at, await self.head(job_id))
        job = await log.past(self.reading, self.caller, job_id, is_past)
        if not job.exists:
            raise BadRequest("not_yet_submitted", "The job did not exist at that time.", "at")
        return job_view(job)

    def replaying(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Allow one replay at a time, and a few to wait.

        Raises Busy.
        """
        return self._replays.passed()

    async def _read_views(self, caller: Caller, job_ids: Sequence[UUID]) -> list[JobView | None]:
        found = await reads.views(self.reading, caller, job_ids)
        return [found.get(job_id) for job_id in job_ids]

    async def head(self, job_id: UUID) -> reads.LogHead:
        """Return how far the job's log goes.

        Readers who reconnect together share a query.

        Raises JobNotFound, and JobArchived where the events are elsewhere.
        """
        head = await self._heads(self.caller.tenant).ask(job_id)
        if head is None:
            raise JobNotFound(str(job_id))
        if head.is_archived:
            raise JobArchived(ARCHIVED_MESSAGE)
        return head

    async def pages(self, job_id: UUID, until: int | None = None) -> AsyncIterator[list[Row]]:
        """Yield a job's log by pages, until a seq or its end.

        Raises JobNotFound, JobArchived.
        """
        head = await self.head(job_id)
        seq, end = 0, until or head.seq
        async for rows in log.pages(self.reading, self.caller, job_id):
            page = rows[: end - seq]
            seq += len(page)
            yield page
            if seq == end:
                return
        raise JobArchived(MISSING)

    async def _read_heads(self, caller: Caller, job_ids: Sequence[UUID]) -> list[reads.LogHead | None]:
        found = await reads.own_heads(self.reading, caller, job_ids)
        return [found.get(job_id) for job_id in job_ids]

    async def load(self, job_id: UUID) -> Job:
        """Load the job from its log, for a change to it.

        Raises JobNotFound and JobArchived.
        """
        await self.head(job_id)  # raises where it is not the caller's, or its events are elsewhere
        job = await load(self.writer, job_id)
        if job.tenant != self.caller.tenant:
            raise JobNotFound(str(job_id))
        return job

    async def admit(self) -> None:
        """Refuse new jobs while too many wait.

        The count is up to a second old. Raises QueueFull.
        """
        if await self.waiting() >= self.queue_limit:
            raise QueueFull(f"{self.queue_limit} jobs are waiting. Try again when some have started.")

    async def waiting(self) -> int:
        """Count the jobs that wait, up to the queue's limit.

        The count is up to a second old.
        """
        return await self._waiting.get(COUNT_EVERY)
