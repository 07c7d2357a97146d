"""Describe the agent's work in sentences for a chat."""

from collections.abc import Callable
from typing import Any

from dossier.event_types import JobEvent


def progress(event: JobEvent) -> str | None:
    """Return what this event tells a reader, or None."""
    say = _SAY.get(event.type)
    return say(event.data) if say else None


def _reasoned(data: dict[str, Any]) -> str:
    return str(data["reasoning"].get("current_situation") or "The next step is decided.")


def _plan(data: dict[str, Any]) -> str:
    return "\n".join([f"Plan: {data['goal']}", *(f"- {step}" for step in data["steps"])])


def _adapted(data: dict[str, Any]) -> str:
    steps = (f"- {step}" for step in data["steps"])
    return "\n".join([f"New plan: {data['goal']} ({data['reason']})", *steps])


def _question(data: dict[str, Any]) -> str:
    asked = " ".join(data["questions"])
    return f"Question: {asked} Without an answer the job continues with its assumptions."


def _released(data: dict[str, Any]) -> str | None:
    away = data.get("away")
    return f"Waiting for {away['provider']}: {away['error_message']}" if away else None


_SAY: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "step_reasoned": _reasoned,
    "plan_drafted": _plan,
    "plan_adapted": _adapted,
    "input_requested": _question,
    "budget_reached": lambda data: f"A limit was reached ({data['limit']}). Writing the report.",
    "attempt_failed": lambda data: f"An attempt failed and will be retried: {data['error_message']}",
    "attempt_released": _released,
    "report_drafted": lambda _data: "Checking the draft's claims against their quotes.",
}
