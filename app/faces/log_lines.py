"""Collect a job's request, sources and bill for all faces."""

import json
from typing import Any
from uuid import UUID

from app.faces.cited_urls import CitedSource
from app.faces.model_names import model_name
from dossier.event_types import JobEvent

BILLED = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")


class LogState:
    """Kept up to date event by event."""

    def __init__(self) -> None:
        self.job_id = UUID(int=0)
        self.request: dict[str, Any] = {}
        self.created_at = 0  # seconds of the epoch, as all times of these protocols
        self.ended_at: int | None = None
        self.origin: UUID | None = None  # of a follow-up
        self.instruction = ""  # what a follow-up asks beyond the first question
        self.status = "pending"
        self.sources: dict[int, CitedSource] = {}
        self.report = ""
        self.error: tuple[str, str] | None = None  # type, message
        self.bill = dict.fromkeys(BILLED, 0)  # tokens of the calls that this job made
        self._reused_turns = 0
        self._turn = 0
        self._reused: set[str] = set()  # keys of calls that the origin made and paid

    @property
    def total_tokens(self) -> int:
        """The tokens that went in and came out."""
        return self.bill["input_tokens"] + self.bill["output_tokens"]

    @property
    def model(self) -> str:
        """The model as this protocol names it."""
        return model_name(self.request)

    def is_copy(self, event: JobEvent) -> bool:
        """Return True for an event copied from a follow-up's origin."""
        if self.origin is None:
            return False
        if event.type.startswith("call_"):
            return event.data["key"] in self._reused
        return self._turn <= self._reused_turns and event.type in _COPIED

    def take(self, event: JobEvent) -> None:
        """Note what later frames need of this event."""
        self.status = event.status
        take = getattr(self, f"_{event.type}", None)
        if take:
            take(event, event.data)
        if event.is_last:
            self.ended_at = int(event.at.timestamp())

    def _job_submitted(self, event: JobEvent, data: dict[str, Any]) -> None:
        self.job_id, self.request = event.job_id, data["request"]
        self.created_at = int(event.at.timestamp())

    def _job_forked(self, _event: JobEvent, data: dict[str, Any]) -> None:
        self.origin, self.instruction = UUID(data["origin"]), data.get("instruction", "")
        self._reused_turns = data.get("reused_turns", 0)

    def _call_requested(self, _event: JobEvent, data: dict[str, Any]) -> None:
        if data.get("reused"):
            self._reused.add(data["key"])

    def _call_completed(self, _event: JobEvent, data: dict[str, Any]) -> None:
        if data["key"] not in self._reused:
            usage = data.get("usage", {})
            for name in BILLED:
                self.bill[name] += usage.get(name, 0)

    _call_failed = _call_completed

    def _step_reasoned(self, _event: JobEvent, data: dict[str, Any]) -> None:
        self._turn = data["step"]

    def _source_found(self, _event: JobEvent, data: dict[str, Any]) -> None:
        self.sources[data["number"]] = CitedSource(data["url"], data["title"])

    def _report_written(self, _event: JobEvent, data: dict[str, Any]) -> None:
        output = data.get("output")
        self.report = json.dumps(output["value"], ensure_ascii=False) if output else data["content"]

    def _job_failed(self, _event: JobEvent, data: dict[str, Any]) -> None:
        self.error = data["error_type"], data["error_message"]


_COPIED = frozenset({"step_reasoned", "plan_drafted", "plan_adapted"})
