"""The composition root: settings become an engine, providers, a worker, an application."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from litestar import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send

from app.api.access_notes import AccessLog, AccessNotes
from app.api.app import make_app, make_side_app
from app.api.context import ApiContext, DocumentShelf, KeyVault
from app.api.keyring import Keyring
from app.api.links import Links
from app.api.model_door import ModelDoor
from app.api.request_guard import AllowedHosts
from app.api.server import listen, side_server
from app.audit.notary import Notary, signer_of
from app.configuration import (
    master_keys,
    model_book,
    offered_by,
    reader_of,
    sign_in_door,
    terms_of,
    tracer_of,
)
from app.domain.signature import Signer
from app.ingest.file_reader import FileReader
from app.metrics import ProcessMetrics
from app.process_memory import settle
from app.providers.http import make_client
from app.providers.webhook_sender import WebhookSender
from app.settings import Settings
from app.store.database import POOL_SIZE, Engine, make_engine
from app.store.standby_reads import StandbyReads
from app.store.wake import Wake
from app.store.writer import Writer
from app.stream.hub import Hub
from app.toolmaking import TenantTools, Toolmaker, times_of
from app.tracing import record_with
from app.worker.attempt import Attempt
from app.worker.breaker import Times
from app.worker.ingestion_worker import IngestionWorker
from app.worker.passage_embedder import PassageEmbedder
from app.worker.presence import Outages
from app.worker.providers import Tools
from app.worker.researcher import Researcher
from app.worker.webhook_courier import WebhookCourier
from app.worker.worker import Pace, Perform, Worker

log = logging.getLogger(__name__)


class Mounted(Protocol):
    """Another protocol inside the API's process, over the API itself."""

    def running(self, api: ASGIApp, /) -> contextlib.AbstractAsyncContextManager[None]:
        """Serve while this is open."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""


class Container:
    """Everything that one process runs on."""

    def __init__(
        self, settings: Settings, url: str, *, pool_size: int = POOL_SIZE, process_key: str | None = None
    ) -> None:
        self.settings = settings
        self.url = url
        self.engine = make_engine(url, pool_size=pool_size)
        self.wake = Wake(self.engine, settings.listen_url or url)
        self.metrics = ProcessMetrics()
        self.writer = Writer(self.engine, self.wake, self.metrics)
        self.draining = asyncio.Event()
        self.force_stop = asyncio.Event()  # a second signal: end now
        self.reading = reading_of(settings, self.engine)
        self.hub = Hub(self.engine, self.wake, self.draining, settings.max_streams, self.reading)
        self.metrics.streams.set_function(lambda: len(self.hub.crowd))
        self.http = make_client()
        files = FileReader()
        self.reader = reader_of(settings, files.read_pdf)
        self.shelf = DocumentShelf(self.reader, settings.max_upload, files)
        self.toolmaker = Toolmaker(settings, self.engine, self.http, self.reader)
        self.sender = WebhookSender(settings.private_hosts)
        root = settings.root_path
        self.courier = WebhookCourier(self.engine, self.wake, self.sender, self.metrics, root=root)
        self.ingesting = IngestionWorker(self.engine, self.wake, files, self.reader)
        self.embedding = self._passage_embedder()
        self.signer: Signer | None = signer_of(settings.signing_key)
        self.sign_in = sign_in_door(settings, self.http)
        self.keyring = Keyring(self.engine, process_key, is_locked=self.sign_in is not None)
        self.access = AccessLog(self.engine, self.metrics)
        self.outages = Outages()
        self.drained = asyncio.Event()  # the worker of this process has stopped

    def _passage_embedder(self) -> PassageEmbedder | None:
        """What embeds documents, where that is on."""
        shared, embedders = self.toolmaker.shared_embedder, self.toolmaker.embedders
        if shared is None or embedders is None:
            return None
        return PassageEmbedder(self.engine, shared, embedders.of, self.metrics)

    def context(self) -> ApiContext:
        """What the routes work with."""
        context = ApiContext(
            self.writer,
            self.wake,
            self.hub,
            queue_limit=self.settings.queue_limit,
            terms=terms_of(self.settings),
            signer=self.signer,
            keyring=self.keyring,
            shelf=self.shelf,
        )
        context.reading = self.reading
        context.finder = self.toolmaker.finder.on(self.reading)
        context.links = Links(self.settings.root_path)
        context.sign_in = self.sign_in
        context.models = ModelDoor(model_book(self.settings))
        context.vault = KeyVault(master_keys(self.settings), self.settings.private_hosts)
        return context

    def worker(self, concurrency: int, perform: Perform | None = None) -> Worker:
        """A worker that does research, or whatever `perform` does."""
        settings = self.settings
        pace = Pace(
            concurrency,
            timedelta(seconds=settings.lease_seconds),
            timedelta(seconds=settings.job_seconds),
            settings.drain_seconds,
        )
        perform = perform or self.researching()
        return Worker(self.writer, self.wake, self.url, perform, pace, lambda: self.outages)

    def notary(self) -> Notary:
        """Who makes the checkpoints, as the settings say."""
        settings = self.settings
        file = Path(settings.checkpoint_file).expanduser() if settings.checkpoint_file else None
        return Notary(timedelta(seconds=settings.checkpoint_seconds), self.signer, file)

    def researching(self) -> Perform:
        """Research with the providers that the settings name."""
        tenants = TenantTools(
            self.engine, master_keys(self.settings), self.tools(), self.toolmaker.tenant_tools
        )

        async def perform(attempt: Attempt) -> None:
            tools = await attempt.writer.ask(lambda: tenants.of(attempt.job.tenant))
            await Researcher(tools, attempt).run()

        return perform

    def tools(self) -> Tools:
        """The providers: without keys, those that need no network."""
        return self.toolmaker.tools(self.breaker_changed)

    def times(self) -> Times:
        """How long the worker waits for its providers, as the settings say."""
        return times_of(self.settings)

    def breaker_changed(self, provider: str, said: str) -> None:
        """Show that a provider's breaker opened, or closed where nothing is `said`."""
        self.outages.note(provider, said)
        name = self.metrics.provider(provider)
        self.metrics.breaker_open.labels(name).set(bool(said))
        if not said:
            log.warning("A provider answers again.", extra={"provider": provider})
        else:
            about = {"provider": provider, "error": said}
            log.warning("A provider is away: its calls wait.", extra=about)
            self.metrics.breaker_openings.labels(name).inc()

    def app(self, concurrency: int = 0, mounts: Mapping[str, Mounted] | None = None) -> Litestar:
        """Return the application, with a worker beside it unless `concurrency` is 0.

        `mounts` are other protocols, by the path that they answer.
        """
        mounts = mounts or {}

        @contextlib.asynccontextmanager
        async def lifespan(app: Litestar) -> AsyncIterator[None]:
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(self.running(concurrency))
                for mount in mounts.values():
                    await stack.enter_async_context(mount.running(AccessNotes(app, self.access)))
                yield

        return make_app(self.context(), lifespan, mounts, offered_by(self.settings), self.settings.root_path)

    @contextlib.asynccontextmanager
    async def running(self, concurrency: int) -> AsyncIterator[None]:
        """Run hub, wake-ups and a worker while this is open.

        It closes once the worker has let go.
        """
        settle()
        tracer = tracer_of(self.settings)
        record_with(tracer)
        background = [_essential(self.wake.run()), _essential(self.hub.run())]
        working = []
        if concurrency:
            worker = self.worker(concurrency)
            working.append(_essential(worker.run()))
            working[0].add_done_callback(lambda _task: self.drained.set())
            background.append(_essential(self._drain(worker)))
            background.append(_essential(self.courier.run()))
            background.append(_essential(self.ingesting.run()))
            if self.embedding:
                background.append(_essential(self.embedding.run()))
            if self.settings.checkpoint_seconds:
                background.append(_essential(self.notary().run(self.engine)))
        try:
            yield
        finally:
            self.draining.set()
            await asyncio.gather(*working, return_exceptions=True)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await self.access.aclose()
            await self.reader.aclose()
            await self.shelf.files.aclose()
            await self.sender.aclose()
            await self.toolmaker.aclose()
            await self.http.aclose()
            await self.reading.dispose()
            await self.engine.dispose()
            if tracer:
                record_with(None)
                await asyncio.to_thread(tracer.close)

    async def _drain(self, worker: Worker) -> None:
        await self.draining.wait()
        worker.drain()
        await self.force_stop.wait()
        worker.hurry()


