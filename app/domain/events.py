"""The events of a job, the only truth that is stored.

An event is a fact in the past tense. The time, the actor and the fencing epoch belong to the log's
row (`Recorded`), not to the fact. Old events load for ever: a field may be added with a default, a
change of meaning takes a new `schema_version` and an entry in `upcast.UPCASTERS`.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal, get_args
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType

from app.domain.tools import AnyTool, Confidence, Reasoning, SourceQuote
from dossier.job_types import AsideCause, Claim, ErrorType, Outcome, Output, ReportPart, StopReason, Support
from dossier.request import ResearchRequest

CallKind = Literal["model", "search", "read", "judge", "embed"]
Loop = Literal["threads"]  # how a job is researched, where not by the one thread of turns


RULES = 12  # of the citation check: raised where the same report over the same pages comes out otherwise


AGENT_RULES = 11  # of the agent's decisions and prompts: raised where the same log leads to another call


class Fact(Struct, frozen=True):
    """Base of all events.

    `type` is the tag of the union, kept in a column of its own.
    """

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1


class ResearchFact(Fact, frozen=True):
    """Base of what the agent did and learnt.

    Most events of a log are such.
    """


class ThreadFact(ResearchFact, frozen=True):
    """Base of what threads did and learnt."""


class JobSubmitted(Fact, frozen=True):
    """A question was submitted, and waits for a worker."""

    type = "job_submitted"
    request: ResearchRequest
    tenant: str
    max_attempts: int
    idempotency_key: str | None = None
    request_sha256: str | None = None  # of the canonical body, to tell a retry from a conflict
    agent_rules: int = 1  # under which the job is worked on, however old it gets
    # Claims without a quote are searched for by embedding too. Left out where no server is configured.
    embeds: bool | UnsetType = UNSET
    # How it is researched; left out where one thread of turns does it.
    loop: Loop | UnsetType = UNSET


class Earlier(Struct, frozen=True):
    """A report that a further question is about."""

    title: str
    content: str  # markdown; its [n] are sources of this job too


class JobForked(Fact, frozen=True):
    """The job was forked from another one.

    Copies of what that job had learnt follow at once.
    """

    type = "job_forked"
    origin: UUID
    after: int  # seq of the origin's last event that counts here
    origin_hash: str  # of that event, hexadecimal
    changed: tuple[str, ...] = ()  # fields of the request that differ from the origin's
    instruction: str = ""  # what is wanted beyond the question
    earlier: Earlier | None = None  # the origin's report, if it had one by then and more is asked about it
    answers: tuple[str, ...] = ()  # to the origin's questions
    reused_turns: int = 0
    reused_calls: int = 0
    saved_cost_usd: float | None = 0.0  # what the reused calls had cost; None: not all prices are known


class AttemptStarted(Fact, frozen=True):
    """A worker claimed the job. Written by the claim statement itself."""

    type = "attempt_started"
    attempt: int
    worker: str


class CallRequested(ResearchFact, frozen=True):
    """Intent: committed before anything is paid for."""

    type = "call_requested"
    key: str  # "<turn>/<kind>/<n>", derived when the turn was decided, so a resume finds it again
    kind: CallKind
    provider: str
    input_sha256: str
    about: str  # for people: the query, the url, or "turn 3"
    repeat: int = 0  # how often the same call was in flight when a worker died
    fallback: bool = False  # made by what stands in for the model: free, and in no limit
    prompt_sha256: str | None = None  # of what a model is told, but for the pages: see app.agent.prompt_hash
    reused: bool = False  # made and paid by the job that this one was forked from: in no bill, in no limit


class Usage(Struct, frozen=True, omit_defaults=True):
    """What the provider says that one call used."""

    input_tokens: int = 0
    output_tokens: int = 0
    searches: int = 0
    pages: int = 0
    cost_usd: float | None = 0.0  # None: the price is not known
    cached_tokens: int = 0  # of the input, read from the provider's cache
    cache_write_tokens: int = 0  # of the input, written into it
    reasoning_tokens: int = 0  # of the output


RERANKER = "rerank"  # what the names of rerankers begin with; they sort what was found without them


class FailedPart(Struct, frozen=True):
    """One of several providers of a call, and why it failed."""

    provider: str
    error_type: ErrorType
    error_message: str
    retryable: bool


class UnmetBounds(Struct, frozen=True):
    """What of the request's time and place a provider cannot search by."""

    provider: str
    bounds: tuple[str, ...]  # names of fields of `sources`


WritingState = Literal["queued", "reading", "thinking", "writing"]  # of a model in the middle of a call


