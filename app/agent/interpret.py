"""What the replies of a turn mean, as events.

It is worked out once all calls of the turn are settled, in the order of their keys: the numbers of the
sources do not depend on which reply came first.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.agent import judging, matching
from app.agent.calls import DecidingCall, ModelCall, ReadCall, Reply, SearchCall, StageCall
from app.agent.citations import Judged, bind, examine, uncited
from app.agent.ending import asked, citable, ended, supported
from app.agent.judging import JudgeCall
from app.agent.limits import bounds, is_forced, may_use
from app.agent.output_fields import judged_output, output_of
from app.agent.page_bounds import page_of
from app.agent.ports import BadReply, EmbedReply, Hit, JudgeReply, ModelReply, PageReply, SearchReply
from app.agent.turns import tool_calls
from app.domain import events as e
from app.domain import tools
from app.domain.job import Job
from app.domain.research import Research, evolve
from app.text.urls import clean, normalise
from dossier.job_types import Claim, Output, StopReason

# What stands in for the model picks sentences by their words; that it found none says little.
UNWRITTEN = (
    "No report could be written with the language model, and no sentence of the pages that were read "
    "matches the words of the question. The sources below were found and read."
)
REPORTS = (e.ReportWritten, e.ReportDrafted)
MAX_NAMED = 5  # urls of the question that become sources
REVIEW_QUESTION = "Is this plan right?"
REVIEW_ASSUMPTION = "The plan is right as it is."
ANSWER_SECONDS = 600  # that the caller has to answer the agent's questions
URL_IN_TEXT = re.compile(r"https?://[^\s<>\"']{4,2000}")
MAX_ANSWER_TITLE = 200  # characters of the question, as the title of an answer
KEPT_DIGITS = 4  # of how well a document fits
# Of a hit, that are kept as they are.
KEPT_RANKS = ("words_rank", "meaning_rank", "cosine", "search_rank", "rerank_rank", "relevance")
MAX_KEPT_EXCERPT = 500  # characters of a hit that are kept with the source


def learn_step(job: Job, call: ModelCall, reply: ModelReply, texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    """Return the events that a filled schema means.

    `texts` holds the pages that were read, by their sha256.

    Raises BadReply where the model chose a tool that was not on the menu.
    """
    function, reasoning = reply.step.function, reply.step.reasoning
    name = type(function).__struct_config__.tag
    if name not in call.ask.menu:
        allowed = ", ".join(call.ask.menu)
        raise BadReply(f"The tool {name} is not allowed now; allowed are {allowed}.", reply.usage)
    is_report = isinstance(function, tools.WriteReport)
    kept = replace(function, content="", quotes=(), output=UNSET) if is_report else function
    entries = (function.output or ()) if isinstance(function, tools.WriteReport) else ()
    consequences = _consequences(job, function, texts, fallback=call.fallback)
    return (
        e.StepReasoned(call.ask.step, reasoning, kept),
        *_named_by_caller(job),
        *_with_output(job, consequences, entries, texts),
    )


def _with_output(
    job: Job, events: tuple[e.Event, ...], entries: Sequence[tools.OutputEntry], texts: Mapping[str, str]
) -> tuple[e.Event, ...]:
    """Give a report or draft the output that the request wants."""
    if job.request.output_schema is None or not any(isinstance(event, REPORTS) for event in events):
        return events
    before = job.research.set_aside or job.research.draft
    # Who writes again and gives no values, keeps those of before.
    output = before.output if before and before.output and not entries else output_of(job, entries, texts)
    return tuple(_with(event, output) for event in events)


def _with(event: e.Event, output: Output | UnsetType) -> e.Event:
    return replace(event, output=output) if isinstance(event, REPORTS) else event


def _named_by_caller(job: Job) -> tuple[e.SourceFound, ...]:
    """Allow pages whose url is in the question, like search results."""
    known = {source.url for source in job.research.sources}
    urls = dict.fromkeys(normalise(url.rstrip(".,;:!?)»”")) for url in URL_IN_TEXT.findall(_just_said(job)))
    wanted = [url for url in urls if url and url not in known and may_use(job, url)][:MAX_NAMED]
    return tuple(e.SourceFound(n, url, url, "", "caller") for n, url in enumerate(wanted, len(known) + 1))


def _just_said(job: Job) -> str:
    """Return the question before the first turn, with a fork's addition."""
    research = job.research
    question = "" if research.turns else job.request.query
    is_new = research.forked is not None and not research.turns_taken
    return f"{question}\n{research.forked.instruction}" if research.forked and is_new else question


def _consequences(
    job: Job, function: tools.AnyTool, texts: Mapping[str, str], *, fallback: bool
) -> tuple[e.Event, ...]:
    match function:
        case tools.GeneratePlan():
            return _planned(job, function)
        case tools.AdaptPlan():
            adapted = e.PlanAdapted(
                function.new_goal, function.next_steps, function.plan_changes, function.reason
            )
            return (adapted,)
        case tools.Clarify():
            asked = e.InputRequested(
                function.questions, function.unclear_terms, function.assumptions, ANSWER_SECONDS
            )
            return (asked,)
        case tools.WriteReport():
            return _written(job, function, texts, fallback=fallback)
        case tools.Answer():
            return _answered(job, function, texts, fallback=fallback)
        case _:
            return ()


