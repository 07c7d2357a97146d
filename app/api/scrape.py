"""Serve GET /metrics, for Prometheus."""

import asyncio
import time
from typing import get_args

import asyncpg
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.types import ASGIApp, HTTPSendMessage, Receive, Scope, Send

from app import tracing
from app.api.authentication import OPERATOR
from app.api.compression import SENT_AS_IS
from app.api.context import ApiContext
from app.api.contract import problems_of
from app.errors import DatabaseUnavailable
from app.metrics import CONTENT_TYPE_LATEST, ProcessMetrics
from app.store.queue_figures import QueueFigures, read_figures
from app.store.standby_reads import StandbyReads
from dossier.worker_types import WorkerState

QUERY_EVERY = 5.0  # seconds between two looks at the database, however often it is scraped
QUERY_SECONDS = 5.0  # after which the scrape goes on without the database's figures
WORKER_STATES = get_args(WorkerState)
FIRST_SERVER_ERROR = 500
STATUSES = ("pending", "running", "input_required", "cancelling")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Scrape:
    """What one process shows to Prometheus."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._looked = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def _metrics(self) -> ProcessMetrics:
        return self._context.writer.metrics

    async def text(self) -> bytes:
        """Return the figures.

        Those of the database are at most QUERY_EVERY seconds old.
        """
        async with self._lock:
            if time.monotonic() - self._looked >= QUERY_EVERY:
                await self._look()
                self._looked = time.monotonic()
        self._show_pool()
        return self._metrics.text()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                figures = await read_figures(self._context.writer.engine)
        except (DatabaseUnavailable, TimeoutError, asyncpg.PostgresError):  # the figure itself says so
            self._metrics.database_up.set(0)
        else:
            self._metrics.database_up.set(1)
            self._show(figures)

    def _show_pool(self) -> None:
        engine, shown = self._context.writer.engine, self._metrics
        used, idle, waiting = engine.connections()
        shown.pool.labels("used").set(used)
        shown.pool.labels("idle").set(idle)
        shown.pool_waiting.set(waiting)
        if isinstance(self._context.reading, StandbyReads):
            for server, count in self._context.reading.take_counts().items():
                shown.reads.labels(server).inc(count)
        shown.database_errors.inc(engine.failures)
        engine.failures = 0

    def _show(self, figures: QueueFigures) -> None:
        shown = self._metrics
        for status in STATUSES:
            shown.jobs.labels(status).set(figures.statuses.get(status, 0))
        shown.oldest_pending.set(figures.oldest_pending)
        shown.unheld.set(figures.unheld)
        for state in WORKER_STATES:
            shown.workers.labels(state).set(figures.workers.get(state, 0))
        shown.workers_busy.set(figures.workers_busy)
        shown.claims_paused.set(figures.claims_paused)
        shown.feed_lag.set(figures.feed_lag)
        shown.webhooks_waiting.set(figures.webhooks_waiting)
        shown.oldest_webhook.set(figures.oldest_webhook)
        shown.notify_queue.set(figures.notify_queue)


@get(
    "/metrics",
    opt={**OPERATOR, **SENT_AS_IS},  # the figures are those of all tenants
    media_type=MediaType.TEXT,
    responses=problems_of(),
    summary="Get the figures of this process, for Prometheus",
)
async def metrics(scrape: NamedDependency[Scrape]) -> Response[bytes]:
    """Return counters, gauges and histograms in the text format of Prometheus."""
    return Response(await scrape.text(), media_type=CONTENT_TYPE_LATEST)


class Meter:
    """Counts the requests of the application that it surrounds.

    A stream counts once Litestar hands it over, so its length is not a request's time.
    """

    def __init__(self, app: ASGIApp, figures: ProcessMetrics) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":  # type: ignore[comparison-overlap]
            await self._app(scope, receive, send)
            return
        status = [200]  # what a stream that is handed over begins with
        before = time.monotonic()
        with tracing.span("HTTP", kind="server", parent=_traceparent(scope)) as span:
            try:
                await self._app(scope, receive, _noting(send, status))
            except BaseException:
                status[0] = 500
                raise
            finally:
                self._count(scope, status[0], time.monotonic() - before, span)

    def _count(self, scope: Scope, status: int, seconds: float, span: tracing.Span) -> None:
        route = scope.get("path_template") or "unknown"
        method = str(scope.get("method"))
        method = method if method in METHODS else "other"
        self._figures.requests.labels(method, route, str(status)).inc()
        self._figures.request_seconds.labels(route).observe(seconds)
        span.rename(f"{method} {route}")
        about: tracing.Attributes = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
        }
        span.add(about)
        if status >= FIRST_SERVER_ERROR:
            span.fail(str(status))


def _traceparent(scope: Scope) -> str:
    found = (value for name, value in scope["headers"] if name == b"traceparent")
    return next(found, b"").decode("latin-1")


def _noting(send: Send, status: list[int]) -> Send:
    async def pass_on(message: HTTPSendMessage) -> None:
        if message["type"] == "http.response.start":
            status[0] = message["status"]
        await send(message)

    return pass_on  # type: ignore[return-value]
