"""Read the questions of `dossier eval`, keep its results.

The file grows by a line for each job that was submitted and for each result, so a run that was interrupted
goes on where it was: what was submitted is waited for, what has its result is not asked again.
"""

import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from app.cli.exits import USAGE, Ended
from dossier.request import Effort, Query

MAX_QUESTIONS = 10_000
MAX_QUESTIONS_FILE = 50_000_000  # bytes
RubricLine = Annotated[str, Meta(min_length=1, max_length=1000)]


class EvalQuestion(Struct, frozen=True):
    """A question, and by what its report is judged."""

    question: Query
    reference: Annotated[str, Meta(max_length=4000)] = ""
    rubric: Annotated[tuple[RubricLine, ...], Meta(max_length=50)] = ()

    @property
    def name(self) -> str:
        """Tells it from others, in any file."""
        return sha256(self.question.encode()).hexdigest()[:16]


class BenchmarkLine(Struct, frozen=True):
    """A line of a public benchmark, as its authors write it.

    DeepResearch Bench has `prompt`; BrowseComp-Plus has `query` and `answer`.
    """

    prompt: str = ""
    query: str = ""
    answer: str = ""
    question: str | UnsetType = UNSET

    def as_question(self) -> EvalQuestion | None:
        """Return it as a question of ours, or None."""
        asked = (self.prompt or self.query).strip()
        if self.question is not UNSET or not asked:
            return None
        return msgspec.convert({"question": asked, "reference": self.answer}, EvalQuestion)


# Where a benchmark's folder has its questions.
BENCHMARK_FILES = (
    "query.jsonl",
    "prompt_data/query.jsonl",
    "data/prompt_data/query.jsonl",
    "browsecomp_plus_decrypted.jsonl",
    "data/browsecomp_plus_decrypted.jsonl",
)


class GradedLine(Struct, frozen=True, omit_defaults=True):
    """A rubric line or a reference, and whether the report says it."""

    text: str
    support: str
    points: float  # 1 supported, 0.5 partly, else 0
    reason: str = ""


class EvalResult(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What came of one question."""

    name: str
    question: str
    job_id: UUID
    status: str
    outcome: str | None = None
    stop_reason: str = ""
    seconds: float = 0.0
    cost_usd: float | None = None  # None: not all prices are known
    calls: int = 0
    tokens: int = 0
    sources: int = 0  # that were read
    coverage: float | None = None
    support: float | None = None
    rubric: tuple[GradedLine, ...] = ()
    reference: GradedLine | None = None
    judge: str = ""
    judge_cost_usd: float | None = 0.0  # of grading, beside the job's own cost
    error: str = ""  # of the job, or why it was not graded
    is_ungraded: bool = False


class RunHead(Struct, frozen=True, tag="run"):
    """Which run a file of results belongs to."""

    run: str
    questions_sha256: str
    effort: Effort
    judge: str


class QuestionSubmitted(Struct, frozen=True, tag="submitted"):
    """A question whose job exists."""

    name: str
    job_id: UUID


class QuestionDone(Struct, frozen=True, tag="result"):
    """A question that is done."""

    result: EvalResult


ResultLine = RunHead | QuestionSubmitted | QuestionDone
_decode = msgspec.json.Decoder(ResultLine).decode


def questions_file(path: Path) -> Path:
    """Return a benchmark folder's file of questions, or the file itself.

    Raises Ended for another folder.
    """
    if not path.is_dir():
        return path
    found = next((path / name for name in BENCHMARK_FILES if (path / name).is_file()), None)
    if found is None:
        raise Ended(f"{path} has none of {', '.join(BENCHMARK_FILES)}.", USAGE)
    return found


def read_questions(path: Path) -> list[EvalQuestion]:
    """Return the questions of a file. Raises Ended, naming the line."""
    if path.stat().st_size > MAX_QUESTIONS_FILE:
        raise Ended(f"{path} is larger than {MAX_QUESTIONS_FILE:,} bytes.", USAGE)
    found = list(_questions(path))
    if not found:
        raise Ended(f"{path} has no question: write one JSON object a line.", USAGE)
    if len(found) > MAX_QUESTIONS:
        raise Ended(f"{path} has more than {MAX_QUESTIONS:,} questions.", USAGE)
    return found


def _questions(path: Path) -> Iterator[EvalQuestion]:
    seen = set[str]()
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            one = _question(line)
        except msgspec.DecodeError as error:
            raise Ended(f"{path}, line {number}: {error}.", USAGE) from None
        if one.name in seen:
            raise Ended(f"{path}, line {number}: this question was asked before.", USAGE)
        seen.add(one.name)
        yield one


def _question(line: bytes) -> EvalQuestion:
    """Read a line. Raises msgspec.DecodeError."""
    try:
        theirs = msgspec.json.decode(line, type=BenchmarkLine).as_question()
    except msgspec.ValidationError:  # then it is a line of ours, or none at all
        theirs = None
    return theirs or msgspec.json.decode(line, type=EvalQuestion)


class ResultsFile:
    """The results of one run, on disk."""

    def __init__(self, path: Path, head: RunHead) -> None:
        """Open or begin the file. Raises Ended for another run's."""
        self.path = path
        self.jobs: dict[str, UUID] = {}
        self.results: dict[str, EvalResult] = {}
        self.head = head
        if path.exists() and path.stat().st_size:
            self._go_on(head)
        else:
            self._write(head)

    def _go_on(self, head: RunHead) -> None:
        lines = list(lines_of(self.path))
        first = lines[0] if lines else None
        if not isinstance(first, RunHead):
            raise Ended(f"{self.path} is not a file of results. Name another with --out.", USAGE)
        known = (first.questions_sha256, first.effort, first.judge)
        if known != (head.questions_sha256, head.effort, head.judge):
            message = "is of other questions, another effort or another judge. Name another with --out."
            raise Ended(f"{self.path} {message}", USAGE)
        self.head = first
        if not self.path.read_bytes().endswith(b"\n"):  # the process died while it wrote
            with self.path.open("ab") as file:
                file.write(b"\n")
        for one in lines[1:]:
            if isinstance(one, QuestionSubmitted):
                self.jobs[one.name] = one.job_id
            elif isinstance(one, QuestionDone):
                self.results[one.result.name] = one.result

    def submitted(self, name: str, job_id: UUID) -> None:
        """Keep which job a question has."""
        self.jobs[name] = job_id
        self._write(QuestionSubmitted(name, job_id))

    def ended(self, result: EvalResult) -> None:
        """Keep a result."""
        self.results[result.name] = result
        self._write(QuestionDone(result))

    def _write(self, one: ResultLine) -> None:
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(one) + b"\n")


def lines_of(path: Path) -> Iterator[ResultLine]:
    """Yield the whole lines of a file of results."""
    for line in path.read_bytes().splitlines():
        try:
            yield _decode(line)
        except msgspec.DecodeError:  # the process died while it wrote this line
            continue


def results_in(path: Path) -> dict[str, EvalResult]:
    """Return the results of a file by question. Raises Ended without any."""
    found = {one.result.name: one.result for one in lines_of(path) if isinstance(one, QuestionDone)}
    if not found:
        raise Ended(f"{path} has no results of `dossier eval`.", USAGE)
    return found


def head_of(path: Path, effort: Effort, judge: str) -> RunHead:
    """Return what a new run of these questions begins with."""
    return RunHead(secrets.token_hex(8), sha256(path.read_bytes()).hexdigest(), effort, judge)
