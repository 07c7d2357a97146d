"""What the tools answer. Hosts read the shapes from these types."""

from typing import Any, NotRequired  # pydantic reads typing's only from Python 3.12 on

from typing_extensions import TypedDict


class Started(TypedDict):
    """A job that was submitted."""

    job_id: str
    status: str
    next: str  # what to call now


class ReportSource(TypedDict):
    """A source of a report, by its number."""

    number: int
    title: str
    url: str


class ResearchResult(TypedDict):
    """A job as it is now, with any report."""

    job_id: str
    status: str
    progress: int
    current_step: str
    outcome: NotRequired[str]  # answered, partial, not_found, not_researched
    outcome_reason: NotRequired[str]
    title: NotRequired[str]
    report: NotRequired[str]  # markdown; [n] is the source of that number
    is_cut: NotRequired[bool]  # the report goes on in the resource
    report_resource: NotRequired[str]
    sources: NotRequired[list[ReportSource]]
    questions: NotRequired[list[str]]  # to be answered with answer_question
    assumptions: NotRequired[list[str]]  # that hold if nobody answers
    plan: NotRequired[list[str]]  # to be approved or edited with answer_question
    output: NotRequired[dict[str, Any]]  # of an output_schema: its value, and the citations of each field
    error: NotRequired[str]


class SearchHit(TypedDict):
    """One search result, in the shape that ChatGPT expects."""

    id: str
    title: str
    url: str


class SearchHits(TypedDict):
    """The results of a search, best first."""

    results: list[SearchHit]


class FetchedDocument(TypedDict):
    """One document or report, in the shape that ChatGPT expects."""

    id: str
    title: str
    text: str
    url: str
