"""Fold research events into what the agent knows.

That is its plan, turns, sources, calls and report.
"""

from collections.abc import Sequence
from typing import Any, assert_never

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app.domain import events as e
from app.domain import threaded_work
from app.domain.persistent_vector import PersistentVector
from app.domain.threaded_work import ThreadedWork, ThreadEvent
from app.domain.tools import AnyTool, GeneratePlan, Reasoning, WriteReport
from app.domain.words import aside_in_words
from dossier.job_types import Author, Claim

LEAST_COUNTED = 500  # tokens of a prompt from which its bytes per token say something
BYTES_OF_A_TOKEN = (1.0, 12.0)  # what a count is believed within; else it is not of this prompt

# A planned step is searched for and read: two turns. Plan and report are one turn each.
TURNS_PER_STEP = 2


class Source(Struct, frozen=True):
    """A page that a search returned.

    `sha256` is set once the page was read.
    """

    number: int
    url: str
    title: str
    excerpt: str
    found_by: str
    sha256: str | None = None
    score: float | UnsetType = UNSET
    coverage: float | UnsetType = UNSET
    published: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    set_aside: e.PageSetAside | None = None


class Call(Struct, frozen=True):
    """A call of the current turn, in flight until it ends."""

    key: str
    kind: e.CallKind
    provider: str
    input_sha256: str
    repeat: int = 0
    fallback: bool = False
    prompt_sha256: str | None = None
    reused: bool = False
    reply_sha256: str | None = None
    error: e.CallFailed | None = None
    published: str | UnsetType = UNSET  # of a page that was read
    language: str | UnsetType = UNSET

    @property
    def settled(self) -> bool:
        """True once nothing more will come of this call."""
        return self.reply_sha256 is not None or (self.error is not None and not self.error.retryable)


class Turn(Struct, frozen=True):
    """One filled schema and what came of it."""

    step: int
    reasoning: Reasoning
    function: AnyTool
    found: tuple[int, ...] = ()  # numbers of the sources that its searches found first
    read: tuple[int, ...] = ()  # numbers of the sources that it read
    failed: tuple[str, ...] = ()  # messages of its calls that failed


class Bill(Struct, frozen=True):
    """What the job has used so far, summed over its calls."""

    model_calls: int = 0
    searches: int = 0
    reads: int = 0
    judge_calls: int = 0
    embed_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    dearest_call: float = 0.0  # cost in USD of the dearest model call: what the next one may cost
    longest_call: int = 0  # tokens of the longest model call
    unpriced_calls: int = 0  # calls whose price is not known and that cost_usd leaves out
    failed_tries: int = 0  # tries that brought nothing
    repeated_calls: int = 0  # calls made again because a worker died while they were in flight
    reused_searches: int = 0  # that were answered before this job was forked, and cost it nothing

    @property
    def tokens(self) -> int:
        """Tokens of all model calls, in and out."""
        return self.input_tokens + self.output_tokens

    @property
    def calls(self) -> int:
        """Paid calls of every kind."""
        return self.model_calls + self.searches + self.reads + self.judge_calls + self.embed_calls


class Research(Struct, frozen=True):
    """The state of the research of one job."""

    goal: str = ""
    plan: tuple[str, ...] = ()
    turns: PersistentVector[Turn] = PersistentVector()
    made: PersistentVector[int] = PersistentVector()  # searches and reads that each turn led to
    calls: tuple[Call, ...] = ()  # of the turn that is being worked on, in order of their request
    sources: PersistentVector[Source] = PersistentVector()
    report: e.ReportWritten | None = None
    draft: e.ReportDrafted | None = None  # the newest one
    set_aside: e.ReportDrafted | None = None  # what the model ended with, and no page holds
    drafts: int = 0
    is_matched: bool = True  # the newest draft: nothing in it is left to embed
    matched: tuple[Claim, ...] = ()  # passages for claims of the newest draft, found by embedding
    is_judged: bool = False  # the newest draft
    verdicts: tuple[e.Verdict, ...] = ()  # of all drafts
    judge: str = ""  # who gave them
    tripped: e.BudgetReached | None = None  # the first limit that was reached
    answers: tuple[str, ...] = ()  # of the caller, or the assumptions that hold instead
    bill: Bill = Bill()
    bill_at_turn: Bill = Bill()  # when the current turn began: its own calls do not narrow its limits
    total_steps: int = 0
    failed_searches: int = 0  # that were given up
    failed_reads: int = 0
    missed_parts: tuple[e.FailedPart, ...] = ()  # providers that failed where others answered
    model_failures: int = 0  # tries of the model that brought nothing, illegal replies among them
    model_error: str = ""  # of the last one
    author: Author = "model"  # of the newest turn
    stand_in_turns: int = 0  # of this job itself
    is_late: bool = False  # what the deadline had left was used up as well
    forked: e.JobForked | None = None
    is_finishing: bool = False  # the caller wants the report now
    review: e.PlanReviewed | None = None  # the caller's changes to the plan
    reviewed_after: int = 0  # turns
    open_at_finish: tuple[str, ...] = ()  # keys of the calls that were not settled then
    learnt: float = 0.0  # bytes of a prompt per token, by the server's newest count; 0: not known
    bytes_per_token: PersistentVector[float] = PersistentVector()  # what was learnt by each turn
    work: ThreadedWork = ThreadedWork()  # of a job that is researched by threads

    @property
    def is_ending(self) -> bool:
        """True once a limit or a request leaves only the report."""
        return self.tripped is not None or self.is_finishing

    @property
    def model_turns(self) -> int:
        """Turns of this job itself that the model took."""
        return self.turns_taken - self.stand_in_turns

    @property
    def turns_taken(self) -> int:
        """Count the turns of this job, without those of its origin."""
        return max(0, len(self.turns) - (self.forked.reused_turns if self.forked else 0))

    def call(self, key: str) -> Call | None:
        """The call with this key in the current turn."""
        return next((call for call in self.calls if call.key == key), None)

    def source_at(self, url: str) -> Source | None:
        """The source with this url, if a search has returned it."""
        return next((source for source in self.sources if source.url == url), None)