class CallProgressed(ResearchFact, frozen=True):
    """A model's call goes on.

    This is for those who watch: nothing follows from it.
    """

    type = "call_progressed"
    key: str
    state: WritingState
    tokens: int  # of the reply so far, thoughts among them; counted by us, so not exact
    said: str | UnsetType = UNSET  # new words of a section of the report
    start: int | UnsetType = UNSET  # characters of the section before them; left out: it begins anew


class CallCompleted(ResearchFact, frozen=True):
    """A call has its result, and is never made again.

    The reply is a blob.
    """

    type = "call_completed"
    key: str
    usage: Usage
    latency_ms: int
    reply_sha256: str
    reply_size: int  # bytes
    # What of a model's reply was repaired or clipped; left out where nothing was.
    repaired: tuple[str, ...] | UnsetType = UNSET
    # Providers that failed where others answered; left out where none did.
    failed_parts: tuple[FailedPart, ...] | UnsetType = UNSET
    # Of the prompt whose tokens the usage counts; left out where they are not of one prompt alone.
    prompt_bytes: int | UnsetType = UNSET
    # Of a search, who did not search by what was asked of time and place; left out where all did.
    unmet_bounds: tuple[UnmetBounds, ...] | UnsetType = UNSET
    # Of a page that was read, as it tells them: its date (2019, 2019-03 or 2019-03-02) and its language.
    published: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    # Of a search that found documents by meaning too, the provider that embedded the query.
    embedder: str | UnsetType = UNSET
    # Of a search, the provider that sorted the documents again.
    reranker: str | UnsetType = UNSET


class CallFailed(ResearchFact, frozen=True):
    """The call gave no reply that can be used."""

    type = "call_failed"
    key: str
    error_type: ErrorType
    error_message: str
    retryable: bool
    usage: Usage = Usage()
    reply_sha256: str | None = None  # of a reply that was a step, but not one that was allowed
    # Of what a model wrote, as it came, where it was no step or broke off; left out where it wrote nothing.
    said_sha256: str | UnsetType = UNSET


class StepReasoned(ResearchFact, frozen=True):
    """The model filled the schema.

    A report's text is not here but in `report_written`.
    """

    type = "step_reasoned"
    step: int
    reasoning: Reasoning
    function: AnyTool


class PlanDrafted(ResearchFact, frozen=True):
    """The first plan."""

    type = "plan_drafted"
    goal: str
    steps: tuple[str, ...]
    strategies: tuple[str, ...] = ()


class PlanAdapted(ResearchFact, frozen=True):
    """The plan changed because of what was found."""

    type = "plan_adapted"
    goal: str
    steps: tuple[str, ...]
    changes: tuple[str, ...]
    reason: str


class SourceFound(ResearchFact, frozen=True):
    """A search returned a new page, whose number is now fixed."""

    type = "source_found"
    number: int
    url: str
    title: str
    excerpt: str
    found_by: str  # key of the search
    # The engine that found it, where the search asked several; left out elsewhere.
    engine: str | UnsetType = UNSET
    # Of documents only, 0..1: how well it fits the query, and the share of the query's words that it has,
    # weighed by their rarity in all documents.
    score: float | UnsetType = UNSET
    coverage: float | UnsetType = UNSET
    # Of documents that are found by words and by meaning: their place in each list, from 1, and the cosine.
    words_rank: int | UnsetType = UNSET
    meaning_rank: int | UnsetType = UNSET
    cosine: float | UnsetType = UNSET
    # Of documents that were sorted again: the places before and after, from 1, and the reranker's own score.
    search_rank: int | UnsetType = UNSET
    rerank_rank: int | UnsetType = UNSET
    relevance: float | UnsetType = UNSET


class PageRead(ResearchFact, frozen=True):
    """The text of a source is stored as a blob."""

    type = "page_read"
    number: int
    sha256: str
    size: int  # bytes
    read_by: str  # key of the read
    # What the page tells of itself; left out where it tells nothing.
    published: str | UnsetType = UNSET
    language: str | UnsetType = UNSET


class PageSetAside(ResearchFact, frozen=True):
    """A page that was read is of another time or language.

    Its text is stored, and nothing cites it.
    """

    type = "page_set_aside"
    number: int
    sha256: str
    size: int  # bytes
    read_by: str  # key of the read
    cause: AsideCause
    wanted: str  # the first day, the last day, or the language
    published: str | UnsetType = UNSET
    language: str | UnsetType = UNSET


class InputRequested(Fact, frozen=True):
    """The agent asks the caller.

    The job waits without a worker until the answer or the timeout.
    """

    type = "input_requested"
    questions: tuple[str, ...]
    unclear_terms: tuple[str, ...]
    assumptions: tuple[str, ...]  # what it goes on with if nobody answers
    timeout_seconds: int
    # The steps that the caller may edit; left out where questions are asked.
    plan: tuple[str, ...] | UnsetType = UNSET


