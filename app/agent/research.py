"""The agent as a function of the log: `next_calls(job)`, and what the replies mean.

A turn is one model call that fills the schema, then the calls of the tool that it chose. Both are
read off the folded job, so resuming is folding, and a call that is in the log is never made again.
What the replies mean is worked out once all calls of the turn are settled, in the order of their
keys: the numbers of the sources do not depend on which reply came first.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app.agent.citations import bind
from app.agent.limits import LAST, affordable, bounds, is_forced, may_use, menu, usable
from app.agent.urls import clean, normalise
from app.domain import events as e
from app.domain import steps
from app.domain.job import Job
from app.domain.research import Call as ResearchCall
from app.domain.research import Research
from app.providers.ports import (
    FREE,
    Ask,
    BadReply,
    FollowUp,
    ModelReply,
    PageReply,
    SearchReply,
    SeenSource,
)

# What stands in for the model picks sentences by their words; that it found none says little.
UNWRITTEN = (
    "No report could be written with the language model, and no sentence of the pages that were read "
    "matches the words of the question. The sources below were found and read."
)
MAX_CORRECTIONS = 2  # times that a model is told what was wrong with its reply, for one turn
MAX_NAMED = 5  # urls of the question that become sources
ANSWER_SECONDS = 600  # that the caller has to answer the agent's questions
URL = re.compile(r"https?://[^\s<>\"']{4,2000}")
TITLE = 200  # characters of the question, as the title of an answer
EXCERPT = 500  # characters of a hit that are kept with the source


class ModelCall(Struct, frozen=True):
    """Ask the model for the next step; `fallback` asks the one that cannot fail and costs nothing."""

    key: str
    ask: Ask
    fallback: bool = False
    kind: Literal["model"] = "model"


class SearchCall(Struct, frozen=True):
    """Search for one query."""

    key: str
    query: str
    limit: int
    kind: Literal["search"] = "search"


class ReadCall(Struct, frozen=True):
    """Read one page."""

    key: str
    number: int
    url: str
    kind: Literal["read"] = "read"


Call = ModelCall | SearchCall | ReadCall
Reply = ModelReply | SearchReply | PageReply

# What replies can mean. It stands behind the last outcome of a turn, in the same append.
LESSONS = (
    e.StepReasoned,
    e.PlanDrafted,
    e.PlanAdapted,
    e.SourceFound,
    e.PageRead,
    e.InputRequested,
    e.ReportWritten,
)

_encode = msgspec.json.Encoder(order="deterministic").encode


def input_of(call: Call) -> bytes:
    """What is hashed as the input of a call; for a model it is kept as well."""
    return _encode(call.ask if isinstance(call, ModelCall) else call)


def about(call: Call) -> str:
    """What a call is about, for people."""
    match call:
        case ModelCall():
            return f"turn {call.ask.step}"
        case SearchCall():
            return call.query
        case ReadCall():
            return call.url


def intent(job: Job, call: Call, provider: str, prompt_sha256: str | None = None) -> e.CallRequested:
    """The announcement of a call; one that was in flight when a worker died is announced as a repeat."""
    known = job.research.call(call.key)
    was_in_flight = known is not None and known.error is None
    return e.CallRequested(
        key=call.key,
        kind=call.kind,
        provider=provider,
        input_sha256=sha256(input_of(call)).hexdigest(),
        about=about(call),
        repeat=(known.repeat if known else 0) + was_in_flight,
        fallback=isinstance(call, ModelCall) and call.fallback,
        prompt_sha256=prompt_sha256,
    )


def next_calls(job: Job) -> list[Call]:
    """The calls to make now, at once if there are several; none once there is a report."""
    if job.research.report is not None:
        return []
    return pending(job) or [model_call(job)]


def pending(job: Job) -> list[Call]:
    """The calls of the current turn's tool that are not settled."""
    settled = {call.key for call in job.research.calls if call.settled}
    return [call for call in tool_calls(job) if call.key not in settled]


def tool_calls(job: Job) -> list[Call]:
    """All calls of the current turn's tool, within the limits; none once a limit was reached."""
    if not job.research.turns or job.research.tripped:
        return []
    turn = job.research.turns[-1]
    match turn.function:
        case steps.WebSearch(queries=queries):
            return _searches(job, turn.step, queries)
        case steps.ReadPages(urls=urls):
            return _reads(job, turn.step, urls)
        case _:
            return []


