"""One turn of the agent: reasoning first, then exactly one tool.

The fields follow schema-guided reasoning as sgr-agent-core defines it; the bounds are its bounds,
so that a model's answer is either a legal step or an error that can be told to the model.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Line = Annotated[str, Meta(min_length=1, max_length=1000)]
Query = Annotated[str, Meta(min_length=1, max_length=400)]  # Tavily refuses longer queries
Confidence = Literal["high", "medium", "low"]


class Reasoning(Struct, frozen=True, forbid_unknown_fields=True):
    """What the model thinks before it acts."""

    reasoning_steps: Annotated[tuple[Line, ...], Meta(min_length=2, max_length=3)]
    current_situation: Annotated[str, Meta(max_length=300)]
    plan_status: Annotated[str, Meta(max_length=150)]
    enough_data: bool
    remaining_steps: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=3)]
    task_completed: bool


class Tool(Struct, frozen=True, tag_field="tool", forbid_unknown_fields=True):
    """What the model may do in a turn; the tag is the tool's name."""


class Clarify(Tool, frozen=True, tag="clarify", forbid_unknown_fields=True):
    """Ask the person before spending; the assumptions hold if nobody answers."""

    questions: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=3)]
    unclear_terms: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=3)]
    assumptions: Annotated[tuple[Line, ...], Meta(min_length=2, max_length=3)]


class GeneratePlan(Tool, frozen=True, tag="generate_plan", forbid_unknown_fields=True):
    """Say what is to be found out, in which steps."""

    goal: Line
    planned_steps: Annotated[tuple[Line, ...], Meta(min_length=3, max_length=4)]
    search_strategies: Annotated[tuple[Line, ...], Meta(min_length=2, max_length=3)]


class AdaptPlan(Tool, frozen=True, tag="adapt_plan", forbid_unknown_fields=True):
    """Change the plan because of what was found."""

    new_goal: Line
    plan_changes: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=3)]
    reason: Line
    next_steps: Annotated[tuple[Line, ...], Meta(min_length=2, max_length=4)]


class WebSearch(Tool, frozen=True, tag="web_search", forbid_unknown_fields=True):
    """Search; several queries run at once."""

    queries: Annotated[tuple[Query, ...], Meta(min_length=1, max_length=3)]


class ReadPages(Tool, frozen=True, tag="read_pages", forbid_unknown_fields=True):
    """Read pages that a search returned or the caller gave."""

    urls: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=2000)], ...], Meta(min_length=1, max_length=5)
    ]


class WriteReport(Tool, frozen=True, tag="write_report", forbid_unknown_fields=True):
    """Write the report; every claim carries the [n] of a source that was read."""

    title: Annotated[str, Meta(min_length=1, max_length=300)]
    content: Annotated[str, Meta(max_length=200_000)]
    confidence: Confidence


class Answer(Tool, frozen=True, tag="answer", forbid_unknown_fields=True):
    """Answer without a report: the question was small, or nothing was found."""

    answer: Annotated[str, Meta(min_length=1, max_length=20_000)]
    status: Literal["completed", "failed"]


AnyTool = Clarify | GeneratePlan | AdaptPlan | WebSearch | ReadPages | WriteReport | Answer

TOOLS: dict[str, type[Tool]] = {
    "clarify": Clarify,
    "generate_plan": GeneratePlan,
    "adapt_plan": AdaptPlan,
    "web_search": WebSearch,
    "read_pages": ReadPages,
    "write_report": WriteReport,
    "answer": Answer,
}


class NextStep(Struct, frozen=True, forbid_unknown_fields=True):
    """A model's whole reply of one turn."""

    reasoning: Reasoning
    function: AnyTool
