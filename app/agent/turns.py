"""Return the agent's next calls as a function of the log.

What the replies mean is in `interpret`.

A turn is one model call that fills the schema, then the calls of the tool that it chose. Both are
read off the folded job, so resuming is folding, and a call that is in the log is never made again.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.agent import judging, matching, threads
from app.agent.asks import stand_in_ask, turn_ask
from app.agent.calls import Call, ModelCall, ReadCall, SearchCall, about, input_of, is_free
from app.agent.effects import query_key, searched, unreadable
from app.agent.finishing import needs_stand_in
from app.agent.limits import affordable, bounds, may_use
from app.agent.menu import may_research, menu
from app.agent.ports import FREE
from app.agent.spellings import Spellings
from app.domain import events as e
from app.domain import tools
from app.domain.job import Job
from app.domain.research import Call as ResearchCall
from app.domain.research import Source
from app.domain.threaded_work import is_thread_key
from app.text.urls import normalise

LATE = "The model did not answer before the deadline."
PASSING_EVENTS = frozenset({"network", "timeout", "rate_limit"})  # types of errors that waiting may cure
TOOL_KINDS = ("search", "read")
MAX_CORRECTIONS = 2  # times that a model is told what was wrong with its reply, for one turn


def intent(job: Job, call: Call, provider: str, prompt_sha256: str | None = None) -> e.CallRequested:
    """Return a call's announcement, marked as a repeat after a crash."""
    known = job.research.call(call.key)
    was_in_flight = known is not None and known.error is None
    return e.CallRequested(
        key=call.key,
        kind=call.kind,
        provider=provider,
        input_sha256=sha256(input_of(call)).hexdigest(),
        about=about(call),
        repeat=(known.repeat if known else 0) + was_in_flight,
        fallback=is_free(call),
        prompt_sha256=prompt_sha256,
    )


def next_calls(job: Job) -> list[Call]:
    """Return the calls to make now, none once a report exists."""
    if job.research.report is not None:
        return []
    if threads.is_on(job):
        return threads.next_calls(job)
    return pending(job) or [_deciding_call(job)]


def _deciding_call(job: Job) -> Call:
    """Return the model's next turn, or the draft's delivery.

    A draft that cannot be repaired is delivered as it is.
    """
    call = model_call(job)
    return judging.ending(job) if call.fallback and job.research.draft else call


def pending(job: Job) -> list[Call]:
    """The calls of the current turn's tool that are not settled."""
    settled = {call.key for call in job.research.calls if call.settled}
    return [call for call in tool_calls(job) if call.key not in settled]


def is_open(job: Job) -> bool:
    """Return True until every call of the turn's tool is settled.

    Where the report is wanted, no call is made any more, but some may be in flight.
    """
    in_flight = job.research.is_finishing and any(
        call.kind in TOOL_KINDS and not call.settled for call in job.research.calls
    )
    return in_flight or bool(pending(job))


def tool_calls(job: Job) -> list[Call]:
    """Return the calls of the turn's tool, within the limits.

    None once a limit was reached.
    """
    if job.research.draft and not job.research.is_matched:
        return list[Call](matching.embed_calls(job))
    if job.research.draft:
        return list[Call](judging.judge_calls(job))
    if not job.research.turns:
        return []
    if job.research.is_finishing:
        settled = {call.key for call in job.research.calls if call.settled}
        return [call for call in _chosen_calls(job) if call.key in settled]
    return _chosen_calls(job) if _may_act(job) else []


def _chosen_calls(job: Job) -> list[Call]:
    turn = job.research.turns[-1]
    match turn.function:
        case tools.WebSearch(queries=queries):
            return _searches(job, turn.step, queries)
        case tools.ReadPages(urls=urls):
            return _reads(job, turn.step, urls)
        case _:
            return []


def _may_act(job: Job) -> bool:
    """Return True while the chosen tool may be used.

    That is until a limit, or with what the limit left.
    """
    research = job.research
    if not research.is_ending:
        return True
    return job.agent_rules >= 2 and research.author == "stand_in" and may_research(job)


def _searches(job: Job, step: int, queries: tuple[str, ...]) -> list[Call]:
    most = bounds(job)
    left = max(0, most.searches - job.research.bill_at_turn.searches)
    distinct = enumerate(_new_queries(job, queries), 1)
    calls = [SearchCall(f"{step}/search/{n}", query, most.hits) for n, query in distinct]
    return _within(job, calls, left)


def _new_queries(job: Job, queries: tuple[str, ...]) -> Iterable[str]:
    """The queries that no turn before has searched for, each once."""
    if job.agent_rules < 2:
        return dict.fromkeys(queries)
    known = searched(job.research.turns[:-1])
    first = {query_key(query): query for query in reversed(queries)}
    return [query for key, query in reversed(first.items()) if key not in known]