def _searches(job: Job, step: int, queries: tuple[str, ...]) -> list[Call]:
    most = bounds(job)
    left = max(0, most.searches - job.research.bill_at_turn.searches)
    distinct = enumerate(dict.fromkeys(queries), 1)
    calls = [SearchCall(f"{step}/search/{n}", query, most.hits) for n, query in distinct]
    return _within(job, calls, left)


def _reads(job: Job, step: int, urls: tuple[str, ...]) -> list[Call]:
    """Only pages that a search returned are read; a url that the model made up is passed over."""
    left = max(0, bounds(job).reads - job.research.bill_at_turn.reads)
    known = (job.research.source_at(normalise(url)) for url in urls)
    unread = dict.fromkeys(source for source in known if source and source.sha256 is None)
    calls = [
        ReadCall(f"{step}/read/{source.number}", source.number, source.url)
        for source in unread
        if not job.research.forked or may_use(job, source.url)
    ]
    return _within(job, calls, left)


def _within(job: Job, calls: Sequence[Call], left: int) -> list[Call]:
    """The first `left` calls, and those that are on record: a fork may have had wider limits before."""
    announced = {call.key for call in job.research.calls}
    return [call for n, call in enumerate(calls) if n < left or call.key in announced]


def model_call(job: Job) -> ModelCall:
    """The next turn, with everything that the model is told.

    A reply that was not a legal step is told back, under a key of its own, MAX_CORRECTIONS times.
    After that, or where the limits leave no room for the model, what was read is written up without it.
    """
    step = len(job.research.turns) + 1
    refused = [call.error for call in job.research.calls if call.kind == "model" and call.error]
    final = [error for error in refused if not error.retryable]
    told = tuple(error.error_message for error in final if error.error_type == "validation")
    if _is_spent(final, told) or not affordable(job):
        return ModelCall(f"{step}/fallback", _ask(job, LAST), fallback=True)
    key = f"{step}/model" + (f"/{len(final) + 1}" if final else "")
    return ModelCall(key, _ask(job, menu(job), told))


def _is_spent(final: list[e.CallFailed], told: tuple[str, ...]) -> bool:
    """True once asking the model again makes no sense in this turn.

    The first deadline cuts a call off so that the report can be begun; the second one ends that too.
    """
    cuts = sum(error.error_type == "aborted" for error in final)
    return len(told) > MAX_CORRECTIONS or cuts > 1 or len(final) > len(told) + cuts


def _ask(job: Job, tools: tuple[str, ...], corrections: tuple[str, ...] = ()) -> Ask:
    research = job.research
    return Ask(
        query=job.request.query,
        today=job.started_at.date().isoformat() if job.started_at else "",
        effort=job.request.effort,
        step=len(research.turns) + 1,
        menu=tools,
        goal=research.goal,
        plan=research.plan,
        turns=research.turns,
        sources=tuple(
            SeenSource(source.number, source.url, source.title, source.excerpt, source.sha256)
            for source in usable(job)
        ),
        corrections=corrections,
        answers=research.answers,
        follow_up=_follow_up(research),
    )


def _follow_up(research: Research) -> FollowUp | UnsetType:
    forked = research.forked
    if forked is None or not forked.instruction:
        return UNSET
    earlier = forked.earlier or e.Earlier("", "")
    return FollowUp(forked.instruction, forked.reused_turns, earlier.title, earlier.content)


def aborted(job: Job, why: str) -> tuple[e.CallFailed, ...]:
    """The end of the calls that are cut off; nobody knows what those in flight will cost."""
    return tuple(
        e.CallFailed(call.key, "aborted", why, False, e.Usage(cost_usd=_known_cost(call)))
        for call in job.research.calls
        if not call.settled
    )


def _known_cost(call: ResearchCall) -> float | None:
    was_in_flight = call.error is None
    return None if was_in_flight and call.provider not in FREE else 0.0


