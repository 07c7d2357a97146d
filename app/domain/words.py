"""What is happening, in words: the job's `current_step`."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from app.domain import events as e
from app.domain import tools
from app.domain.counts import many

MAX_STEP_TEXT = 200  # characters; a line in a terminal or a list


def step_in_words(event: object) -> str | None:
    """Return the job's line after this event, or None to keep it."""
    in_words = _IN_WORDS.get(type(event))
    words = in_words(event) if in_words else None
    return words and words[:MAX_STEP_TEXT]


def _request_in_words(event: e.CallRequested) -> str | None:
    if event.kind == "model":
        return "Thinking about the next step"
    return None if event.fallback else _CHECKS.get(event.kind)


def aside_in_words(event: e.PageSetAside) -> str:
    """Say why a page that was read is not used."""
    match event.cause:
        case "too_early":
            return f"published {event.published}, before {event.wanted}"
        case "too_late":
            return f"published {event.published}, after {event.wanted}"
        case "other_language":
            return f"in the language {event.language}, not in {event.wanted}"


def _writing_in_words(event: e.CallProgressed) -> str:
    """How far a model is in the middle of a call."""
    match event.state:
        case "queued":
            return "Waiting for the model: other calls come first"
        case "reading":
            return "The model is reading"
        case "thinking":
            return f"The model is thinking: {event.tokens:,} tokens so far"
        case "writing":
            return f"The model is writing: {event.tokens:,} tokens so far"


def wait_in_words(event: e.AttemptReleased) -> str:
    """Say what a job that was handed back waits for."""
    if event.reason != "provider_unavailable":
        return "Waiting for a worker"
    if event.away is None:
        return "Waiting for a provider"
    since = event.away.since.astimezone(UTC)
    line = f"Waiting for {event.away.provider} since {since:%H:%M:%S} UTC: {event.away.error_message}"
    return line.rstrip(": ")[:MAX_STEP_TEXT]


def tool_in_words(tool: tools.AnyTool) -> str:
    """A tool as something that is being done."""
    match tool:
        case tools.Clarify():
            return "Asking what is meant"
        case tools.GeneratePlan():
            return f"Planning: {tool.goal}"
        case tools.AdaptPlan():
            return f"Changing the plan: {tool.reason}"
        case tools.WebSearch():
            return "Searching for " + ", ".join(f"“{query}”" for query in tool.queries)
        case tools.ReadPages():
            return f"Reading {many(len(tool.urls), 'page')}"
        case tools.WriteReport():
            return f"Writing the report: {tool.title}"
        case tools.Answer():
            return "Answering"


_CHECKS = {
    "judge": "Checking claims against their quotes",
    "embed": "Searching pages by embedding for claims without a quote",
}

# By type, because most events say nothing, and each event of a log is asked.
_IN_WORDS: Mapping[type, Callable[[Any], str | None]] = {
    e.CallRequested: _request_in_words,
    e.CallProgressed: _writing_in_words,
    e.CallFailed: lambda event: f"A {event.key.split('/')[1]} call failed: {event.error_message}",
    e.StepReasoned: lambda event: tool_in_words(event.function),
    e.BudgetReached: lambda event: f"A limit was reached ({event.limit}); writing the report",
    e.ReportWritten: lambda _: "Checking the citations",
    e.ThreadOpened: lambda event: f"Researching: {event.question}",
    e.OutlineDrafted: lambda event: f"Writing {many(len(event.sections), 'section')}: {event.title}",
    e.SectionsCriticised: lambda event: f"Reviewing the report: {many(len(event.problems), 'problem')} found",
}
