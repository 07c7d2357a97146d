"""What the calls of a threaded job mean, as events.

Each call is learnt from at once: threads do not wait for each other. Numbers follow the order of the log.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import UNSET
from msgspec.structs import replace

from app.agent import extraction, interpret
from app.agent.brief import (
    CritiqueReply,
    ExtractReply,
    OutlineReply,
    SectionPlan,
    ThreadReply,
)
from app.agent.brief_replies import filled, section_of
from app.agent.calls import BriefCall, Call, ReadCall, Reply, SearchCall, StageCall
from app.agent.effects import query_key
from app.agent.ending import asked
from app.agent.lagging import lagging_threads
from app.agent.limits import thread_bounds
from app.agent.page_bounds import page_of
from app.agent.ports import BadReply, PageReply, SearchReply, TextReply
from app.agent.thread_report import assembled
from app.agent.threads import ThreadBoard
from app.domain import events as e
from app.domain.job import Job
from app.domain.research import ResearchEvent, evolve
from app.domain.threaded_work import Thread
from app.text.sentences import stems
from app.text.urls import clean

Events = tuple[ResearchEvent, ...]

MAX_STEP_QUERIES = 3  # of one step
MAX_READS = 8
MAX_THREAD_QUERY = 400  # characters
MAX_THREAD_QUESTION = 500
MAX_FINDING = 2000
MAX_NOTED_LINES = 12  # conflicts, things not found
MAX_SECTIONS = 12  # of the model's own outline
REAL_SECTION_RULES = 11  # agent_rules from which a critique's section is one of the outline's
WHOLE_OUTLINE_RULES = 9  # agent_rules from which all headings of the caller's outline are kept
MAX_POINTS = 1000


def learn(job: Job, call: Call, reply: Reply | None, texts: Mapping[str, str]) -> tuple[e.Event, ...]:
    """Return what a settled call means.

    A failed call has no reply.

    Args:
        job: after the outcome of the call.
        call: one that `threads.next_calls` returned.
        reply: of the call.
        texts: pages by their sha256: that of an extraction, all of them for the report.

    Raises BadReply for a reply that cannot be used.
    """
    if isinstance(call, StageCall) and call.stage == "report":
        return interpret.learn_sections(job, assembled(job), texts)
    learnt = _learn(job, call, reply, texts)
    return (*learnt, *_closings(_knowing(job, learnt)))


def pages_of(call: Call) -> tuple[str, ...]:
    """Return the pages that a brief needs, by their sha256."""
    return (
        tuple(one.sha256 for one in call.brief.sources if one.sha256) if isinstance(call, BriefCall) else ()
    )


def _learn(job: Job, call: Call, reply: Reply | None, texts: Mapping[str, str]) -> Events:
    match call:
        case SearchCall():
            return _searched(job, call, reply)
        case ReadCall():
            return _read(job, call, reply)
        case StageCall():
            return _opened(job, job.research.plan)
        case BriefCall():
            return _replied(job, call, reply, texts)
        case _:
            return ()


def leave(job: Job, texts: Mapping[str, str]) -> tuple[e.EvidenceKept | e.ThreadClosed, ...]:
    """Close the threads that lag, once their calls were cut off.

    Passages of what they read are kept by words; `texts` has the pages that `unseen` names.
    """
    threads, board = lagging_threads(job), ThreadBoard(job)
    kept = [
        _by_words(job, thread, number, texts[name], board.extract_key(thread, number))
        for thread in threads
        for number, name in _unseen(job, thread)
        if name in texts
    ]
    closed = (e.ThreadClosed(one.number, "spent", one.steps[-1].finding or "") for one in threads)
    return (*kept, *closed)


def unseen(job: Job) -> tuple[str, ...]:
    """Return lagging threads' pages of which nothing is kept yet."""
    found = (name for thread in lagging_threads(job) for _, name in _unseen(job, thread))
    return tuple(dict.fromkeys(found))


