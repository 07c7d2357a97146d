"""Spans of a process, if something records them.

Without that they cost nothing.

A job has a trace of its own, whose id is the job's: it outlives the request that submitted it, and many
attempts may follow. Its root links to that request. The names of the GenAI conventions are here alone.
"""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Literal, Protocol
from uuid import UUID

from app.domain.events import Usage

Attributes = Mapping[str, str | int | float | bool]
SpanKind = Literal["internal", "client", "server"]

AGENT_NAME = "dossier"
CALL_OPERATIONS = {"model": "chat", "judge": "chat", "embed": "embeddings"}  # of a call's kind; else a tool's


class Span(Protocol):
    """A part of the work, with its beginning and end."""

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""

    def add(self, attributes: Attributes) -> None:
        """Say more about it."""

    def fail(self, error_type: str) -> None:
        """Say that it failed, and never with which words."""


class Tracer(Protocol):
    """Records spans."""

    def span(
        self, name: str, kind: SpanKind, attributes: Attributes, *, job_id: UUID | None, parent: str
    ) -> AbstractContextManager[Span]:
        """Open a span in the current one or a job's trace."""

    def submitted(self, job_id: UUID) -> None:
        """Begin a job's trace, with a link to the current span."""

    def trace_id(self) -> str:
        """Return the id of the current trace, or ""."""


class _NoSpan:
    def rename(self, name: str) -> None:
        """Do nothing."""

    def add(self, attributes: Attributes) -> None:
        """Do nothing."""

    def fail(self, error_type: str) -> None:
        """Do nothing."""


_NO_SPAN: AbstractContextManager[Span] = contextlib.nullcontext(_NoSpan())
_recording: list[Tracer] = []  # one at most


def record_with(tracer: Tracer | None) -> None:
    """Let the process's spans be recorded, or no more."""
    _recording[:] = [tracer] if tracer else []


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: SpanKind = "internal",
    job_id: UUID | None = None,
    parent: str = "",
) -> AbstractContextManager[Span]:
    """Open a span.

    `job_id` puts it into that job's trace, `parent` is a caller's traceparent header.
    """
    if not _recording:
        return _NO_SPAN
    return _recording[0].span(name, kind, attributes or {}, job_id=job_id, parent=parent)


def note(name: str, attributes: Attributes, job_id: UUID) -> None:
    """Record something that is over already, in the trace of a job."""
    with span(name, attributes, job_id=job_id):
        pass


def submitted(job_id: UUID) -> None:
    """Begin the trace of a job, with a link to the request."""
    for tracer in _recording:
        tracer.submitted(job_id)


def trace_id(job_id: object) -> str:
    """Return the trace of a job, else the current one, or ""."""
    if not _recording:
        return ""
    return job_id.hex if isinstance(job_id, UUID) else _recording[0].trace_id()


def attempt_span(job_id: UUID, attributes: Attributes) -> AbstractContextManager[Span]:
    """Open the span of an attempt."""
    if not _recording:
        return _NO_SPAN
    named = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": AGENT_NAME}
    about = {**named, "gen_ai.conversation.id": str(job_id), **attributes}
    return span(f"invoke_agent {AGENT_NAME}", about, job_id=job_id)


def call_span(kind: str, provider: str) -> AbstractContextManager[Span]:
    """Open the span of one try of a call."""
    operation = CALL_OPERATIONS.get(kind, "execute_tool")
    about = {"gen_ai.operation.name": operation, "dossier.call.kind": kind}
    if operation == "execute_tool":
        named = {"gen_ai.tool.name": kind, "dossier.provider": provider}
        return span(f"execute_tool {kind}", {**about, **named}, kind="client")
    named = {"gen_ai.request.model": provider, "gen_ai.provider.name": provider}
    return span(f"{operation} {provider}", {**about, **named}, kind="client")


def usage_of(usage: Usage) -> Attributes:
    """Return what a call used, by its names."""
    used: dict[str, str | int | float | bool] = {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
    }
    return used if usage.cost_usd is None else {**used, "dossier.cost_usd": usage.cost_usd}
