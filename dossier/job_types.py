"""What the server says of a job."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, field

from dossier.request import Effort, Length, Limits, Sources

Status = Literal["pending", "running", "input_required", "cancelling", "completed", "failed", "cancelled"]
StopReason = Literal[
    "answered",
    "no_evidence",
    "budget_reached",
    "deadline",
    "max_iterations",
    "model_failed",
    "finish_requested",
    "cancelled",
    "error",
]
JobSort = Literal["newest", "oldest", "costliest", "cheapest"]
Outcome = Literal["answered", "partial", "not_found", "not_researched"]
# Who wrote a report: a model, what selects sentences where the model failed, or where there is none.
Author = Literal["model", "stand_in", "extractive"]
ErrorType = Literal[
    "network",
    "timeout",
    "rate_limit",
    "auth",
    "validation",
    "resource",
    "aborted",
    "worker_lost",
    "internal",
]
AsideCause = Literal["too_early", "too_late", "other_language"]  # why a page that was read is not used
Support = Literal["supported", "partly", "contradicted", "unrelated"]

OVER: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})


class JobError(Struct, frozen=True, omit_defaults=True):
    """The last error of a job."""

    error_type: ErrorType
    error_message: str
    is_retryable: bool
    retry_count: int
    occurred_at: datetime
    outcome_reason: str = ""  # of a job that failed: what was searched, found and read before


class FurtherPassage(Struct, frozen=True):
    """A further place of the page that supports a claim."""

    quote: str
    start: int  # characters into the stored page
    end: int


class Claim(Struct, frozen=True, omit_defaults=True):
    """A sentence of the report and the quote that supports it."""

    text: str
    number: int  # of the source
    quote: str
    start: int  # characters into the stored page
    end: int
    score: float  # 1.0: the quote is in the page word for word
    verdict: Support | None = None  # of a judge, on whether the quote means what the claim says
    reason: str = ""  # of the verdict
    more: tuple[FurtherPassage, ...] = ()  # of the same page
    given: bool = False  # the model itself copied the quote; it was looked up in the page
    bound: bool = False  # the model cited no page that says this; the system found one that was read
    embedded: bool = False  # words found no quote; an embedding found it, and score is its cosine


class UsageView(Struct, frozen=True):
    """What a job has used so far.

    Tokens and cost are as the providers report them.
    """

    calls: int
    model_calls: int
    searches: int
    pages_read: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None  # None: at least one call has no known price
    repeated_calls: int = 0
    failed_tries: int = 0  # tries that brought nothing: no search, no page, in no limit
    unknown_cost_calls: int = 0
    known_cost_usd: float = 0.0  # the sum of what is known; the cost is at least this


class SourceView(Struct, frozen=True):
    """A source with its number in the report."""

    number: int
    url: str
    title: str
    content_excerpt: str
    read: bool
    # Left out where there is nothing to say, so that results from before are what they were.
    published: str | UnsetType = UNSET  # as the page tells it: 2019, 2019-03 or 2019-03-02
    language: str | UnsetType = UNSET  # as the page tells it, ISO 639-1
    set_aside: str | UnsetType = UNSET  # why it was read and not used: of another time or language


class Metrics(Struct, frozen=True):
    """The totals of a job, waits between attempts included."""

    total_duration_seconds: float
    api_calls_made: int
    tokens_consumed: int
    estimated_cost_usd: float | None
    search_operations: int


class ReportPart(Struct, frozen=True):
    """A part of a report, with its author."""

    author: Author
    start: int  # characters into the report
    end: int
    coverage: float  # of this part alone


class OutputField(Struct, frozen=True, omit_defaults=True):
    """A field of the output that was asked for.

    `passage`: no value was given, or none that holds, and the citation is a passage about it.
    """

    field: str  # a JSON pointer into the output
    status: Literal["found", "passage", "not_found"]
    value: Any = None
    confidence: Literal["high", "medium", "low"] | None = None
    citations: tuple[Claim, ...] = ()
    reason: str = ""  # why there is no value


class Output(Struct, frozen=True):
    """What a request with `output_schema` gets.

    A field of `value` that was not found is null.
    """

    value: dict[str, Any]
    fields: tuple[OutputField, ...]


class Result(Struct, frozen=True):
    """The outcome of a completed job."""

    title: str
    final_answer: str  # markdown
    report_url: str
    stop_reason: StopReason
    confidence: str
    sources: tuple[SourceView, ...]
    claims: tuple[Claim, ...]
    coverage: float  # share of the sentences that carry a citation
    support: float  # share of the citations that have a quote
    removed: tuple[str, ...]  # citations that did not resolve
    unverified: tuple[str, ...]  # sentences that have no citation
    metrics: Metrics
    outcome: Outcome | None = None
    written_by: Author = "model"
    outcome_reason: str = ""  # what was searched, found, read, and what failed
    judged_by: str = ""  # who compared the claims with their quotes, "" where nobody did
    parts: tuple[ReportPart, ...] = ()  # who wrote which part; empty where one author wrote the whole
    output: Output | UnsetType = UNSET  # of a request with `output_schema`; else left out


class InputRequest(Struct, frozen=True):
    """What the agent asks before it spends anything."""

    questions: tuple[str, ...]
    unclear_terms: tuple[str, ...]
    assumptions: tuple[str, ...]  # it goes on with these at `expires_at`
    expires_at: datetime
    plan: tuple[str, ...] | UnsetType = UNSET  # to approve or edit; left out where it asks questions


class ForkedFrom(Struct, frozen=True, omit_defaults=True):
    """The job and event that a fork starts from."""

    job_id: UUID
    after: int
    instruction: str = ""  # what is asked beyond the origin's question


class JobView(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A job and its state.

    A stream that starts after `seq` misses nothing.
    """

    job_id: UUID
    status: Status
    progress: int  # 0..100; 100 only with the report
    current_step: str  # in words
    steps_completed: int
    total_steps: int  # planned so far; 0 until there is a plan
    query: str
    effort: Effort
    priority: int
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    limits: Limits
    sources: Sources
    clarify: bool
    created_at: datetime
    started_at: datetime | None  # of the first attempt
    completed_at: datetime | None  # of the terminal event
    seq: int
    attempt: int
    usage: UsageView
    retry_at: datetime | None = None
    result: Result | None = None
    error: JobError | None = None
    input_request: InputRequest | None = None  # while the job waits for an answer
    model: str | None = None  # that was asked for
    instructions: str = ""
    language: str | None = None
    length: Length | None = None
    outline: tuple[str, ...] = ()
    plan_review: bool = False
    output_schema: dict[str, Any] | None = None
    forked_from: ForkedFrom | None = None
    outcome: Outcome | None = None  # what came of it; None until it is over, and where it was cancelled
    links: dict[str, str] = field(default_factory=dict)  # what can be asked about it: name to path


class Callback(Struct, frozen=True):
    """The webhook endpoint of one job.

    It signs with this secret.
    """

    endpoint_id: UUID
    secret: str


class Created(Struct, frozen=True, omit_defaults=True):
    """The answer to a submit or a fork."""

    job_id: UUID
    status: Status
    progress: int
    created_at: datetime
    url: str
    stream_url: str
    events_url: str
    report_url: str
    callback: Callback | None = None  # where the request has a callback_url


class Mark(Struct, frozen=True, kw_only=True):
    """What readers noted about a job.

    `changed_at` is null where nobody noted anything.
    """

    job_id: UUID
    favourite: bool = False
    note: str = ""
    collections: tuple[str, ...] = ()
    changed_at: datetime | None = None


class Jobs(Struct, frozen=True):
    """A page of jobs, newest first.

    `next_cursor` is null on the last page. `marks` has those of these jobs that somebody marked.
    """

    jobs: list[JobView]
    next_cursor: str | None
    marks: list[Mark] = []


class Cancelled(Struct, frozen=True):
    """The answer to a cancel.

    `cancelled_at` is null while the worker is still stopping.
    """

    job_id: UUID
    status: Status
    cancelled_at: datetime | None
    message: str
