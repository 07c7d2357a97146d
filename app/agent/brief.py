"""Briefs: pieces of a threaded job's work, and a model's replies."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from app.domain.tools import Confidence
from dossier.request import Effort, Length

Task = Literal["thread", "extract", "outline", "section", "critique"]


class BriefSource(Struct, frozen=True, omit_defaults=True):
    """A source that a thread has found or reads."""

    number: int
    title: str
    url: str
    excerpt: str = ""
    sha256: str = ""  # of the page whose passages are wanted
    is_read: bool = False  # for this thread


class BriefPassage(Struct, frozen=True, omit_defaults=True):
    """A passage of the evidence."""

    id: int
    number: int  # of the source
    quote: str
    note: str = ""


class Brief(Struct, frozen=True, omit_defaults=True):
    """Everything that a model is told for one piece of work.

    Its JSON is what is hashed and stored as the input. It holds nothing that other threads change while the
    call is in flight: a call that is made again asks the same.
    """

    task: Task
    about: str  # for people
    query: str
    today: str
    effort: Effort
    subject: str = ""  # the question of the thread, the heading of the section
    points: str = ""  # of the section
    answers: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()  # of the caller on the plan
    instructions: str = ""
    language: str = ""
    length: Length | None = None
    outline: tuple[str, ...] = ()  # headings that the caller wants
    headings: tuple[str, ...] = ()  # of the whole report
    questions: tuple[str, ...] = ()  # of all threads
    findings: tuple[str, ...] = ()  # of the threads that ended
    notes: tuple[str, ...] = ()  # conflicts, problems, and what failed
    sources: tuple[BriefSource, ...] = ()
    evidence: tuple[BriefPassage, ...] = ()
    draft: tuple[str, ...] = ()  # sections as they are written
    words: int = 0  # that the section may have
    steps_left: int = 0  # of the thread, this one among them
    may_end_reading: bool = False  # the thread's last step may still read pages
    gaps: int = 0  # questions that may be opened
    corrections: tuple[str, ...] = ()


Number = Annotated[int, Meta(description="The number of a source, as in [n].")]
PassageId = Annotated[int, Meta(description="The number of a passage, as in E12.")]


class ThreadReply(Struct, frozen=True):
    """The next step of a thread, or its end."""

    thought: str = ""
    queries: tuple[str, ...] = ()
    read: tuple[Number, ...] = ()
    done: bool = False
    finding: str = ""


class GivenPassage(Struct, frozen=True):
    """A passage as a model copied it."""

    quote: str = ""
    note: str = ""


class ExtractReply(Struct, frozen=True):
    """The passages of a page that matter."""

    passages: tuple[GivenPassage, ...] = ()


class SectionPlan(Struct, frozen=True):
    """A section of an outline."""

    heading: str = ""
    points: str = ""
    evidence: tuple[PassageId, ...] = ()


class OutlineReply(Struct, frozen=True):
    """An outline of the report, with what is missing."""

    title: str = ""
    answer: str = ""
    evidence: tuple[PassageId, ...] = ()
    sections: tuple[SectionPlan, ...] = ()
    conflicts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    confidence: Confidence = "medium"


class SectionProblem(Struct, frozen=True):
    """A fault of a section."""

    section: int = 0
    problem: str = ""
    question: str = ""


class CritiqueReply(Struct, frozen=True):
    """The faults of a report."""

    problems: tuple[SectionProblem, ...] = ()


BriefReply = ThreadReply | ExtractReply | OutlineReply | CritiqueReply

# A section is plain markdown: long text in a JSON string comes out worse, and breaks more often.
REPLIES: dict[Task, type[BriefReply]] = {
    "thread": ThreadReply,
    "extract": ExtractReply,
    "outline": OutlineReply,
    "critique": CritiqueReply,
}
