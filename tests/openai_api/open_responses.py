"""Type what Open Responses (2026-04-24) demands of responses, items and streams.

A field without a default is required. The three events of a web search are OpenAI's own: its clients know
them, and the specification has the item alone.
"""

from typing import Any, Literal

from msgspec import Struct


class UrlCitation(Struct, tag_field="type", tag="url_citation"):
    url: str
    title: str
    start_index: int
    end_index: int


class OutputText(Struct, tag_field="type", tag="output_text"):
    text: str
    annotations: list[UrlCitation]
    logprobs: list[Any]


class SummaryText(Struct, tag_field="type", tag="summary_text"):
    text: str


class Message(Struct, tag_field="type", tag="message"):
    id: str
    role: Literal["assistant"]
    status: Literal["in_progress", "completed", "incomplete"]
    content: list[OutputText]


class Reasoning(Struct, tag_field="type", tag="reasoning"):
    id: str
    summary: list[SummaryText]


class Search(Struct, tag_field="type", tag="search"):
    query: str
    queries: list[str]


class OpenPage(Struct, tag_field="type", tag="open_page"):
    url: str


class WebSearchCall(Struct, tag_field="type", tag="web_search_call"):
    id: str
    status: Literal["in_progress", "searching", "completed", "failed"]
    action: Search | OpenPage


Item = Message | Reasoning | WebSearchCall


class InputDetails(Struct):
    cached_tokens: int
    cache_write_tokens: int


class OutputDetails(Struct):
    reasoning_tokens: int


class Usage(Struct):
    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int


class Failure(Struct):
    code: str
    message: str


class WebSearch(Struct, tag_field="type", tag="web_search"):
    filters: dict[str, list[str]] | None = None


class PlainText(Struct, tag_field="type", tag="text"):
    pass


class JsonSchema(Struct, tag_field="type", tag="json_schema"):
    name: str
    description: str | None
    schema: dict[str, Any]
    strict: bool


class Text(Struct):
    format: PlainText | JsonSchema


class Effort(Struct):
    effort: Literal["low", "medium", "high"]
    summary: Literal["auto"]


class Response(Struct):
    id: str
    object: Literal["response"]
    created_at: int
    completed_at: int | None
    status: Literal["queued", "in_progress", "completed", "failed", "cancelled", "incomplete"]
    incomplete_details: None
    model: str
    previous_response_id: str | None
    instructions: str | None
    output: list[Item]
    error: Failure | None
    tools: list[WebSearch]
    tool_choice: Literal["auto"]
    truncation: Literal["auto", "disabled"]
    parallel_tool_calls: bool
    text: Text
    top_p: float
    presence_penalty: float
    frequency_penalty: float
    top_logprobs: int
    temperature: float
    reasoning: Effort
    user: str | None
    usage: Usage | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    store: bool
    background: bool
    service_tier: str
    metadata: dict[str, Any]
    safety_identifier: str | None
    prompt_cache_key: str | None


class ResponseEvent(Struct):
    type: Literal[
        "response.created", "response.queued", "response.in_progress",
        "response.completed", "response.failed", "response.incomplete",
    ]  # fmt: skip
    sequence_number: int
    response: Response


class ItemEvent(Struct):
    type: Literal["response.output_item.added", "response.output_item.done"]
    sequence_number: int
    output_index: int
    item: Item


class SearchEvent(Struct):
    type: Literal[
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
    ]
    sequence_number: int
    item_id: str
    output_index: int


class ContentPartEvent(Struct):
    type: Literal["response.content_part.added", "response.content_part.done"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    part: OutputText


class TextDelta(Struct):
    type: Literal["response.output_text.delta"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    delta: str
    logprobs: list[Any]


class TextDone(Struct):
    type: Literal["response.output_text.done"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    text: str
    logprobs: list[Any]


class AnnotationAdded(Struct):
    type: Literal["response.output_text.annotation.added"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    annotation_index: int
    annotation: UrlCitation


class SummaryPartEvent(Struct):
    type: Literal["response.reasoning_summary_part.added", "response.reasoning_summary_part.done"]
    sequence_number: int
    item_id: str
    output_index: int
    summary_index: int
    part: SummaryText


class SummaryDelta(Struct):
    type: Literal["response.reasoning_summary_text.delta"]
    sequence_number: int
    item_id: str
    output_index: int
    summary_index: int
    delta: str


class SummaryDone(Struct):
    type: Literal["response.reasoning_summary_text.done"]
    sequence_number: int
    item_id: str
    output_index: int
    summary_index: int
    text: str


EVENTS: dict[str, type[Struct]] = {
    name: kind
    for kind in (
        *(ResponseEvent, ItemEvent, SearchEvent, ContentPartEvent, TextDelta, TextDone, AnnotationAdded),
        *(SummaryPartEvent, SummaryDelta, SummaryDone),
    )
    for name in kind.__annotations__["type"].__args__
}
