"""Fold a threaded job's threads, evidence, outline and sections."""

from typing import assert_never

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.domain import events as e
from app.domain.persistent_vector import PersistentVector


class ThreadStep(Struct, frozen=True):
    """What a thread searched for and read at one time."""

    step: int
    queries: tuple[str, ...]
    reads: tuple[int, ...] = ()
    finding: str | None = None  # of the last step, which says that none follows


class Thread(Struct, frozen=True):
    """One question of the job, and the work on it."""

    number: int
    question: str
    section: int | None = None  # that a critique opened it for
    steps: tuple[ThreadStep, ...] = ()
    hits: tuple[int, ...] = ()  # sources that its searches returned, the first first
    extracted: tuple[int, ...] = ()  # sources whose passages were kept for it, possibly none
    closed: e.ThreadClosed | None = None

    @property
    def reads(self) -> tuple[int, ...]:
        """The sources that it wants to read, each once."""
        return tuple(dict.fromkeys(number for step in self.steps for number in step.reads))


class Evidence(Struct, frozen=True):
    """A passage of a page, under a number of its own."""

    id: int
    thread: int
    number: int  # of the source
    start: int
    end: int
    quote: str
    note: str


class ThreadedWork(Struct, frozen=True):
    """The state of a job that is researched by threads."""

    threads: tuple[Thread, ...] = ()
    evidence: PersistentVector[Evidence] = PersistentVector()
    outlines: int = 0
    outline: e.OutlineDrafted | None = None  # the newest, unless threads fill its gaps
    sections: tuple[e.SectionWritten, ...] = ()  # the newest version of each
    critique: e.SectionsCriticised | None = None

    def thread(self, number: int) -> Thread:
        """Return the thread with this number."""
        return self.threads[number - 1]

    def version(self, section: int) -> e.SectionWritten | None:
        """Return the newest version of a section, if there is one."""
        return next((written for written in self.sections if written.section == section), None)


ThreadEvent = (
    e.ThreadOpened
    | e.ThreadStepped
    | e.ThreadSearched
    | e.EvidenceKept
    | e.ThreadClosed
    | e.OutlineDrafted
    | e.SectionWritten
    | e.SectionsCriticised
)

RESEARCH_SHARE = 0.6  # of the work of a threaded job; the outline, sections and the critique are the rest
OUTLINE_SHARE = 0.1
WRITING_SHARE = 0.25
STEP_SHARE = 0.3  # of a thread's open rest that a step takes, however many follow


def share_done(work: ThreadedWork) -> float:
    """Return about which share of the work is done, 0 to 1."""
    if not work.threads:
        return 0.0
    researched = sum(map(_thread_share, work.threads)) / len(work.threads)
    planned = len(work.outline.sections) if work.outline else 0
    written = min(1.0, len(work.sections) / planned) if planned else 0.0
    outlined = OUTLINE_SHARE if planned else 0.0
    critique = 1 - RESEARCH_SHARE - OUTLINE_SHARE - WRITING_SHARE if work.critique else 0.0
    return RESEARCH_SHARE * researched + outlined + WRITING_SHARE * written + critique


def _thread_share(thread: Thread) -> float:
    """Return a thread's share, which grows with each step to 1."""
    if thread.closed is not None:
        return 1.0
    return 1 - (1 - STEP_SHARE) ** (len(thread.steps) - 1 + bool(thread.hits) + bool(thread.extracted))


_PARTS = frozenset({"extract", "outline", "section", "critique", "open", "report"})


def is_thread_key(key: str) -> bool:
    """Return True for a model's call of threads."""
    _, kind, *rest = (*key.split("/"), "")
    return kind in _PARTS or (kind == "model" and rest[0].startswith("t"))


def is_section_key(key: str) -> bool:
    """Return True for a call that writes a section of the report."""
    return "/section/" in key


def evolve(work: ThreadedWork, event: ThreadEvent) -> ThreadedWork:
    """Return the state after one more event."""
    match event:
        case e.ThreadOpened():
            return _open(work, event)
        case e.ThreadStepped(thread=number):
            finding = None if event.finding is UNSET else event.finding
            step = ThreadStep(event.step, event.queries, event.reads, finding)
            known = work.thread(number)
            return _with(work, replace(known, steps=(*known.steps, step)))
        case e.ThreadSearched(thread=number):
            known = work.thread(number)
            hits = tuple(dict.fromkeys((*known.hits, *event.numbers)))
            return _with(work, replace(known, hits=hits))
        case e.EvidenceKept():
            return _keep(work, event)
        case e.ThreadClosed(thread=number):
            return _with(work, replace(work.thread(number), closed=event))
        case e.OutlineDrafted():
            return replace(work, outline=event, outlines=work.outlines + 1)
        case e.SectionWritten(section=section):
            others = tuple(written for written in work.sections if written.section != section)
            return replace(work, sections=(*others, event))
        case e.SectionsCriticised():
            return replace(work, critique=event)
        case _:
            assert_never(event)


def _open(work: ThreadedWork, event: e.ThreadOpened) -> ThreadedWork:
    """Add a thread.

    One that fills a gap of the outline makes that an old one.
    """
    section = None if event.section is UNSET else event.section
    queries = (event.question,) if event.queries is UNSET else event.queries
    opened = Thread(event.thread, event.question, section, (ThreadStep(1, queries),))
    outline = work.outline if section is not None else None
    return replace(work, threads=(*work.threads, opened), outline=outline)


def _with(work: ThreadedWork, thread: Thread) -> ThreadedWork:
    threads = tuple(thread if known.number == thread.number else known for known in work.threads)
    return replace(work, threads=threads)


def _keep(work: ThreadedWork, event: e.EvidenceKept) -> ThreadedWork:
    known, kept = work.thread(event.thread), work.evidence
    for id_, one in enumerate(event.passages, len(kept) + 1):
        kept = kept.appended(
            Evidence(id_, event.thread, event.number, one.start, one.end, one.quote, one.note)
        )
    extracted = (*known.extracted, event.number)
    return replace(_with(work, replace(known, extracted=extracted)), evidence=kept)
