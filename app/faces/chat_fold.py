"""Show a job as a chat completion.

Its progress is the reasoning, its report the content.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.faces.cited_urls import url_citations
from app.faces.log_lines import LogState
from app.faces.pieces import pieces
from app.faces.progress_text import progress
from dossier.event_types import JobEvent, job_event

DONE_FRAME = b"data: [DONE]\n\n"

_encode = msgspec.json.Encoder().encode


class ChatFold:
    """The chunks of one completion, as `app.faces.fold.Fold`."""

    def __init__(self, *, include_usage: bool = False) -> None:
        self.is_over = False
        self.state = LogState()
        self._include_usage = include_usage

    def feed(self, line: bytes) -> Sequence[bytes]:
        """Return the next event's chunks, and [DONE_FRAME] after the last."""
        event = job_event(line)
        self.state.take(event)
        found = [b"data: %b\n\n" % _encode(chunk) for chunk in self._chunks(event)]
        self.is_over = event.is_last
        return [*found, DONE_FRAME] if self.is_over else found

    def completion(self) -> dict[str, Any]:
        """Return the whole answer of a job that has a report."""
        state = self.state
        message = {
            "role": "assistant",
            "content": state.report,
            "refusal": None,
            "annotations": _annotations(state),
        }
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return self._head("chat.completion") | {"choices": [choice], "usage": usage(state)}

    def _chunks(self, event: JobEvent) -> Iterator[dict[str, Any]]:
        if event.type == "job_submitted":
            yield self._chunk({"role": "assistant", "content": ""}) | {"job_id": str(event.job_id)}
        elif event.type == "report_written":
            for piece in pieces(self.state.report):
                yield self._chunk({"content": piece})
            yield self._chunk({"annotations": _annotations(self.state)})
        elif event.is_last:
            yield from self._end(event)
        elif not self.state.is_copy(event) and (words := progress(event)):
            yield self._chunk({"reasoning_content": words + "\n\n"})

    def _end(self, event: JobEvent) -> Iterator[dict[str, Any]]:
        if event.status != "completed":
            yield self._chunk({}) | {"error": failure(self.state)}
            return
        yield self._chunk({}, "stop")
        if self._include_usage:
            yield self._head("chat.completion.chunk") | {"choices": [], "usage": usage(self.state)}

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return self._head("chat.completion.chunk") | {"choices": [choice]}

    def _head(self, kind: str) -> dict[str, Any]:
        state = self.state
        return {
            "id": f"chatcmpl-{state.job_id.hex}",
            "object": kind,
            "created": state.created_at,
            "model": state.model,
        }


def failure(state: LogState) -> dict[str, Any]:
    """Return why a job has no report, as OpenAI's clients expect."""
    kind, message = state.error or ("cancelled", "The job was cancelled.")
    return {"message": message, "type": "server_error", "param": None, "code": kind}


def usage(state: LogState) -> dict[str, Any]:
    """Return the tokens that the job was billed."""
    bill = state.bill
    return {
        "prompt_tokens": bill["input_tokens"],
        "prompt_tokens_details": {"cached_tokens": bill["cached_tokens"]},
        "completion_tokens": bill["output_tokens"],
        "completion_tokens_details": {"reasoning_tokens": bill["reasoning_tokens"]},
        "total_tokens": state.total_tokens,
    }


def _annotations(state: LogState) -> list[dict[str, Any]]:
    found = url_citations(state.report, state.sources)
    return [{"type": "url_citation", "url_citation": _without_type(one)} for one in found]


def _without_type(citation: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in citation.items() if name != "type"}
