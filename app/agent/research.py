"""The agent as a function of the log: `next_calls(job)`, and what the replies mean.

A turn is one model call that fills the schema, then the calls of the tool that it chose. Both are
read off the folded job, so resuming is folding, and a call that is in the log is never made again.
What the replies mean is worked out once all calls of the turn are settled, in the order of their
keys: the numbers of the sources do not depend on which reply came first.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from app.agent.citations import bind
from app.agent.limits import bounds, is_forced, menu
from app.agent.urls import clean, normalise
from app.domain import events as e
from app.domain import steps
from app.domain.job import Job
from app.domain.research import Research
from app.errors import ProviderError
from app.providers.ports import Ask, ModelReply, PageReply, SearchReply, SeenSource

EXCERPT = 500  # characters of a hit that are kept with the source


class ModelCall(Struct, frozen=True):
    """Ask the model for the next step."""

    key: str
    ask: Ask
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
    """All calls of the current turn's tool, within the limits."""
    if not job.research.turns:
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
    distinct = list(dict.fromkeys(queries))[:left]
    return [SearchCall(f"{step}/search/{n}", query, most.hits) for n, query in enumerate(distinct, 1)]


def _reads(job: Job, step: int, urls: tuple[str, ...]) -> list[Call]:
    """Only pages that a search returned are read; a url that the model made up is passed over."""
    left = max(0, bounds(job).reads - job.research.bill_at_turn.reads)
    known = (job.research.source_at(normalise(url)) for url in urls)
    unread = list(dict.fromkeys(source for source in known if source and source.sha256 is None))[:left]
    return [ReadCall(f"{step}/read/{source.number}", source.number, source.url) for source in unread]


def model_call(job: Job) -> ModelCall:
    """The next turn, with everything that the model is told."""
    research = job.research
    step = len(research.turns) + 1
    ask = Ask(
        query=job.request.query,
        today=job.started_at.date().isoformat() if job.started_at else "",
        effort=job.request.effort,
        step=step,
        menu=menu(job),
        goal=research.goal,
        plan=research.plan,
        turns=research.turns,
        sources=tuple(
            SeenSource(source.number, source.url, source.title, source.excerpt, source.sha256)
            for source in research.sources
        ),
    )
    return ModelCall(f"{step}/model", ask)


def learn_step(job: Job, call: ModelCall, reply: ModelReply, texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    """What a filled schema means; `texts` holds the pages that were read, by their sha256.

    Raises ProviderError where the model chose a tool that was not on the menu.
    """
    function, reasoning = reply.step.function, reply.step.reasoning
    name = type(function).__struct_config__.tag
    if name not in call.ask.menu:
        allowed = ", ".join(call.ask.menu)
        raise ProviderError("validation", f"The model chose {name}; allowed were {allowed}.", retryable=True)
    kept = replace(function, content="") if isinstance(function, steps.WriteReport) else function
    return (e.StepReasoned(call.ask.step, reasoning, kept), *_consequences(job, function, texts))


def _consequences(job: Job, function: steps.AnyTool, texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    match function:
        case steps.GeneratePlan():
            return (e.PlanDrafted(function.goal, function.planned_steps, function.search_strategies),)
        case steps.AdaptPlan():
            adapted = e.PlanAdapted(
                function.new_goal, function.next_steps, function.plan_changes, function.reason
            )
            return (adapted,)
        case steps.WriteReport():
            return (bind(function.title, function.content, function.confidence, job.research, texts),)
        case steps.Answer():
            return (bind("", function.answer, "low", job.research, texts),)
        case _:
            return ()


def learn_calls(job: Job, replies: Mapping[str, Reply]) -> tuple[e.Event, ...]:
    """What the replies of a whole turn mean, by the keys of its calls; failed calls have no reply."""
    known, learnt = {source.url for source in job.research.sources}, list[e.Event]()
    number = len(known)
    for call in tool_calls(job):
        reply = replies.get(call.key)
        if isinstance(call, SearchCall) and isinstance(reply, SearchReply):
            for hit in reply.hits:
                url = normalise(hit.url)
                if url and url not in known:
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


def stop_reason(job: Job, research: Research) -> e.StopReason:
    """Why the job ends with the report that `research` holds; `job` is the state before it was written."""
    report = research.report
    if report is None or not report.claims:
        return "no_evidence"
    return is_forced(job) or "answered"
