"""What is happening, in words: the job's `current_step`."""

from app.domain import events as e
from app.domain import steps

MAX_WORDS = 200  # characters; a line in a terminal or a list


def step_in_words(event: object) -> str | None:
    """The line that this event puts on the job's page, or None where the line stays."""
    match event:
        case e.CallRequested(kind="model"):
            return "Thinking about the next step"
        case e.StepReasoned():
            return tool_in_words(event.function)[:MAX_WORDS]
        case e.CallFailed():
            return f"A {event.key.split('/')[1]} call failed: {event.error_message}"[:MAX_WORDS]
        case e.BudgetReached():
            return f"A limit was reached ({event.limit}); writing the report"
        case e.ReportWritten():
            return "Checking the citations"
        case _:
            return None


def tool_in_words(tool: steps.AnyTool) -> str:
    """A tool as something that is being done."""
    match tool:
        case steps.Clarify():
            return "Asking what is meant"
        case steps.GeneratePlan():
            return f"Planning: {tool.goal}"
        case steps.AdaptPlan():
            return f"Changing the plan: {tool.reason}"
        case steps.WebSearch():
            return "Searching for " + ", ".join(f"“{query}”" for query in tool.queries)
        case steps.ReadPages():
            return f"Reading {len(tool.urls)} page{'s' if len(tool.urls) > 1 else ''}"
        case steps.WriteReport():
            return f"Writing the report: {tool.title}"
        case steps.Answer():
            return "Answering"