def reading_of(settings: Settings, primary: Engine) -> Engine:
    """Return the engine for what is only read."""
    return StandbyReads(settings.read_url, primary) if settings.read_url else primary


def _essential(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Start a task that the process cannot do without.

    If the task dies, the process logs it and ends.
    """

    def check(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.critical("A part of the process died; it ends.", exc_info=error)
            signal.raise_signal(signal.SIGTERM)

    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(check)
    return task


@contextlib.asynccontextmanager
async def showing(container: Container) -> AsyncIterator[None]:
    """Serve metrics and health on their own port, if one is set."""
    settings = container.settings
    if not settings.metrics_port:
        yield
        return
    sock = listen(settings.metrics_host, settings.metrics_port)
    hosts = AllowedHosts([*settings.hosts, settings.metrics_host])
    async with side_server(make_side_app(container.context()), sock, hosts):
        yield


async def run_worker(settings: Settings, url: str, concurrency: int) -> None:
    """Run a worker without an API until a signal or a drain.

    It works on up to `concurrency` jobs at a time. A second signal hurries it.
    """
    container = Container(settings, url)
    loop = asyncio.get_running_loop()

    def leave() -> None:
        (container.force_stop if container.draining.is_set() else container.draining).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)
    async with container.running(concurrency), showing(container):
        await first_of(container.draining, container.drained)


async def first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
