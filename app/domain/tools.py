"""One turn of the agent: reasoning first, then exactly one tool.

The fields and the bounds follow schema-guided reasoning as sgr-agent-core defines it. A model is told the
bounds; what exceeds them is clipped when its reply is read.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


def _told(**bounds: int) -> Meta:
    """Describe bounds that the model is told.

    A reply beyond them is clipped, not refused.
    """
    return Meta(extra_json_schema=bounds)


ShortText = Annotated[str, _told(minLength=1, maxLength=1000)]
Query = Annotated[str, Meta(min_length=1, max_length=400)]  # Tavily refuses longer queries
Confidence = Literal["high", "medium", "low"]


class Reasoning(Struct, frozen=True):
    """What the model thinks before it acts."""

    reasoning_steps: Annotated[tuple[ShortText, ...], _told(minItems=2, maxItems=3)]
    current_situation: Annotated[str, _told(maxLength=300)]
    plan_status: Annotated[str, _told(maxLength=150)]
    enough_data: bool
    remaining_steps: Annotated[tuple[ShortText, ...], _told(minItems=1, maxItems=3)]
    task_completed: bool


class Tool(Struct, frozen=True, tag_field="tool"):
    """An action of the model in a turn, named by the tag."""


class Clarify(Tool, frozen=True, tag="clarify"):
    """Ask the caller before spending.

    The assumptions hold if nobody answers.
    """

    questions: Annotated[tuple[ShortText, ...], _told(minItems=1, maxItems=3)]
    unclear_terms: Annotated[tuple[ShortText, ...], _told(minItems=1, maxItems=3)]
    assumptions: Annotated[tuple[ShortText, ...], _told(minItems=2, maxItems=3)]


class GeneratePlan(Tool, frozen=True, tag="generate_plan"):
    """Say what is to be found out, in which steps."""

    goal: ShortText
    planned_steps: Annotated[tuple[ShortText, ...], _told(minItems=3, maxItems=4)]
    search_strategies: Annotated[tuple[ShortText, ...], _told(minItems=2, maxItems=3)]


class AdaptPlan(Tool, frozen=True, tag="adapt_plan"):
    """Change the plan because of what was found."""

    new_goal: ShortText
    plan_changes: Annotated[tuple[ShortText, ...], _told(minItems=1, maxItems=3)]
    reason: ShortText
    next_steps: Annotated[tuple[ShortText, ...], _told(minItems=2, maxItems=4)]


class WebSearch(Tool, frozen=True, tag="web_search"):
    """Search with one or several queries at once."""

    queries: Annotated[tuple[Query, ...], _told(minItems=1, maxItems=3)]


class ReadPages(Tool, frozen=True, tag="read_pages"):
    """Read pages that a search returned or the caller gave."""

    urls: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=2000)], ...], _told(minItems=1, maxItems=5)
    ]


class SourceQuote(Struct, frozen=True):
    """Words of a page that support a sentence of the report."""

    source: Annotated[int, Meta(description="The number of the source, as in [n].")]
    quote: Annotated[str, Meta(description="Copied from the page letter by letter, in its language.")]
    claim: Annotated[str, Meta(description="First words of the sentence, or empty.")] = ""


class OutputEntry(Struct, frozen=True):
    """A value of the wanted output, and its quote."""

    field: Annotated[str, Meta(description="JSON pointer of the field, such as /a/0/b.")]
    value: Annotated[str, Meta(description="The value as text.")]
    source: Annotated[int, Meta(description="The number of the source, as in [n].")]
    quote: Annotated[str, Meta(description="Copied from the page letter by letter, in its language.")]
    confidence: Confidence


class WriteReport(Tool, frozen=True, tag="write_report"):
    """Write the report.

    Every claim carries the [n] of a source that was read, and its quote in `quotes`.
    """

    title: Annotated[str, _told(minLength=1, maxLength=300)]
    content: Annotated[str, _told(maxLength=200_000)]
    confidence: Confidence
    quotes: tuple[SourceQuote, ...] = ()
    # Only where the request has an `output_schema`; a model is shown it only then.
    output: tuple[OutputEntry, ...] | UnsetType = UNSET


class Answer(Tool, frozen=True, tag="answer"):
    """Answer without a report: the question was small, or nothing was found."""

    answer: Annotated[str, _told(minLength=1, maxLength=20_000)]
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


class NextStep(Struct, frozen=True):
    """A model's whole reply of one turn."""

    reasoning: Reasoning
    function: AnyTool