ResearchEvent = (
    e.CallRequested
    | e.CallProgressed
    | e.CallCompleted
    | e.CallFailed
    | e.StepReasoned
    | e.PlanDrafted
    | e.PlanAdapted
    | e.PlanReviewed
    | e.SourceFound
    | e.PageRead
    | e.PageSetAside
    | e.BudgetReached
    | e.ReportDrafted
    | e.ClaimsJudged
    | e.PassagesMatched
    | e.ReportWritten
    | ThreadEvent
)


def evolve(state: Research, event: ResearchEvent) -> Research:
    """The state after one more research event."""
    if isinstance(event, e.ThreadFact):
        return replace(state, work=threaded_work.evolve(state.work, event))
    match event:
        case e.CallRequested():
            return _request(state, event)
        case e.CallProgressed():
            return state  # for those who watch
        case e.CallCompleted() | e.CallFailed():
            return _settle(state, event)
        case e.StepReasoned():
            return _reason(state, event)
        case e.PlanDrafted() | e.PlanAdapted():
            return _plan(state, event)
        case e.PlanReviewed():
            return replace(state, plan=event.steps, review=event, reviewed_after=len(state.turns))
        case e.SourceFound():
            return _find(state, event)
        case e.PageRead() | e.PageSetAside():
            return _read(state, event) if isinstance(event, e.PageRead) else _set_page_aside(state, event)
        case e.BudgetReached():
            return replace(state, tripped=state.tripped or event)
        case e.ReportDrafted():
            return _set_aside(state, event) if event.is_set_aside else _draft(state, event)
        case e.PassagesMatched():
            return _match(state, event)
        case e.ClaimsJudged():
            return _judge(state, event)
        case e.ReportWritten():
            return replace(state, report=event, author=_author_of(event) or state.author)
        case _:
            assert_never(event)


def fork(state: Research, event: e.JobForked) -> Research:
    """Return the initial state of a fork, before the copied events."""
    return replace(state, forked=event, answers=event.answers)


def finish(state: Research) -> Research:
    """Return the state once the report is wanted, noting the open calls."""
    open_ = tuple(call.key for call in state.calls if not call.settled)
    return replace(state, is_finishing=True, open_at_finish=open_)


def _request(state: Research, event: e.CallRequested) -> Research:
    call = Call(
        event.key,
        event.kind,
        event.provider,
        event.input_sha256,
        event.repeat,
        fallback=event.fallback,
        prompt_sha256=event.prompt_sha256,
        reused=event.reused,
    )
    kept = tuple(known for known in state.calls if known.key != event.key)
    repeated = state.bill.repeated_calls + (event.repeat > 0)
    is_new = event.kind in ("search", "read") and len(kept) == len(state.calls)
    made = state.made.with_last(state.made[-1] + 1) if is_new and state.made else state.made
    bill = replace(state.bill, repeated_calls=repeated)
    return replace(state, calls=(*kept, call), made=made, bill=bill)