class PlanReviewed(ResearchFact, frozen=True):
    """The caller changed the plan, or remarked on it."""

    type = "plan_reviewed"
    steps: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class InputProvided(Fact, frozen=True):
    """The caller answered, or nobody did in time and the assumptions hold."""

    type = "input_provided"
    answers: tuple[str, ...]
    assumed: bool = False


class BudgetReached(ResearchFact, frozen=True):
    """A limit was reached.

    What is left is kept for the report, and only the report follows.
    """

    type = "budget_reached"
    limit: Literal["max_cost_usd", "max_tokens", "max_calls", "deadline_seconds"]
    used: float
    allowed: float


class ReportWritten(ResearchFact, frozen=True):
    """The report was delivered.

    Citations that did not resolve are already removed, and listed.
    """

    type = "report_written"
    title: str
    content: str  # markdown
    confidence: str
    claims: tuple[Claim, ...]
    coverage: float  # share of the sentences that carry a citation
    support: float  # share of the citations that have a quote
    removed: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    rules: int = 1  # of the citation check; a report of older ones is not checked again by a replay
    # Left out where one author wrote the whole.
    parts: tuple[ReportPart, ...] | UnsetType = UNSET
    # Of a request with `output_schema`.
    output: Output | UnsetType = UNSET


class Unquoted(Struct, frozen=True):
    """A claim and its cited source, without a quote by words."""

    text: str
    number: int


class ReportDrafted(ResearchFact, frozen=True):
    """The model's report, before its claims were judged or embedded."""

    type = "report_drafted"
    title: str
    content: str  # markdown, as the model wrote it
    confidence: str
    claims: tuple[Claim, ...]  # bound to their quotes
    removed: tuple[str, ...] = ()  # citations that did not resolve
    quotes: tuple[SourceQuote, ...] = ()  # that the model gave
    rules: int = 1  # of the citation check
    # No page that was read holds it: the stand-in goes on, and the reader gets both. Else left out.
    is_set_aside: bool | UnsetType = UNSET
    # Sentences without a citation, each with the passage nearest to it, where they are judged too.
    uncited: tuple[Claim, ...] | UnsetType = UNSET
    # Claims that are searched for by embedding.
    unquoted: tuple[Unquoted, ...] | UnsetType = UNSET
    # Of a request with `output_schema`, before its values were judged.
    output: Output | UnsetType = UNSET


class PassagesMatched(ResearchFact, frozen=True):
    """Embeddings found passages for claims without a quote."""

    type = "passages_matched"
    embedder: str  # the provider, "" where none was asked
    claims: tuple[Claim, ...]  # with the passages that passed the check of words
    unmatched: int = 0  # claims that got no passage


class Verdict(Struct, frozen=True, omit_defaults=True):
    """A judge's opinion of one claim and the source that it cites."""

    text: str  # of the claim
    number: int  # of the source
    support: Support
    reason: str = ""


class ClaimsJudged(ResearchFact, frozen=True):
    """A judge compared the claims of a draft with their quotes."""

    type = "claims_judged"
    judge: str  # the provider, "" where none was asked
    verdicts: tuple[Verdict, ...]
    unjudged: int = 0  # claims that got no verdict


class JobCompleted(Fact, frozen=True):
    """Terminal: there is a report."""

    type = "job_completed"
    schema_version = 2  # its line names where the result and the report are; `data` is that of version 1
    stop_reason: StopReason
    outcome: Outcome | None = None  # None in logs from before; it follows from the log all the same


class AttemptFailed(Fact, frozen=True):
    """An attempt failed, and the job waits until `retry_at`."""

    type = "attempt_failed"
    attempt: int
    error_type: ErrorType
    error_message: str
    retry_at: datetime


class Away(Struct, frozen=True):
    """A provider that does not answer, since when, and its last error."""

    provider: str
    since: datetime
    error_message: str


class AttemptReleased(Fact, frozen=True):
    """The job was handed back, at no cost of an attempt."""

    type = "attempt_released"
    attempt: int
    reason: Literal["shutdown", "provider_unavailable", "requeued"] = "shutdown"
    retry_at: datetime | None = None  # not before this; None: at once
    away: Away | None = None  # who is waited for


class LeaseExpired(Fact, frozen=True):
    """A worker was silent beyond its lease, or overran the job's deadline."""

    type = "lease_expired"
    attempt: int
    cause: Literal["silent", "deadline"]


class JobFailed(Fact, frozen=True):
    """The job failed without a report, as the last error says.

    This is terminal.
    """

    type = "job_failed"
    error_type: ErrorType
    error_message: str
    is_retryable: bool


class CancelRequested(Fact, frozen=True):
    """A cancel was requested.

    No new paid call may follow.
    """

    type = "cancel_requested"
    reason: str = ""


