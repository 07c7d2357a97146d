"""Send spans to an OpenTelemetry collector, over HTTP. Needs the extra `tracing`."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from uuid import UUID

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.tracing import Attributes, SpanKind

LOW_BITS = (1 << 64) - 1
SPAN_KINDS = {
    "internal": trace.SpanKind.INTERNAL,
    "client": trace.SpanKind.CLIENT,
    "server": trace.SpanKind.SERVER,
}
_wanted: ContextVar[UUID | None] = ContextVar("wanted", default=None)


class JobIds(RandomIdGenerator):
    """Gives the root of a job's trace the job's ids."""

    def generate_trace_id(self) -> int:
        """Return the id of a new trace."""
        job_id = _wanted.get()
        return job_id.int if job_id else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Return the id of a new span."""
        job_id = _wanted.get()
        return job_id.int & LOW_BITS if job_id else super().generate_span_id()


class OtlpSpan:
    """A span that is sent."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""
        self._span.update_name(name)

    def add(self, attributes: Attributes) -> None:
        """Say more about it."""
        self._span.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        """Say that it failed, and never with which words."""
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(trace.StatusCode.ERROR)


class OtlpTracer:
    """Records spans and sends them from a thread of its own.

    Which are kept, and headers for the collector, are settings of OpenTelemetry (OTEL_TRACES_SAMPLER,
    OTEL_EXPORTER_OTLP_HEADERS).
    """

    def __init__(self, endpoint: str, version: str) -> None:
        named = {"service.name": "dossier", "service.version": version}
        self._provider = TracerProvider(resource=Resource.create(named), id_generator=JobIds())
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("dossier", version)

    @contextlib.contextmanager
    def span(
        self, name: str, kind: SpanKind, attributes: Attributes, *, job_id: UUID | None, parent: str
    ) -> Iterator[OtlpSpan]:
        """Open a span in the current one or a job's trace."""
        within = _of_job(job_id) if job_id else _of_caller(parent) if parent else None
        opened = self._tracer.start_as_current_span(
            name,
            within,
            SPAN_KINDS[kind],
            attributes,
            record_exception=False,  # its words may quote what is secret
            set_status_on_exception=False,
        )
        with opened as current:
            span = OtlpSpan(current)
            try:
                yield span
            except BaseException as error:
                span.fail(type(error).__name__)
                raise

    def submitted(self, job_id: UUID) -> None:
        """Begin a job's trace, with a link to the current span."""
        asked = trace.get_current_span().get_span_context()
        links = [trace.Link(asked)] if asked.is_valid else []
        token = _wanted.set(job_id)
        try:
            about = {"dossier.job.id": str(job_id)}
            self._tracer.start_span("submit", context.Context(), attributes=about, links=links).end()
        finally:
            _wanted.reset(token)

    def trace_id(self) -> str:
        """Return the id of the current trace, or ""."""
        current = trace.get_current_span().get_span_context()
        return trace.format_trace_id(current.trace_id) if current.is_valid else ""

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _of_job(job_id: UUID) -> context.Context:
    root = trace.SpanContext(
        job_id.int, job_id.int & LOW_BITS, is_remote=True, trace_flags=trace.TraceFlags(1)
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(root), context.Context())


def _of_caller(traceparent: str) -> context.Context:
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, context.Context())