def _settle(state: Research, event: e.CallCompleted | e.CallFailed) -> Research:
    call = state.call(event.key)
    if call is None or call.reply_sha256 is not None:
        return state
    if isinstance(event, e.CallCompleted):
        state = _learn_size(state, call, event)
        told = {"published": event.published, "language": event.language}
        settled = replace(call, reply_sha256=event.reply_sha256, error=None, **told)
    else:
        settled = replace(call, error=event)
    if isinstance(event, e.CallFailed) and event.error_type == "aborted" and state.tripped:
        state = replace(state, is_late=True)
    calls = tuple(settled if known.key == event.key else known for known in state.calls)
    bill = _charged(state.bill, call, event)
    charged = _count_failure(replace(state, calls=calls, bill=bill), settled)
    if isinstance(event, e.CallCompleted) and event.failed_parts:
        charged = _note_parts(charged, event.key, event.failed_parts)
    return _note_failure(charged, settled) if state.turns and settled.settled else charged


def _learn_size(state: Research, call: Call, event: e.CallCompleted) -> Research:
    """Learn from a server's count how many bytes a token has."""
    if call.kind != "model" or event.prompt_bytes is UNSET or event.usage.input_tokens < LEAST_COUNTED:
        return state
    least, most = BYTES_OF_A_TOKEN
    learnt = round(event.prompt_bytes / event.usage.input_tokens, 2)
    return replace(state, learnt=learnt) if least <= learnt <= most else state


def _count_failure(state: Research, call: Call) -> Research:
    """Count final failures of this job itself, without retried calls."""
    if call.error is None or call.reused or call.fallback:
        return state
    if call.kind == "model":
        failures = state.model_failures + 1
        return replace(state, model_failures=failures, model_error=call.error.error_message)
    searches = state.failed_searches + (call.settled and call.kind == "search")
    reads = state.failed_reads + (call.settled and call.kind == "read")
    return replace(state, failed_searches=searches, failed_reads=reads)


def _note_parts(state: Research, key: str, parts: tuple[e.FailedPart, ...]) -> Research:
    """Note which of several providers failed, for the model and readers."""
    known = replace(state, missed_parts=(*state.missed_parts, *parts))
    if not state.turns:
        return known
    turn = state.turns[-1]
    lines = (f"{key}: {part.provider} failed: {part.error_message}" for part in parts)
    noted = replace(turn, failed=(*turn.failed, *lines))
    return replace(known, turns=state.turns.with_last(noted))


def _note_failure(state: Research, call: Call) -> Research:
    """Note the error of an abandoned call, for the model."""
    if call.error is None:
        return state
    turn = state.turns[-1]
    noted = replace(turn, failed=(*turn.failed, f"{call.key}: {call.error.error_message}"))
    return replace(state, turns=state.turns.with_last(noted))


def _charged(bill: Bill, call: Call, event: e.CallCompleted | e.CallFailed) -> Bill:
    if call.fallback:
        return bill
    seen = _note_size(bill, event.usage) if call.kind == "model" else bill
    if call.reused:
        is_search = call.kind == "search" and isinstance(event, e.CallCompleted)
        return replace(seen, reused_searches=seen.reused_searches + is_search)
    charged = _charge(seen, event.usage)
    if isinstance(event, e.CallFailed) and not _was_answered(call, event):
        return replace(charged, failed_tries=charged.failed_tries + 1)
    return _count(charged, call.kind)


def _was_answered(call: Call, event: e.CallFailed) -> bool:
    """Return True for a paid reply of the model that was refused."""
    return call.kind in ("model", "judge") and event.error_type == "validation"


def _count(bill: Bill, kind: e.CallKind) -> Bill:
    """Count a call that was answered: only these use up the budget."""
    return replace(
        bill,
        model_calls=bill.model_calls + (kind == "model"),
        searches=bill.searches + (kind == "search"),
        reads=bill.reads + (kind == "read"),
        judge_calls=bill.judge_calls + (kind == "judge"),
        embed_calls=bill.embed_calls + (kind == "embed"),
    )


def _note_size(bill: Bill, usage: e.Usage) -> Bill:
    """Note a model call's size, to predict the next one."""
    return replace(
        bill,
        dearest_call=max(bill.dearest_call, usage.cost_usd or 0.0),
        longest_call=max(bill.longest_call, usage.input_tokens + usage.output_tokens),
    )


def _charge(bill: Bill, usage: e.Usage) -> Bill:
    """Add what a try used, whether or not it succeeded."""
    return replace(
        bill,
        input_tokens=bill.input_tokens + usage.input_tokens,
        output_tokens=bill.output_tokens + usage.output_tokens,
        # Rounded to a billionth of a dollar so that the sum does not depend on float noise.
        cost_usd=round(bill.cost_usd + (usage.cost_usd or 0.0), 9),
        unpriced_calls=bill.unpriced_calls + (usage.cost_usd is None),
    )