def learn_step(job: Job, call: ModelCall, reply: ModelReply, texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    """What a filled schema means; `texts` holds the pages that were read, by their sha256.

    Raises BadReply where the model chose a tool that was not on the menu.
    """
    function, reasoning = reply.step.function, reply.step.reasoning
    name = type(function).__struct_config__.tag
    if name not in call.ask.menu:
        allowed = ", ".join(call.ask.menu)
        raise BadReply(f"The tool {name} is not allowed now; allowed are {allowed}.", reply.usage)
    kept = replace(function, content="") if isinstance(function, steps.WriteReport) else function
    return (
        e.StepReasoned(call.ask.step, reasoning, kept),
        *_named_by_caller(job),
        *_consequences(job, function, texts, fallback=call.fallback),
    )


def _named_by_caller(job: Job) -> tuple[e.SourceFound, ...]:
    """Pages whose url stands in the question may be read like those that a search returned."""
    known = {source.url for source in job.research.sources}
    urls = dict.fromkeys(normalise(url.rstrip(".,;:!?)»”")) for url in URL.findall(_just_said(job)))
    wanted = [url for url in urls if url and url not in known and may_use(job, url)][:MAX_NAMED]
    return tuple(e.SourceFound(n, url, url, "", "caller") for n, url in enumerate(wanted, len(known) + 1))


def _just_said(job: Job) -> str:
    """The question before the first turn, and what a fork adds to it before its own first one."""
    research = job.research
    question = "" if research.turns else job.request.query
    is_new = research.forked is not None and not research.turns_taken
    return f"{question}\n{research.forked.instruction}" if research.forked and is_new else question


def _consequences(
    job: Job, function: steps.AnyTool, texts: Mapping[str, str], *, fallback: bool
) -> tuple[e.Event, ...]:
    match function:
        case steps.GeneratePlan():
            return (e.PlanDrafted(function.goal, function.planned_steps, function.search_strategies),)
        case steps.AdaptPlan():
            adapted = e.PlanAdapted(
                function.new_goal, function.next_steps, function.plan_changes, function.reason
            )
            return (adapted,)
        case steps.Clarify():
            asked = e.InputRequested(
                function.questions, function.unclear_terms, function.assumptions, ANSWER_SECONDS
            )
            return (asked,)
        case steps.WriteReport():
            return (bind(function.title, function.content, function.confidence, _citable(job), texts),)
        case steps.Answer():
            text = UNWRITTEN if fallback and texts else function.answer
            report = bind(clean(_asked(job))[:TITLE], text, "low", _citable(job), texts)
            # That nothing was found is no claim that would need a source.
            return (replace(report, unverified=()) if function.status == "failed" else report,)
        case _:
            return ()


def _citable(job: Job) -> Research:
    return replace(job.research, sources=usable(job))


def _asked(job: Job) -> str:
    """What the report is to answer."""
    forked = job.research.forked
    return (forked and forked.instruction) or job.request.query


def learn_calls(job: Job, replies: Mapping[str, Reply]) -> tuple[e.Event, ...]:
    """What the replies of a whole turn mean, by the keys of its calls; failed calls have no reply."""
    known, learnt = {source.url for source in job.research.sources}, list[e.Event]()
    number = len(known)
    for call in tool_calls(job):
        reply = replies.get(call.key)
        if isinstance(call, SearchCall) and isinstance(reply, SearchReply):
            for hit in reply.hits:
                url = normalise(hit.url)
                if url and url not in known and may_use(job, url):
                    known.add(url)
                    number += 1
                    title, excerpt = clean(hit.title) or url, clean(hit.excerpt)[:EXCERPT]
                    learnt.append(e.SourceFound(number, url, title, excerpt, call.key))
    return (*learnt, *_pages(job, replies))


def _pages(job: Job, replies: Mapping[str, Reply]) -> tuple[e.Event, ...]:
    calls = {call.key: call for call in job.research.calls}
    return tuple(
        e.PageRead(call.number, digest, len(reply.text.encode()), call.key)
        for call in tool_calls(job)
        if isinstance(call, ReadCall)
        and isinstance(reply := replies.get(call.key), PageReply)
        and (digest := calls[call.key].reply_sha256)
    )


def stop_reason(job: Job, research: Research, call: ModelCall) -> e.StopReason:
    """Why the job ends with the report in `research`; `job` is the state before `call` was made."""
    if job.research.tripped is None and call.fallback:
        return "model_failed"
    forced = is_forced(job)
    if forced in {"budget_reached", "deadline"}:
        return forced
    if research.report is None or not research.report.claims:
        return "no_evidence"
    return forced or "answered"