def _planned(job: Job, function: tools.GeneratePlan) -> tuple[e.Event, ...]:
    """Return the plan, with the wait for its review."""
    drafted = e.PlanDrafted(function.goal, function.planned_steps, function.search_strategies)
    if not job.request.plan_review or job.research.plan or job.research.is_ending:
        return (drafted,)
    asked = e.InputRequested(
        (REVIEW_QUESTION,), (), (REVIEW_ASSUMPTION,), ANSWER_SECONDS, plan=function.planned_steps
    )
    return (drafted, asked)


def _answered(
    job: Job, function: tools.Answer, texts: Mapping[str, str], *, fallback: bool
) -> tuple[e.Event, ...]:
    is_old = job.agent_rules < 2
    text = UNWRITTEN if is_old and fallback and texts else function.answer
    report = bind(
        clean(asked(job))[:MAX_ANSWER_TITLE], text, "low", citable(job), texts, is_bound=job.agent_rules >= 2
    )
    # "Nothing was found" is not a claim that needs a source.
    report = replace(report, unverified=()) if function.status == "failed" else report
    wrote = tools.WriteReport(report.title, text, "low")
    return (report,) if is_old else ended(job, report, wrote, texts, fallback=fallback)


def _written(
    job: Job, function: tools.WriteReport, texts: Mapping[str, str], *, fallback: bool
) -> tuple[e.Event, ...]:
    """Return a report, or its draft if calls are to follow."""
    examined = examine(
        function.title,
        function.content,
        function.confidence,
        citable(job),
        texts,
        quotes=function.quotes,
        is_bound=job.agent_rules >= 2,
    )
    report = examined.report
    unquoted = () if fallback else matching.unquoted(job, examined.unquoted)
    is_judged = judging.is_on(job) and (report.claims or job.agent_rules < 2)
    if not unquoted and (fallback or not is_judged):
        return (report,) if job.agent_rules < 2 else ended(job, report, function, texts, fallback=fallback)
    draft = e.ReportDrafted(
        function.title,
        function.content,
        function.confidence,
        report.claims,
        report.removed,
        function.quotes,
        report.rules,
        uncited=_uncited(job, report, texts),
        unquoted=unquoted or UNSET,
    )
    if unquoted:
        return (draft,)
    knowing = _knowing(job, draft)
    # The turn that wrote it is not in `job` yet.
    if judging.unjudged(knowing.research) or judging.may_repair(knowing, bounds(job).turns - 1):
        return (draft,)
    return (draft, _delivered(knowing, texts))