def _reads(job: Job, step: int, urls: tuple[str, ...]) -> list[Call]:
    """Return reads of returned pages, skipping urls that the model made up."""
    left = max(0, bounds(job).reads - job.research.bill_at_turn.reads)
    known = _meant(job, urls)
    unread = dict.fromkeys(source for source in known if source and source.sha256 is None)
    calls = [
        ReadCall(f"{step}/read/{source.number}", source.number, source.url)
        for source in unread
        if not job.research.forked or may_use(job, source.url)
    ]
    return _within(job, calls, left)


def _meant(job: Job, urls: tuple[str, ...]) -> Iterable[Source | None]:
    """Return the named sources, without pages that could not be read."""
    if job.agent_rules < 2:
        return [job.research.source_at(normalise(url)) for url in urls]
    step = job.research.turns[-1].step
    failed = unreadable(job.research, before=step)
    found = map(Spellings(job.research.sources).find, urls)
    return [source for source in found if source and source.number not in failed]


def _within(job: Job, calls: Sequence[Call], left: int) -> list[Call]:
    """Return the first `left` calls, and those already logged.

    A fork may have had wider limits before.
    """
    announced = {call.key for call in job.research.calls}
    return [call for n, call in enumerate(calls) if n < left or call.key in announced]


def model_call(job: Job) -> ModelCall:
    """The next turn, with everything that the model is told.

    A reply that was not a legal step is told back, under a key of its own, MAX_CORRECTIONS times.
    After that, or where the limits leave no room for the model, the stand-in goes on without it.
    """
    step = len(job.research.turns) + 1
    refused = [
        call.error
        for call in job.research.calls
        if call.kind == "model" and call.error and not is_thread_key(call.key)
    ]
    final = [error for error in refused if not error.retryable]
    told = tuple(error.error_message for error in final if error.error_type == "validation")
    offered = _menu(job)
    cannot_go_on = _is_spent(final, told) or not affordable(job) or not offered or stands_in(job)
    if cannot_go_on or needs_stand_in(job):
        # A call of its own: one that was in flight when the report was wanted asked something else.
        name = "finish" if job.research.is_finishing else "fallback"
        return ModelCall(f"{step}/{name}", stand_in_ask(job), fallback=True)
    key = f"{step}/model" + (f"/{len(final) + 1}" if final else "")
    return ModelCall(key, turn_ask(job, offered, told))


def stands_in(job: Job) -> bool:
    """Return True once the model has given up in this job.

    What took its place goes on to the end.
    """
    research = job.research
    has_begun = research.stand_in_turns > 0 and research.author == "stand_in"
    return job.agent_rules >= 2 and (has_begun or research.set_aside is not None)


def _menu(job: Job) -> tuple[str, ...]:
    """A draft is to be repaired and nothing else."""
    return ("write_report",) if job.research.draft else menu(job)


def model_failure(job: Job) -> e.CallFailed | None:
    """Return why no model replied, or None if one did.

    A reply that was refused counts as one.
    """
    errors = [call.error for call in job.research.calls if call.kind == "model" and call.error]
    faults = [error for error in errors if error.error_type != "validation"]
    if job.research.is_finishing or job.research.turns or len(faults) < len(errors) or not faults:
        return None
    said = next((error for error in faults if error.error_type != "aborted"), None)
    # What ends a call for good here is that the time is over: asked later, the model may answer.
    if said is None:
        return replace(faults[-1], error_type="timeout", error_message=LATE, retryable=True)
    return replace(said, retryable=said.error_type in PASSING_EVENTS)


def _is_spent(final: list[e.CallFailed], told: tuple[str, ...]) -> bool:
    """True once asking the model again makes no sense in this turn.

    The first deadline cuts a call off so that the report can be begun; the second one ends that too.
    """
    cuts = sum(error.error_type == "aborted" for error in final)
    return len(told) > MAX_CORRECTIONS or cuts > 1 or len(final) > len(told) + cuts


def aborted(
    job: Job,
    why: str,
    said: Mapping[str, str | UnsetType] = MappingProxyType({}),
    only: Container[str] | None = None,
) -> tuple[e.CallFailed, ...]:
    """Return the end of calls cut off, at unknown cost.

    `said` has the blobs of what models had written by then, by the keys of their calls. `only` has the
    keys of the calls that are cut off; None for all.
    """
    return tuple(
        e.CallFailed(
            call.key,
            "aborted",
            why,
            False,
            e.Usage(cost_usd=_known_cost(call)),
            said_sha256=said.get(call.key, UNSET),
        )
        for call in job.research.calls
        if not call.settled and (only is None or call.key in only)
    )


def _known_cost(call: ResearchCall) -> float | None:
    was_in_flight = call.error is None
    return None if was_in_flight and call.provider not in FREE else 0.0
