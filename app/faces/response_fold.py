"""Show a job as OpenAI's Responses API does.

It has items, and a stream of typed events.

The shapes are those of the Open Responses specification (2026-04). Clients validate the order: items
are numbered as they are opened, and an event of an item names it. `sequence_number` counts the frames
from 0, so that a replay of the log numbers them alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.faces.cited_urls import url_citations
from app.faces.log_lines import LogState
from app.faces.pieces import pieces
from app.faces.progress_text import progress
from dossier.event_types import JobEvent, job_event

STATUS_WORDS = {
    "pending": "queued",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}  # every other one is "in_progress"
EFFORTS = {"quick": "low", "standard": "medium", "deep": "high"}
UNUSED: dict[str, Any] = {  # what Open Responses wants of each response, as their defaults
    "temperature": 1.0,
    "top_p": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "top_logprobs": 0,
    "user": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
}
ERROR_CODES = {"rate_limit": "rate_limit_exceeded"}  # every other one is "server_error"

Frame = dict[str, Any]
Item = dict[str, Any]

_encode = msgspec.json.Encoder().encode


class ResponseFold:
    """The stream of one response, as `app.faces.fold.Fold`.

    Args:
        is_stored: whether the response can be fetched again.
    """

    def __init__(self, *, is_stored: bool = True) -> None:
        self.is_over = False
        self._is_stored = is_stored
        self.state = LogState()
        self._items: list[Item] = []
        self._places: dict[str, int] = {}  # the id of an item -> its index
        self._open: dict[str, int] = {}  # the key of a call -> the index of its item
        self._number = 0
        self._is_started = False

    def feed(self, line: bytes) -> Sequence[bytes]:
        """Return the frames of the next event of the log."""
        event = job_event(line)
        self.state.take(event)
        found = [self._numbered(frame) for frame in self._frames(event)]
        self.is_over = event.is_last
        return found

    def response(self) -> dict[str, Any]:
        """Return the response as it is now."""
        state, request = self.state, self.state.request
        return {
            "id": response_id(state.job_id.hex),
            "object": "response",
            "created_at": state.created_at,
            "status": STATUS_WORDS.get(state.status, "in_progress"),
            "background": True,
            "completed_at": state.ended_at if state.status == "completed" else None,
            "error": _error(state),
            "incomplete_details": None,
            "instructions": request.get("instructions") or None,
            "max_output_tokens": None,
            "max_tool_calls": request.get("limits", {}).get("max_searches"),
            "model": state.model,
            "output": self._items,
            "parallel_tool_calls": True,
            "previous_response_id": response_id(state.origin.hex) if state.origin else None,
            "reasoning": {"effort": EFFORTS.get(request.get("effort", "standard")), "summary": "auto"},
            "service_tier": "default",
            "store": self._is_stored,
            "text": {"format": _format(request)},
            "tool_choice": "auto",
            "tools": _tools(request),
            **UNUSED,
            "truncation": "disabled",
            "usage": _usage(state) if self.is_over or state.ended_at else None,
            "metadata": request.get("metadata", {}),
        }

    def input_item(self) -> dict[str, Any]:
        """Return the question as an input item."""
        text = self.state.instruction or self.state.request.get("query", "")
        return {
            "id": f"msg_{self.state.job_id.hex}_input",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_text", "text": text}],
        }

    def _numbered(self, frame: Frame) -> bytes:
        frame["sequence_number"] = self._number
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (frame["type"].encode(), _encode(frame))

    def _frames(self, event: JobEvent) -> Iterator[Frame]:
        if event.type == "job_submitted":
            yield from self._states("created", "queued")
        elif event.type == "job_forked":  # says what the response before was
            yield from self._states("queued")
        elif event.type == "attempt_started" and not self._is_started:
            self._is_started = True
            yield from self._states("in_progress")
        elif event.type == "report_written":
            yield from self._message(event)
        elif event.is_last:
            yield from self._end(event)
        elif not self.state.is_copy(event):
            yield from self._news(event)

    def _news(self, event: JobEvent) -> Iterator[Frame]:
        if event.type == "call_requested" and event.data["kind"] in _ACTIONS:
            yield from self._call(event)
        elif event.type in {"call_completed", "call_failed"}:
            yield from self._call_ended(event.data["key"], event.type.removeprefix("call_"))
        elif words := progress(event):
            yield from self._reasoning(words)

    def _states(self, *names: str) -> Iterator[Frame]:
        for name in names:
            yield {"type": f"response.{name}", "response": self.response()}

    def _call(self, event: JobEvent) -> Iterator[Frame]:
        key, kind = event.data["key"], event.data["kind"]
        if key in self._open:  # a worker died; the same call is made again
            return
        item = {
            "id": f"ws_{event.job_id.hex}_{len(self._items)}",
            "type": "web_search_call",
            "status": "in_progress",
            "action": _ACTIONS[kind](event.data["about"]),
        }
        self._open[key] = len(self._items)
        yield self._added(item)
        yield self._of_item("response.web_search_call.in_progress", item)
        yield self._of_item("response.web_search_call.searching", item)

    def _call_ended(self, key: str, status: str) -> Iterator[Frame]:
        index = self._open.pop(key, None)
        if index is None:
            return
        item = self._items[index] = {**self._items[index], "status": status}
        if status == "completed":
            yield self._of_item("response.web_search_call.completed", item)
        yield self._done(item)

    def _reasoning(self, words: str) -> Iterator[Frame]:
        part = {"type": "summary_text", "text": words}
        item: Item = {"id": f"rs_{self.state.job_id.hex}_{len(self._items)}", "type": "reasoning"}
        item["summary"] = []
        yield self._added(item)
        about = {"item_id": item["id"], "output_index": len(self._items) - 1, "summary_index": 0}
        name = "response.reasoning_summary"
        yield {"type": f"{name}_part.added", **about, "part": {"type": "summary_text", "text": ""}}
        yield {"type": f"{name}_text.delta", **about, "delta": words}
        yield {"type": f"{name}_text.done", **about, "text": words}
        yield {"type": f"{name}_part.done", **about, "part": part}
        self._items[-1] = item = {**item, "summary": [part]}
        yield self._done(item)

    def _message(self, event: JobEvent) -> Iterator[Frame]:
        text = self.state.report
        item: Item = {
            "id": f"msg_{event.job_id.hex}_{len(self._items)}",
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        yield self._added(item)
        about = {"item_id": item["id"], "output_index": len(self._items) - 1, "content_index": 0}
        yield {"type": "response.content_part.added", **about, "part": part}
        for piece in pieces(text):
            yield {"type": "response.output_text.delta", **about, "delta": piece, "logprobs": []}
        citations = url_citations(text, self.state.sources)
        for number, citation in enumerate(citations):
            yield {
                "type": "response.output_text.annotation.added",
                **about,
                "annotation_index": number,
                "annotation": citation,
            }
        part = {**part, "text": text, "annotations": citations}
        yield {"type": "response.output_text.done", **about, "text": text, "logprobs": []}
        yield {"type": "response.content_part.done", **about, "part": part}
        self._items[-1] = item = {**item, "status": "completed", "content": [part]}
        yield self._done(item)

    def _end(self, event: JobEvent) -> Iterator[Frame]:
        for key in tuple(self._open):
            yield from self._call_ended(key, "failed")
        name = {"completed": "completed", "failed": "failed"}.get(event.status, "incomplete")
        yield {"type": f"response.{name}", "response": self.response()}

    def _added(self, item: Item) -> Frame:
        place = self._places[item["id"]] = len(self._items)
        self._items.append(item)
        return {"type": "response.output_item.added", "output_index": place, "item": item}

    def _done(self, item: Item) -> Frame:
        return self._about("response.output_item.done", item) | {"item": item}

    def _of_item(self, name: str, item: Item) -> Frame:
        return self._about(name, item) | {"item_id": item["id"]}

    def _about(self, name: str, item: Item) -> Frame:
        return {"type": name, "output_index": self._places[item["id"]]}


def response_id(job_hex: str) -> str:
    """Return the id under which this protocol knows a job."""
    return f"resp_{job_hex}"


_ACTIONS = {
    "search": lambda about: {"type": "search", "query": about, "queries": [about]},
    "read": lambda about: {"type": "open_page", "url": about},
}


def _error(state: LogState) -> dict[str, str] | None:
    if state.error is None:
        return None
    kind, message = state.error
    return {"code": ERROR_CODES.get(kind, "server_error"), "message": message}


def _tools(request: dict[str, Any]) -> list[dict[str, Any]]:
    tool: dict[str, Any] = {"type": "web_search"}
    if domains := request.get("sources", {}).get("allowed_domains"):
        tool["filters"] = {"allowed_domains": domains}
    return [tool]


def _format(request: dict[str, Any]) -> dict[str, Any]:
    schema = request.get("output_schema")
    if schema is None:
        return {"type": "text"}
    return {"type": "json_schema", "name": "output", "description": None, "schema": schema, "strict": True}


def _usage(state: LogState) -> dict[str, Any]:
    bill = state.bill
    return {
        "input_tokens": bill["input_tokens"],
        "input_tokens_details": {name: bill[name] for name in ("cached_tokens", "cache_write_tokens")},
        "output_tokens": bill["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": bill["reasoning_tokens"]},
        "total_tokens": state.total_tokens,
    }