def _unseen(job: Job, thread: Thread) -> Iterator[tuple[int, str]]:
    """Return a thread's pages without passages: their numbers and sha256."""
    for number in thread.reads:
        name = job.research.sources[number - 1].sha256
        if name and number not in thread.extracted:
            yield number, name


def _knowing(job: Job, learnt: Iterable[ResearchEvent]) -> Job:
    research = job.research
    for event in learnt:
        research = evolve(research, event)
    return replace(job, research=research)


def _closings(job: Job) -> tuple[e.ThreadClosed, ...]:
    """Close the threads that can do nothing more."""
    board = ThreadBoard(job)
    return tuple(
        _ended(board, thread)
        for thread in job.research.work.threads
        if thread.closed is None and not board.thread_calls(thread)
    )


def _ended(board: ThreadBoard, thread: Thread) -> e.ThreadClosed:
    key, finding = board.decision_key(thread), thread.steps[-1].finding
    if finding is not None:
        return e.ThreadClosed(thread.number, "answered", finding)
    return e.ThreadClosed(thread.number, "failed" if board.has_failed(key) else "spent")


# Searches and pages


def _searched(job: Job, call: SearchCall, reply: Reply | None) -> Events:
    """Return new sources, and which sources the thread's search returned."""
    if not isinstance(reply, SearchReply):
        return ()
    known = {source.url: source.number for source in job.research.sources}
    found = interpret.found_sources(job, call, reply, known)
    known |= {source.url: source.number for source in found}
    numbers = dict.fromkeys(known[url] for url in interpret.usable_urls(job, reply) if url in known)
    return (*found, e.ThreadSearched(_thread(call.key), tuple(numbers), call.key))


def _thread(key: str) -> int:
    """Return the thread of a key such as 1/search/t2.1.1."""
    return int(key.split("/")[2].removeprefix("t").partition(".")[0])


def _read(job: Job, call: ReadCall, reply: Reply | None) -> Events:
    """Return the page, and evidence of a short one."""
    known = job.research.call(call.key)
    if not isinstance(reply, PageReply) or known is None or known.reply_sha256 is None:
        return ()
    read = page_of(job.request.sources, call.number, known, len(reply.text.encode()))
    if isinstance(read, e.PageSetAside) or len(reply.text) > extraction.SHORT_PAGE:
        return (read,)
    wanting = [thread for thread in job.research.work.threads if call.number in thread.reads]
    kept = (
        _by_words(job, thread, call.number, reply.text, call.key) for thread in wanting if not thread.closed
    )
    return (read, *kept)


def _by_words(job: Job, thread: Thread, number: int, page: str, key: str) -> e.EvidenceKept:
    wanted = stems(f"{job.request.query} {thread.question}")
    return e.EvidenceKept(thread.number, number, extraction.by_words(page, wanted), "words", found_by=key)


# What models reply


def _replied(job: Job, call: BriefCall, reply: Reply | None, texts: Mapping[str, str]) -> Events:
    if not isinstance(reply, TextReply):
        return _without(job, call, texts)
    try:
        match call.brief.task:
            case "thread":
                return _stepped(job, call, filled(ThreadReply, "thread", reply.text))
            case "extract":
                return _extracted(call, filled(ExtractReply, "extract", reply.text), texts)
            case "outline":
                return _outlined(job, call, filled(OutlineReply, "outline", reply.text))
            case "section":
                return (_section(call, section_of(reply.text)),)
            case "critique":
                return _criticised(job, call, filled(CritiqueReply, "critique", reply.text))
    except ValueError as error:
        raise BadReply(str(error), reply.usage, reply.text) from None


def _without(job: Job, call: BriefCall, texts: Mapping[str, str]) -> Events:
    """Return what holds without the model: passages chosen by words."""
    board, base = ThreadBoard(job), call.key.removesuffix("/2") if call.key.count("/") > 2 else call.key
    if call.brief.task != "extract" or not board.has_failed(base):
        return ()
    source, thread = call.brief.sources[0], job.research.work.thread(_thread(call.key))
    page = texts.get(source.sha256)
    return () if page is None else (_by_words(job, thread, source.number, page, call.key),)


