"""Gather what each brief of a threaded job tells a model."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from app.agent.brief import Brief, BriefPassage, BriefSource, Task
from app.agent.lagging import LAG_RULES
from app.agent.limits import thread_bounds
from app.domain.events import PlannedSection
from app.domain.job import Job
from app.domain.research import Source
from app.domain.threaded_work import Evidence, Thread
from dossier.request import LengthName

MAX_SHOWN_HITS = 24  # sources that a thread is shown, the newest
LENGTHS: Mapping[LengthName, int] = {"short": 220, "medium": 600, "long": 1500}  # words
INTRODUCTION = 0.2  # of the words
REMARK_RULES = 9  # agent_rules from which each brief has the caller's remarks on the plan
EVIDENCE_RULES = 9  # agent_rules from which a section is no longer than its evidence carries
WORDS_A_PASSAGE = 60  # that a section may have for each of its passages
MIN_SECTION = 60  # words


def decision(job: Job, thread: Thread, unread: Sequence[int], left: int) -> Brief:
    """Return what a thread's model is told before its next step."""
    read = set(thread.extracted)
    shown = [number for number in thread.hits if number not in unread][-MAX_SHOWN_HITS:]
    failed = tuple(f"[{number}] could not be read." for number in unread)
    made = tuple(f"Searched for: {query}" for step in thread.steps for query in step.queries)
    sources = tuple(_seen(job, number, is_read=number in read) for number in shown)
    return replace(
        _brief(job, "thread", f"thread {thread.number}: {thread.question}"),
        subject=thread.question,
        sources=sources,
        evidence=_passages(one for one in job.research.work.evidence if one.thread == thread.number),
        notes=(*made, *failed),
        steps_left=left,
        may_end_reading=job.agent_rules >= LAG_RULES,
    )


def extraction(job: Job, thread: Thread, source: Source) -> Brief:
    """Return what a model is told to take evidence from a page."""
    page = BriefSource(source.number, source.title, source.url, sha256=source.sha256 or "")
    about = f"evidence on page {source.number} for thread {thread.number}"
    return replace(_brief(job, "extract", about), subject=thread.question, sources=(page,))


def outline(job: Job, gaps: int) -> Brief:
    """Return what the lead is told once its threads have ended."""
    work = job.research.work
    return replace(
        _report_brief(job, "outline", "the outline"),
        questions=tuple(thread.question for thread in work.threads),
        findings=_findings(work.threads),
        evidence=_passages(work.evidence),
        sources=_cited(job, work.evidence),
        words=words_of(job),
        gaps=gaps,
    )


def section(
    job: Job, planned: Sequence[PlannedSection], number: int, plan: PlannedSection, *, is_again: bool
) -> Brief:
    """Return what the writer of one section is told.

    The second time it is told what a critique found.
    """
    work = job.research.work
    critique = work.critique.problems if work.critique and is_again else ()
    problems = tuple(problem.problem for problem in critique if problem.section == number)
    used = _used(job, number, plan, is_again=is_again)
    wanted = work.outline
    before = work.version(number)
    return replace(
        _report_brief(job, "section", f"section {number}: {plan.heading or 'introduction'}"),
        subject=plan.heading,
        points=plan.points,
        headings=tuple(one.heading for one in planned if one.heading),
        evidence=_passages(used),
        sources=_cited(job, used),
        notes=(*(wanted.conflicts if wanted else ()), *_missing(job, number), *problems),
        draft=(before.content,) if before and problems else (),
        words=_section_words(job, len(planned), number, len(used)),
    )


def _section_words(job: Job, sections: int, number: int, passages: int) -> int:
    """Return about how many words a section has.

    Without a wished length it is no longer than its passages carry: padding has no evidence.
    """
    whole = words_of(job)
    share = INTRODUCTION if number == 0 else (1 - INTRODUCTION) / max(1, sections - 1)
    words = whole if sections == 1 else round(share * whole)
    if job.request.length or job.agent_rules < EVIDENCE_RULES:
        return words
    return min(words, max(MIN_SECTION, WORDS_A_PASSAGE * passages))


def critique(job: Job, gaps: int) -> Brief:
    """Return what the critic is told."""
    work = job.research.work
    planned = work.outline.sections if work.outline else ()
    written = [work.version(number) for number in range(len(planned))]
    return replace(
        _brief(job, "critique", "the report"),
        evidence=_passages(work.evidence),
        sources=_cited(job, work.evidence),
        draft=tuple(one.content if one else "" for one in written),
        gaps=gaps,
    )


def corrected(brief: Brief, told: tuple[str, ...]) -> Brief:
    """Return the brief with what was wrong with the reply before."""
    return replace(brief, corrections=told)


def words_of(job: Job) -> int:
    """Return about how many words the report has."""
    length = job.request.length
    if isinstance(length, int):
        return length
    return LENGTHS[length] if length else thread_bounds(job).words


def _used(job: Job, number: int, plan: PlannedSection, *, is_again: bool) -> list[Evidence]:
    """Return a section's evidence, with that of a critique's threads."""
    work, wanted = job.research.work, set(plan.evidence)
    further = {thread.number for thread in work.threads if thread.section == number} if is_again else set()
    return [one for one in work.evidence if one.id in wanted or one.thread in further]


def _missing(job: Job, number: int) -> tuple[str, ...]:
    outlined = job.research.work.outline
    return tuple(f"Not found: {line}" for line in outlined.missing) if outlined and number == 0 else ()


def _findings(threads: Iterable[Thread]) -> tuple[str, ...]:
    ended = [(thread, thread.closed.finding if thread.closed else "") for thread in threads]
    return tuple(
        f"Thread {thread.number}, {thread.question}: {said or 'no finding'}" for thread, said in ended
    )


def _brief(job: Job, task: Task, about: str) -> Brief:
    return Brief(
        task,
        about,
        job.request.query,
        job.started_at.date().isoformat() if job.started_at else "",
        job.request.effort,
        answers=job.research.answers,
        remarks=_remarks(job),
    )


def _remarks(job: Job) -> tuple[str, ...]:
    review = job.research.review
    return review.remarks if review and job.agent_rules >= REMARK_RULES else ()


def _report_brief(job: Job, task: Task, about: str) -> Brief:
    request = job.request
    return replace(
        _brief(job, task, about),
        instructions=request.instructions,
        language=request.language or "",
        length=request.length,
        outline=request.outline,
    )


def _seen(job: Job, number: int, *, is_read: bool) -> BriefSource:
    source = job.research.sources[number - 1]
    return BriefSource(number, source.title, source.url, source.excerpt, is_read=is_read)


def _cited(job: Job, evidence: Iterable[Evidence]) -> tuple[BriefSource, ...]:
    numbers = dict.fromkeys(one.number for one in evidence)
    sources = [job.research.sources[number - 1] for number in numbers]
    return tuple(BriefSource(source.number, source.title, source.url) for source in sources)


def _passages(evidence: Iterable[Evidence]) -> tuple[BriefPassage, ...]:
    return tuple(BriefPassage(one.id, one.number, one.quote, one.note) for one in evidence)
