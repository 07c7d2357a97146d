"""Count what one process does, in the form that Prometheus reads.

A label never holds what callers make up without bound: no job, no address, and only so many names of
models. Times are in seconds, and counters end in `_total`.
"""

import time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from dossier.version import __version__

__all__ = ["CONTENT_TYPE_LATEST", "ProcessMetrics"]

MAX_PROVIDERS = 50  # names of providers and models that have labels of their own; the rest share one
OTHER = "other"

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LONG_WAITS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Timing:
    """Observes how long a block takes, unless it raises."""

    __slots__ = ("_before", "_histogram")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram

    def __enter__(self) -> None:
        self._before = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._histogram.observe(time.monotonic() - self._before)


class ProcessMetrics:
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._providers: set[str] = set()
        self._outcomes: dict[str, tuple[Counter, Histogram]] = {}
        self._define_http()
        self._define_worker()
        self._define_calls()
        self._define_store()
        self._define_embedding()
        self._define_webhooks()
        self._define_queue()
        self._gauge("build_info", "The version that runs.", "version").labels(__version__).set(1)

    def _define_http(self) -> None:
        self.requests = self._counter("http_requests", "Requests answered.", "method", "route", "status")
        self.request_seconds = self._histogram(
            "http_request_seconds", "Until an answer was made; of a stream, until it began.", QUICK, "route"
        )
        self.streams = self._gauge("streams_open", "Readers of streams.")
        self.access_waiting = self._gauge("access_log_waiting", "Entries of the access log to be written.")
        self.access_dropped = self._counter("access_log_dropped", "Entries of the access log that were lost.")

    def _define_worker(self) -> None:
        self.slots = self._gauge("worker_slots", "Jobs that this process may work on at once.")
        self.slots_used = self._gauge("worker_slots_used", "Jobs that this process works on.")
        self.claim_seconds = self._histogram("claim_seconds", "One claim of jobs.", QUICK)
        self.queue_wait = self._histogram(
            "queue_wait_seconds", "From submission to the first claim.", LONG_WAITS
        )
        self.attempts = self._counter("attempts", "Attempts ended.", "outcome")
        self._begin(self.attempts, "completed", "failed")
        self.attempt_seconds = self._histogram("attempt_seconds", "One attempt.", LONG_WAITS, "outcome")
        self.leases_lost = self._counter("leases_lost", "Leases that this process lost while it worked.")
        self.rescues = self._counter("rescues", "Jobs taken from a silent or late worker.", "cause")

    def _define_calls(self) -> None:
        told = ("kind", "provider")
        self.calls = self._counter("calls", "Tries of calls to providers.", *told, "outcome")
        self.call_seconds = self._histogram("call_seconds", "One try of a call.", LONG_WAITS, *told)
        self.tokens = self._counter("tokens", "Tokens of models, as they say.", "provider", "direction")
        self.cost = self._counter("cost_usd", "Known cost of calls, in US dollars.", "provider")
        self.unpriced = self._counter("calls_of_unknown_cost", "Calls whose price is not known.", "provider")
        self.breaker_open = self._gauge("breaker_open", "1 while calls wait for the provider.", "provider")
        self.breaker_openings = self._counter("breaker_openings", "Outages of a provider begun.", "provider")

    def _define_embedding(self) -> None:
        self.embedded = self._counter("passages_embedded", "Passages of documents that got a vector.")
        self.embedding_batches = self._counter("embedding_batches", "Requests for vectors.", "outcome")
        self._begin(self.embedding_batches, "made", "failed", "refused")
        self.rerankings = self._counter(
            "rerankings", "Searches of documents that were sorted again.", "outcome"
        )
        self._begin(self.rerankings, "sorted", "failed")
        self.unembedded = self._gauge(
            "documents_unembedded", "Documents that wait for vectors, of all tenants."
        )
        self.embedding_seconds = self._histogram("embedding_seconds", "One request for vectors.", QUICK)

    def _define_webhooks(self) -> None:
        self.webhook_tries = self._counter("webhook_tries", "Tries of webhook messages.", "outcome")
        self._begin(self.webhook_tries, "delivered", "failed", "given_up")
        self.webhook_seconds = self._histogram("webhook_seconds", "One try of a webhook message.", QUICK)

    def _define_store(self) -> None:
        self.events = self._counter("events_appended", "Events written.")
        self.append_seconds = self._histogram("append_seconds", "One append of a batch.", QUICK)
        self.pool = self._gauge("pool_connections", "Connections to Postgres.", "state")
        self.pool_waiting = self._gauge("pool_waiting", "Statements that wait for a connection.")
        self.reads = self._counter("reads", "Statements that only read.", "server")
        self.database_errors = self._counter("database_errors", "Statements that found Postgres away.")

    def _define_queue(self) -> None:
        """Define what is the same in every process.

        Aggregate it with `max`, not `sum`.
        """
        self.database_up = self._gauge("database_up", "1 if Postgres answered this scrape.")
        self.jobs = self._gauge("jobs", "Jobs that are not over.", "status")
        self.oldest_pending = self._gauge("oldest_pending_seconds", "Wait of the first job in the queue.")
        self.unheld = self._gauge("jobs_unheld", "Running jobs without a live lease.")
        self.workers_busy = self._gauge("workers_busy", "Workers that hold a job.")
        self.workers = self._gauge("workers", "Workers that beat within the last hour.", "state")
        self.claims_paused = self._gauge("claims_paused", "1 while all workers are paused.")
        self.feed_lag = self._gauge("feed_lag_seconds", "Age of the first event that the feed withholds.")
        self.webhooks_waiting = self._gauge("webhooks_waiting", "Webhook messages that wait.")
        self.oldest_webhook = self._gauge("oldest_webhook_seconds", "Age of the first message that waits.")
        self.notify_queue = self._gauge("notify_queue_ratio", "Used part of Postgres's queue of NOTIFY.")

    def of_outcome(self, outcome: str) -> tuple[Counter, Histogram]:
        """Return how many attempts ended so, and how long they took."""
        if outcome not in self._outcomes:
            self._outcomes[outcome] = self.attempts.labels(outcome), self.attempt_seconds.labels(outcome)
        return self._outcomes[outcome]

    def provider(self, name: str) -> str:
        """Return the label of a provider, `other` once there are many."""
        if name not in self._providers and len(self._providers) >= MAX_PROVIDERS:
            return OTHER
        self._providers.add(name)
        return name

    def timing(self, histogram: Histogram) -> "Timing":
        """Observe how long this takes, unless it raises."""
        return Timing(histogram)

    def text(self) -> bytes:
        """Return everything, as a scrape gets it."""
        return generate_latest(self.registry)

    def _begin(self, counter: Counter, *outcomes: str) -> None:
        """Show outcomes at 0.

        Prometheus sees no increase where a series begins at 1.
        """
        for outcome in outcomes:
            counter.labels(outcome)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, namespace="dossier", registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(name, about, labels, namespace="dossier", registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, namespace="dossier", registry=self.registry, buckets=buckets)