def _stepped(job: Job, call: BriefCall, reply: ThreadReply) -> Events:
    """Return a thread's next step, within the limits, or its end."""
    board, thread = ThreadBoard(job), job.research.work.thread(_thread(call.key))
    step = len(thread.steps) + 1
    queries = _new_queries(board, reply.queries)
    reads = _new_reads(board, thread, reply.read)
    if reply.done and reads and call.brief.may_end_reading and step < thread_bounds(job).steps:
        thought, finding = reply.thought[:MAX_FINDING], reply.finding[:MAX_FINDING]
        return (e.ThreadStepped(thread.number, step, thought, (), reads, finding),)
    if reply.done or step >= thread_bounds(job).steps or not (queries or reads):
        reason: Literal["answered", "spent"] = "answered" if reply.done or reply.finding else "spent"
        return (e.ThreadClosed(thread.number, reason, reply.finding[:MAX_FINDING]),)
    return (e.ThreadStepped(thread.number, step, reply.thought[:MAX_FINDING], queries, reads),)


def _new_queries(board: ThreadBoard, queries: Iterable[str]) -> tuple[str, ...]:
    known = board.searched()
    new = {query_key(query): query.strip()[:MAX_THREAD_QUERY] for query in queries if query.strip()}
    wanted = [query for key, query in new.items() if key not in known]
    return tuple(wanted[: min(MAX_STEP_QUERIES, board.searches_left())])


def _new_reads(board: ThreadBoard, thread: Thread, numbers: Iterable[int]) -> tuple[int, ...]:
    """Return sources that the thread has found and not read."""
    shown, left = set(thread.hits), board.reads_left()
    wanted = list[int]()
    for number in dict.fromkeys(numbers):
        if number not in shown or number in thread.reads or len(wanted) == MAX_READS:
            continue
        is_free = board.research.sources[number - 1].sha256 is not None
        if is_free or left > 0:
            wanted.append(number)
            left -= not is_free
    return tuple(wanted)


def _extracted(call: BriefCall, reply: ExtractReply, texts: Mapping[str, str]) -> Events:
    """Return the passages that are in the page, and name the others."""
    source = call.brief.sources[0]
    kept, dropped = extraction.verbatim(reply.passages, texts.get(source.sha256, ""))
    return (e.EvidenceKept(_thread(call.key), source.number, kept, "model", dropped, call.key),)


def _section(call: BriefCall, content: str) -> e.SectionWritten:
    number, _, version = call.key.split("/")[2].partition(".")
    return e.SectionWritten(int(number), int(version or 1), content)


# The lead and the critic


def _opened(job: Job, questions: Sequence[str], section: int | None = None) -> tuple[e.ThreadOpened, ...]:
    """Open a thread for each question that has none."""
    work, most = job.research.work, thread_bounds(job).threads
    known = {query_key(thread.question) for thread in work.threads}
    new = {query_key(question): clean(question)[:MAX_THREAD_QUESTION] for question in reversed(questions)}
    wanted = [question for key, question in reversed(new.items()) if question and key not in known]
    room = most - len(work.threads) if section is None else len(wanted)
    at = UNSET if section is None else section
    first = len(work.threads) + 1
    opened = tuple(e.ThreadOpened(n, one, at) for n, one in enumerate(wanted[: max(0, room)], first))
    return opened if work.threads else _with_whole_question(job, opened)


def _with_whole_question(job: Job, opened: tuple[e.ThreadOpened, ...]) -> tuple[e.ThreadOpened, ...]:
    """Let the first thread search for the whole question too.

    The steps of a plan may leave out what the question is about.
    """
    whole = clean(asked(job))
    if job.agent_rules < 5 or not opened or query_key(whole) == query_key(opened[0].question):
        return opened
    return replace(opened[0], queries=(opened[0].question, whole)), *opened[1:]