def _reason(state: Research, event: e.StepReasoned) -> Research:
    """Begin a turn, and drop the model's call that led to it."""
    turn = Turn(event.step, event.reasoning, event.function)
    author = _author(state)
    turns = state.turns.appended(turn)
    return replace(
        state,
        turns=turns,
        made=state.made.appended(0),
        bytes_per_token=state.bytes_per_token.appended(state.learnt),
        calls=(),
        bill_at_turn=state.bill,
        total_steps=_total(state, turn, len(turns)),
        author=author,
        stand_in_turns=state.stand_in_turns + (author == "stand_in" and not _is_copied(state)),
    )


def _is_copied(state: Research) -> bool:
    """True while the events of a fork's origin are folded."""
    return state.forked is not None and len(state.turns) < state.forked.reused_turns


def _author_of(report: e.ReportWritten) -> Author | None:
    """Return the one author that a report names, if it names one."""
    return report.parts[0].author if report.parts and len(report.parts) == 1 else None


def _author(state: Research) -> Author:
    """Return who decided the turn: a model, its stand-in, or neither."""
    call = next((call for call in reversed(state.calls) if call.kind == "model"), None)
    if call is None:
        return "model"
    if call.fallback and state.is_finishing and not any(known.error for known in state.calls):
        return "extractive"  # nothing failed: the report was wanted before there was anything to write from
    return "stand_in" if call.fallback else "extractive" if call.provider == "extractive" else "model"


def _total(state: Research, turn: Turn, done: int) -> int:
    """Estimate the total of turns, which grows with the work."""
    if isinstance(turn.function, GeneratePlan):
        return done + TURNS_PER_STEP * len(turn.function.planned_steps) + 1
    if isinstance(turn.function, WriteReport):
        return max(state.total_steps, done)
    return max(state.total_steps, done + 1)


def _draft(state: Research, event: e.ReportDrafted) -> Research:
    return replace(
        state,
        draft=event,
        drafts=state.drafts + 1,
        is_judged=not (event.claims or event.uncited),
        is_matched=not event.unquoted,
        matched=(),
    )


def _set_aside(state: Research, event: e.ReportDrafted) -> Research:
    """Set the report aside, which is no draft any more."""
    is_draft = state.draft is not None and state.draft.content == event.content
    return replace(state, set_aside=event, draft=None if is_draft else state.draft)


def _match(state: Research, event: e.PassagesMatched) -> Research:
    draft = state.draft
    is_bare = not event.claims and not (draft and (draft.claims or draft.uncited))
    return replace(state, matched=event.claims, is_matched=True, is_judged=is_bare)


def _judge(state: Research, event: e.ClaimsJudged) -> Research:
    verdicts = (*state.verdicts, *event.verdicts)
    return replace(state, is_judged=True, verdicts=verdicts, judge=event.judge or state.judge)


def _plan(state: Research, event: e.PlanDrafted | e.PlanAdapted) -> Research:
    return replace(state, goal=event.goal, plan=event.steps)


def _find(state: Research, event: e.SourceFound) -> Research:
    source = Source(
        event.number,
        event.url,
        event.title,
        event.excerpt,
        event.found_by,
        score=event.score,
        coverage=event.coverage,
    )
    turn = replace(state.turns[-1], found=(*state.turns[-1].found, event.number))
    return replace(state, sources=state.sources.appended(source), turns=state.turns.with_last(turn))


def _read(state: Research, event: e.PageRead) -> Research:
    told = {"published": event.published, "language": event.language}
    turn = replace(state.turns[-1], read=(*state.turns[-1].read, event.number))
    known = _with_source(state, event.number, sha256=event.sha256, **told)
    return replace(known, turns=state.turns.with_last(turn))


def _set_page_aside(state: Research, event: e.PageSetAside) -> Research:
    """Note why the page is not used.

    The model is told as of a call that failed.
    """
    told = {"published": event.published, "language": event.language}
    turn = state.turns[-1]
    line = f"{event.read_by}: The page was set aside: {aside_in_words(event)}."
    known = _with_source(state, event.number, set_aside=event, **told)
    return replace(known, turns=state.turns.with_last(replace(turn, failed=(*turn.failed, line))))


def _with_source(state: Research, number: int, **changes: Any) -> Research:  # noqa: ANN401 - fields
    at = _place(state.sources, number)
    if at is None:
        return state
    changed = replace(state.sources[at], **changes)
    return replace(state, sources=state.sources.with_item(at, changed))


def _place(sources: Sequence[Source], number: int) -> int | None:
    """Return where a source is: they are numbered as they are found."""
    if 0 < number <= len(sources) and sources[number - 1].number == number:
        return number - 1
    return next((at for at, source in enumerate(sources) if source.number == number), None)
