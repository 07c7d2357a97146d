"""The blocking client: the asynchronous one, run in a thread."""

import contextlib
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from dossier.asynchronous import CONTACT_PATIENCE, AsyncDossier
from dossier.loop_thread import LoopThread

ParamsT = ParamSpec("ParamsT")
ResultT = TypeVar("ResultT")


def _blocking(
    method: Callable[Concatenate[AsyncDossier, ParamsT], Awaitable[ResultT]],
) -> Callable[Concatenate["Dossier", ParamsT], ResultT]:
    """Wrap a method for callers that wait."""

    @functools.wraps(method)
    def call(self: "Dossier", /, *args: ParamsT.args, **kwargs: ParamsT.kwargs) -> ResultT:
        return self._thread.run(method, self._inner, *args, **kwargs)

    return call


def _iterating(
    method: Callable[Concatenate[AsyncDossier, ParamsT], AsyncGenerator[ResultT, None]],
) -> Callable[Concatenate["Dossier", ParamsT], Iterator[ResultT]]:
    """Wrap a method for callers that loop."""

    @functools.wraps(method)
    def call(self: "Dossier", /, *args: ParamsT.args, **kwargs: ParamsT.kwargs) -> Iterator[ResultT]:
        items = method(self._inner, *args, **kwargs)
        try:
            while True:
                try:
                    item = self._thread.run(anext, items)
                except StopAsyncIteration:
                    return
                yield item
        except GeneratorExit:  # the caller has seen enough; every other error has ended `items` already
            with contextlib.suppress(RuntimeError):  # the client is closed
                self._thread.run(items.aclose)
            raise

    return call


class Dossier:
    """A Dossier server's jobs, for code without asyncio.

    Use it in `with`, or call `close`.

    Its methods are those of AsyncDossier. One client may be used from several threads.
    """

    def __init__(
        self, url: str | None = None, *, patience: float = CONTACT_PATIENCE, api_key: str | None = None
    ) -> None:
        """Connect to `url`.

        The default is DOSSIER_URL, else port 8000 of this machine.

        Args:
            url: Such as "https://dossier.example.com".
            patience: Seconds without any contact until `stream` and `result` raise NoContact.
            api_key: Such as "dsk_…"; the default is DOSSIER_API_KEY, and no key where that is not set.

        Raises:
            BadUrl: The URL is not one of a server.
        """
        self._inner = AsyncDossier(url, patience=patience, api_key=api_key)
        self._thread = LoopThread("dossier client")
        self.url = self._inner.url

    submit = _blocking(AsyncDossier.submit)
    fork = _blocking(AsyncDossier.fork)
    job = _blocking(AsyncDossier.job)
    jobs = _blocking(AsyncDossier.jobs)
    iter_jobs = _iterating(AsyncDossier.iter_jobs)
    result = _blocking(AsyncDossier.result)
    cancel = _blocking(AsyncDossier.cancel)
    finish = _blocking(AsyncDossier.finish)
    answer = _blocking(AsyncDossier.answer)
    report = _blocking(AsyncDossier.report)
    report_docx = _blocking(AsyncDossier.report_docx)
    claims = _blocking(AsyncDossier.claims)
    bundle = _blocking(AsyncDossier.bundle)
    replay = _blocking(AsyncDossier.replay)
    diff = _blocking(AsyncDossier.diff)
    document_embedding = _blocking(AsyncDossier.document_embedding)
    search_documents = _blocking(AsyncDossier.search_documents)
    document = _blocking(AsyncDossier.document)
    add_document = _blocking(AsyncDossier.add_document)
    submit_document = _blocking(AsyncDossier.submit_document)
    submit_replacement = _blocking(AsyncDossier.submit_replacement)
    ingestion = _blocking(AsyncDossier.ingestion)
    ingestions = _blocking(AsyncDossier.ingestions)
    cancel_ingestion = _blocking(AsyncDossier.cancel_ingestion)
    ingested = _blocking(AsyncDossier.ingested)
    replace_document = _blocking(AsyncDossier.replace_document)
    documents = _blocking(AsyncDossier.documents)
    iter_documents = _iterating(AsyncDossier.iter_documents)
    get_document = _blocking(AsyncDossier.get_document)
    document_text = _blocking(AsyncDossier.document_text)
    document_original = _blocking(AsyncDossier.document_original)
    delete_document = _blocking(AsyncDossier.delete_document)
    stream = _iterating(AsyncDossier.stream)
    capabilities = _blocking(AsyncDossier.capabilities)
    estimate = _blocking(AsyncDossier.estimate)
    create_webhook = _blocking(AsyncDossier.create_webhook)
    webhooks = _blocking(AsyncDossier.webhooks)
    delete_webhook = _blocking(AsyncDossier.delete_webhook)
    rotate_webhook = _blocking(AsyncDossier.rotate_webhook)
    enable_webhook = _blocking(AsyncDossier.enable_webhook)
    webhook_deliveries = _blocking(AsyncDossier.webhook_deliveries)
    resend_webhook = _blocking(AsyncDossier.resend_webhook)
    create_key = _blocking(AsyncDossier.create_key)
    keys = _blocking(AsyncDossier.keys)
    revoke_key = _blocking(AsyncDossier.revoke_key)
    set_provider_key = _blocking(AsyncDossier.set_provider_key)
    provider_keys = _blocking(AsyncDossier.provider_keys)
    remove_provider_key = _blocking(AsyncDossier.remove_provider_key)
    share = _blocking(AsyncDossier.share)
    create_tenant = _blocking(AsyncDossier.create_tenant)
    tenants = _blocking(AsyncDossier.tenants)
    suspend_tenant = _blocking(AsyncDossier.suspend_tenant)
    resume_tenant = _blocking(AsyncDossier.resume_tenant)
    quotas = _blocking(AsyncDossier.quotas)
    set_quota = _blocking(AsyncDossier.set_quota)
    stream_token = _blocking(AsyncDossier.stream_token)
    access = _blocking(AsyncDossier.access)
    shares = _blocking(AsyncDossier.shares)
    revoke_share = _blocking(AsyncDossier.revoke_share)
    mark = _blocking(AsyncDossier.mark)
    library = _blocking(AsyncDossier.library)
    save_filter = _blocking(AsyncDossier.save_filter)
    delete_filter = _blocking(AsyncDossier.delete_filter)
    costs = _blocking(AsyncDossier.costs)
    workers = _blocking(AsyncDossier.workers)
    queue = _blocking(AsyncDossier.queue)
    pause_workers = _blocking(AsyncDossier.pause_workers)
    resume_workers = _blocking(AsyncDossier.resume_workers)
    drain_worker = _blocking(AsyncDossier.drain_worker)
    requeue = _blocking(AsyncDossier.requeue)
    retry = _blocking(AsyncDossier.retry)
    events = _blocking(AsyncDossier.events)
    iter_events = _iterating(AsyncDossier.iter_events)
    feed = _blocking(AsyncDossier.feed)
    iter_feed = _iterating(AsyncDossier.iter_feed)

    def close(self) -> None:
        """Close the connections and end the thread."""
        if self._thread.is_open:
            try:
                self._thread.run(self._inner.close)
            finally:
                self._thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