def learn_sections(job: Job, wrote: tools.WriteReport, texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    """Turn a threaded job's sections into a report or its draft."""
    return _written(job, wrote, texts, fallback=False)


def _uncited(job: Job, report: e.ReportWritten, texts: Mapping[str, str]) -> tuple[Claim, ...] | UnsetType:
    """Return what the request has judged beyond the citations."""
    found = uncited(report, citable(job), texts) if job.request.verify == "all" else ()
    return found or UNSET


def learn_verdicts(
    job: Job, call: JudgeCall, replies: Mapping[str, Reply], texts: Mapping[str, str]
) -> tuple[e.Event, ...]:
    """Turn the verdicts on a draft into a report or a repair."""
    calls = [known for known in judging.judge_calls(job) if not known.is_empty]
    given = {key: reply for key, reply in replies.items() if isinstance(reply, JudgeReply)}
    learnt = (judging.judged(job, calls, given),) if calls else ()
    knowing = _knowing(job, *learnt)
    if not call.is_empty and judging.may_repair(knowing, bounds(job).turns):
        return learnt
    return (*learnt, _delivered(knowing, texts))


def learn_matches(job: Job, replies: Mapping[str, Reply], texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    """Turn passages found by embedding into a report or a draft."""
    calls = [known for known in matching.embed_calls(job) if not known.is_empty]
    given = {key: reply for key, reply in replies.items() if isinstance(reply, EmbedReply)}
    learnt = matching.matched(job, calls, given, texts)
    knowing = _knowing(job, learnt)
    draft = knowing.research.draft
    if draft is None:
        raise ValueError("there is no draft to search for")
    if judging.is_on(knowing) and (draft.claims or learnt.claims):
        if judging.unjudged(knowing.research) or judging.may_repair(knowing, bounds(job).turns):
            return (learnt,)
        return (learnt, _delivered(knowing, texts))
    ending = ended(knowing, _bound(knowing, draft, texts), draft, texts, fallback=False)
    output = judged_output(knowing)
    return (learnt, *(_with(event, output) for event in ending))


def _knowing(job: Job, *learnt: e.ReportDrafted | e.ClaimsJudged | e.PassagesMatched) -> Job:
    research = job.research
    for event in learnt:
        research = evolve(research, event)
    return replace(job, research=research)


def _delivered(job: Job, texts: Mapping[str, str]) -> e.ReportWritten:
    """Return the newest draft without fallen claims, with verdicts on the others."""
    draft, known = job.research.draft, judging.opinions(job.research)
    if draft is None:
        raise ValueError("there is no draft to deliver")
    report = _bound(job, draft, texts)
    report = replace(report, removed=(*report.removed, *judging.contradicted(job.research)))
    claims = tuple(_with_verdict(claim, known.get((claim.text, claim.number))) for claim in report.claims)
    return replace(supported(job, replace(report, claims=claims), texts), output=judged_output(job))


def _bound(job: Job, draft: e.ReportDrafted, texts: Mapping[str, str]) -> e.ReportWritten:
    """Check a draft again, by what was judged and what embeddings found."""
    known = judging.opinions(job.research)
    falls = {at: verdict for at, verdict in known.items() if verdict.support in judging.FALLS}
    refused = {at: f"judged {verdict.support}: {verdict.reason}" for at, verdict in falls.items()}
    return bind(
        draft.title,
        draft.content,
        draft.confidence,
        citable(job),
        texts,
        judged=Judged(refused, judging.meant(job.research), job.research.matched),
        quotes=draft.quotes,
        is_bound=job.agent_rules >= 2,
    )


def _with_verdict(claim: Claim, verdict: e.Verdict | None) -> Claim:
    return replace(claim, verdict=verdict.support, reason=verdict.reason) if verdict else claim


def learn_calls(job: Job, replies: Mapping[str, Reply]) -> tuple[e.Event, ...]:
    """Return the events that a turn's replies mean, by call key.

    Failed calls have no reply.
    """
    known, learnt = {source.url: source.number for source in job.research.sources}, list[e.Event]()
    for call in tool_calls(job):
        reply = replies.get(call.key)
        if isinstance(call, SearchCall) and isinstance(reply, SearchReply):
            found = found_sources(job, call, reply, known)
            known |= {source.url: source.number for source in found}
            learnt += found
    return (*learnt, *_pages(job, replies))


def found_sources(
    job: Job, call: SearchCall, reply: SearchReply, known: Mapping[str, int]
) -> list[e.SourceFound]:
    """Return a search's new pages, with their numbers."""
    found = dict[str, e.SourceFound]()
    for hit in reply.hits:
        url = normalise(hit.url)
        if url and url not in known and url not in found and may_use(job, url):
            title, excerpt = clean(hit.title) or url, clean(hit.excerpt)[:MAX_KEPT_EXCERPT]
            number = len(known) + len(found) + 1
            fits = _fits(hit) if job.agent_rules >= 8 else {}
            found[url] = e.SourceFound(number, url, title, excerpt, call.key, hit.engine, **fits)
    return list(found.values())


def _fits(hit: Hit) -> dict[str, Any]:
    """Return how well a document fits, to be kept."""
    ranks = {name: getattr(hit, name) for name in KEPT_RANKS}
    if hit.coverage is UNSET:
        return ranks
    return {"score": round(hit.score, KEPT_DIGITS), "coverage": round(hit.coverage, KEPT_DIGITS), **ranks}


def usable_urls(job: Job, reply: SearchReply) -> list[str]:
    """Return the addresses of a search that the request allows."""
    urls = [normalise(hit.url) for hit in reply.hits]
    return [url for url in urls if url and may_use(job, url)]


def _pages(job: Job, replies: Mapping[str, Reply]) -> tuple[e.Event, ...]:
    calls = {call.key: call for call in job.research.calls}
    return tuple(
        page_of(job.request.sources, call.number, known, len(reply.text.encode()))
        for call in tool_calls(job)
        if isinstance(call, ReadCall)
        and isinstance(reply := replies.get(call.key), PageReply)
        and (known := calls[call.key]).reply_sha256
    )


def stop_reason(job: Job, research: Research, call: DecidingCall) -> StopReason:
    """Return why the job ends with the report in `research`.

    `job` is the state before `call` was made.
    """
    if job.research.is_finishing and job.research.tripped is None:
        return "finish_requested"
    if job.research.tripped is None and isinstance(call, StageCall) and not job.research.work.sections:
        return "no_evidence" if not job.research.work.evidence else "model_failed"
    is_aside = job.research.set_aside is not None  # the model came to an end of its own
    if job.research.tripped is None and isinstance(call, ModelCall) and call.fallback and not is_aside:
        return "model_failed"
    forced = is_forced(job)
    if forced == "max_iterations" and job.research.turns_taken < bounds(job).turns and job.research.draft:
        forced = None  # the turn that wrote the draft is already counted
    if forced in {"budget_reached", "deadline"}:
        return forced
    if research.report is None or not research.report.claims:
        return "no_evidence"
    return forced or "answered"