def _outlined(job: Job, call: BriefCall, reply: OutlineReply) -> Events:
    """Return the outline, and threads for its gaps."""
    introduction = SectionPlan("", reply.answer, reply.evidence)
    planned = [introduction, *_headed(job, reply.sections)]
    known = {one.id for one in job.research.work.evidence}
    sections = [_planned(section, known) for section in planned[: _most_sections(job) + 1]]
    sections = _with_all(job, sections) if known else []
    outline = e.OutlineDrafted(
        clean(reply.title)[:300] or clean(job.research.goal)[:300],
        tuple(sections),
        reply.confidence,
        _lines(reply.conflicts),
        _lines(reply.missing),
    )
    return (outline, *_opened(job, reply.gaps[: call.brief.gaps]))


def _most_sections(job: Job) -> int:
    """Return how many sections a report may have beside its introduction.

    A caller's outline is followed to its end.
    """
    wanted = 0 if job.agent_rules < WHOLE_OUTLINE_RULES else len(job.request.outline)
    return max(MAX_SECTIONS, wanted)


def _headed(job: Job, sections: Sequence[SectionPlan]) -> list[SectionPlan]:
    """Give the sections the headings that the caller wants, in order."""
    wanted = job.request.outline
    if not wanted:
        return [section for section in sections if section.heading.strip()]
    by_heading = {query_key(section.heading): section for section in sections}
    in_order = [*sections[: len(wanted)], *[SectionPlan()] * (len(wanted) - len(sections))]
    return [
        replace(by_heading.get(query_key(heading), section), heading=heading)
        for heading, section in zip(wanted, in_order, strict=True)
    ]


def _planned(section: SectionPlan, known: set[int]) -> e.PlannedSection:
    ids = tuple(dict.fromkeys(id_ for id_ in section.evidence if id_ in known))
    return e.PlannedSection(clean(section.heading)[:200], section.points[:MAX_POINTS], ids)


def _with_all(job: Job, sections: Sequence[e.PlannedSection]) -> list[e.PlannedSection]:
    """Give a section without evidence what shares most words with it.

    The introduction of a report without any gets all of it.
    """
    evidence_ = job.research.work.evidence
    filled_ = list[e.PlannedSection]()
    for at, section in enumerate(sections):
        if section.evidence or (at == 0 and len(sections) > 1 and any(one.evidence for one in sections)):
            filled_.append(section)
            continue
        wanted = stems(f"{section.heading} {section.points}")
        near = tuple(one.id for one in evidence_ if wanted & stems(f"{one.quote} {one.note}"))
        filled_.append(replace(section, evidence=near or tuple(one.id for one in evidence_) * (at == 0)))
    first = filled_[0]
    if not first.evidence:
        every = dict.fromkeys(id_ for section in filled_ for id_ in section.evidence)
        filled_[0] = replace(first, evidence=tuple(every))
    return [filled_[0], *(one for one in filled_[1:] if one.evidence or job.request.outline)]


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(_line(line) for line in lines if line.strip())[:MAX_NOTED_LINES]


def _line(text: str) -> str:
    return clean(text)[:MAX_THREAD_QUESTION]


def _criticised(job: Job, call: BriefCall, reply: CritiqueReply) -> Events:
    """Return the problems with existing sections, and threads for some of them."""
    most = len(job.research.work.outline.sections) if job.research.work.outline else 0
    least = 0 if job.agent_rules >= REAL_SECTION_RULES else -math.inf
    problems = tuple(
        e.SectionFault(
            one.section, clean(one.problem)[:MAX_THREAD_QUESTION], clean(one.question)[:MAX_THREAD_QUESTION]
        )
        for one in reply.problems[:MAX_NOTED_LINES]
        if least <= one.section < most and one.problem.strip()
    )
    asked = [one for one in problems if one.question][: call.brief.gaps]
    events: Events = (e.SectionsCriticised(problems),)
    for one in asked:
        events = (*events, *_opened(_knowing(job, events), [one.question], one.section))
    return events