class FinishRequested(Fact, frozen=True):
    """The caller wants the report now, from what there is."""

    type = "finish_requested"


class JobCancelled(Fact, frozen=True):
    """Terminal: stopped on request."""

    type = "job_cancelled"


class ThreadOpened(ThreadFact, frozen=True):
    """A thread began to research one question of the job.

    Its first searches follow from this.
    """

    type = "thread_opened"
    thread: int  # from 1
    question: str
    # The section that a critique found wanting; left out for threads of the plan and of the lead.
    section: int | UnsetType = UNSET
    queries: tuple[str, ...] | UnsetType = UNSET  # its first searches; left out: one for its question


class ThreadStepped(ThreadFact, frozen=True):
    """A thread chose its next searches and pages."""

    type = "thread_stepped"
    thread: int
    step: int  # from 2; the first one is the opening
    thought: str
    queries: tuple[str, ...]
    reads: tuple[int, ...]  # numbers of sources
    # Its answer, where no step follows this one; left out where one does.
    finding: str | UnsetType = UNSET


class ThreadSearched(ThreadFact, frozen=True):
    """A search of a thread returned these sources, new or known."""

    type = "thread_searched"
    thread: int
    numbers: tuple[int, ...]
    found_by: str  # key of the search


class Passage(Struct, frozen=True, omit_defaults=True):
    """Words of a page, letter by letter, with a note."""

    start: int  # characters into the stored page
    end: int
    quote: str
    note: str = ""


class EvidenceKept(ThreadFact, frozen=True):
    """Passages of a page were kept for a thread."""

    type = "evidence_kept"
    thread: int
    number: int  # of the source
    passages: tuple[Passage, ...]
    taken_by: Literal["model", "words"]
    dropped: tuple[str, ...] = ()  # beginnings of what was given and is not in the page
    found_by: str = ""  # key of the call: an extraction, or the reading of a short page


class ThreadClosed(ThreadFact, frozen=True):
    """A thread ended."""

    type = "thread_closed"
    thread: int
    # It had an answer, used up its share, or its model failed.
    reason: Literal["answered", "spent", "failed"]
    finding: str = ""


class PlannedSection(Struct, frozen=True):
    """A section that is to be written, and its evidence."""

    heading: str
    points: str
    evidence: tuple[int, ...]  # numbers of passages, from 1, in the order of the log


class OutlineDrafted(ThreadFact, frozen=True):
    """The lead looked at all evidence and outlined the report.

    Threads that are opened with it are for what it missed; another outline follows them.
    """

    type = "outline_drafted"
    title: str
    sections: tuple[PlannedSection, ...]  # the introduction first
    confidence: Confidence
    conflicts: tuple[str, ...] = ()  # between sources
    missing: tuple[str, ...] = ()  # what was not found


class SectionWritten(ThreadFact, frozen=True):
    """A section of the report was written, in markdown."""

    type = "section_written"
    section: int  # 0 is the introduction
    version: int  # 2 after a critique
    content: str


class SectionFault(Struct, frozen=True):
    """What a critique found wrong with a section."""

    section: int
    problem: str
    question: str = ""  # to be researched before the section is rewritten


class SectionsCriticised(ThreadFact, frozen=True):
    """A critique looked at all sections.

    Those with a problem are rewritten, after the threads that it opened.
    """

    type = "sections_criticised"
    problems: tuple[SectionFault, ...]


class Unrecognised(Struct, frozen=True):
    """An event of a newer version: stored and streamed, not folded."""

    type: str
    schema_version: int
    data: Raw


Event = (
    JobSubmitted
    | JobForked
    | AttemptStarted
    | CallRequested
    | CallProgressed
    | CallCompleted
    | CallFailed
    | StepReasoned
    | PlanDrafted
    | PlanAdapted
    | SourceFound
    | PageRead
    | PageSetAside
    | InputRequested
    | PlanReviewed
    | InputProvided
    | BudgetReached
    | ReportDrafted
    | ClaimsJudged
    | PassagesMatched
    | ReportWritten
    | JobCompleted
    | AttemptFailed
    | AttemptReleased
    | LeaseExpired
    | JobFailed
    | CancelRequested
    | FinishRequested
    | JobCancelled
    | ThreadOpened
    | ThreadStepped
    | ThreadSearched
    | EvidenceKept
    | ThreadClosed
    | OutlineDrafted
    | SectionWritten
    | SectionsCriticised
    | Unrecognised
)

EVENT_TYPES: dict[str, type[Any]] = {kind.type: kind for kind in get_args(Event) if issubclass(kind, Fact)}


class Recorded(Struct, frozen=True):
    """An event in its place in the log."""

    job_id: UUID
    seq: int
    at: datetime
    actor: str
    epoch: int | None  # of the lease under which a worker wrote it; None: the API or the rescue
    event: Event
