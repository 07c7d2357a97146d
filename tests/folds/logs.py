"""Make logs of every event type, version and status.

With each comes what the server's fold says after each event.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.domain import events as e
from app.domain import tools, upcast
from app.domain.chain import line, link
from app.domain.change import Change
from app.domain.job import Job, evolve
from app.domain.row import Row
from app.domain.view import usage
from dossier.job_types import StopReason
from dossier.request import ResearchRequest
from tests.domain import play
from tests.domain.given_jobs import T0
from tests.scripted import PLAN, REASONING

STORED = Path(__file__).parents[1] / "domain" / "stored_events"
Stored = tuple[str, int, str]  # type, version and text, as the log has them


class Log(Struct, frozen=True):
    """Hold a log, named for what it covers, with its jobs."""

    name: str
    rows: tuple[Row, ...]
    jobs: tuple[Job, ...]  # after each event

    @property
    def change(self) -> Change:
        """The whole log as one append."""
        return Change(self.jobs[-1], 0, None, self.rows)


def told(name: str, *events: e.Fact | Stored) -> Log:
    """Make a log of these events, a second apart, with its id."""
    job, epoch = Job(id_of(name)), 0
    rows, jobs = list[Row](), list[Job]()
    for event in events:
        type_, version, text = event if isinstance(event, tuple) else stored(event)
        epoch += type_ == "attempt_started"
        job, row = _next(job, type_, version, text, epoch or None)
        rows.append(row)
        jobs.append(job)
    return Log(name, tuple(rows), tuple(jobs))


def _next(job: Job, type_: str, version: int, text: str, epoch: int | None) -> tuple[Job, Row]:
    """One event further, as it was written by whatever version."""
    seq = job.seq + 1
    at = T0 + timedelta(seconds=seq)
    after = evolve(job, e.Recorded(job.id, seq, at, "test", epoch, upcast.load(type_, version, text)))
    hashed = line(job.id, seq, type_, version, after.status, after.progress, at, text)
    digest = link(job.head_hash, version, "test", epoch, hashed)
    row = Row(
        job_id=job.id,
        seq=seq,
        type=type_,
        schema_version=version,
        status=after.status,
        progress=after.progress,
        data=text,
        actor="test",
        epoch=epoch,
        occurred_at=at,
        prev_hash=job.head_hash,
        hash=digest,
    )
    return replace(after, head_hash=digest), row


def id_of(name: str) -> UUID:
    """The same UUID v7 for the same name."""
    return UUID(f"01890000-0000-7000-8000-{sha256(name.encode()).hexdigest()[:12]}")


def stored(event: e.Fact) -> Stored:
    """The event as the log has it."""
    return event.type, event.schema_version, msgspec.json.encode(event, order="deterministic").decode()


def said(job: Job) -> dict[str, Any]:
    """What every reader of the log must say of the job."""
    return {
        "status": job.status,
        "progress": job.progress,
        "sentence": job.current_step,
        "attempt": job.attempt,
        "steps_completed": len(job.research.turns),
        "stop_reason": job.stop_reason if job.status == "completed" else None,
        "judge_calls": job.research.bill.judge_calls,
        **msgspec.to_builtins(usage(job)),
    }


# The stored examples of every version, told as one story


SUBMITTED = e.JobSubmitted(ResearchRequest("why?", tags=("a",)), "default", 5)
STARTED = e.AttemptStarted(1, "w")
SEARCH, READ = tools.WebSearch(("sky “blue”", "sea")), tools.ReadPages(("https://example.com/a",))
PAID = e.Usage(120, 30, searches=1, pages=1, cost_usd=0.0042)


def called(key: str, *, cost: float | None = 0.01, **fields: Any) -> tuple[e.Fact, e.Fact]:
    """A call and its reply."""
    kind = key.split("/")[1]
    return (
        e.CallRequested(key, kind, "p:m", "00", "about", **fields),
        e.CallCompleted(key, e.Usage(100, 20, cost_usd=cost), 12, "ab" * 32, 3),
    )


def turn(step: int, function: tools.AnyTool, **fields: Any) -> tuple[e.Fact, ...]:
    """The model's call, and the step that it chose."""
    return (*called(f"{step}/model", **fields), e.StepReasoned(step, REASONING, function))


# Where each stored example comes in the story, and what has to happen between two of them.
STORY: Sequence[str | e.Fact] = (
    "job_submitted", "job_forked", "attempt_started", e.CallRequested("3/model", "model", "p", "00", "x"),
    "call_progressed", e.CallCompleted("3/model", e.Usage(), 1, "ab" * 32, 3), "step_reasoned",
    "plan_drafted", *turn(2, SEARCH), *called("2/search/1"), "source_found", *turn(3, READ),
    "call_requested", "call_completed", e.CallRequested("3/read/2", "read", "p", "00", "x"), "call_failed",
    "page_read", "page_set_aside", "plan_adapted", "lease_expired", STARTED, "attempt_failed", STARTED,
    "attempt_released", STARTED, "input_requested", "plan_reviewed", "input_provided", STARTED,
    "budget_reached", "finish_requested",
    "thread_opened", "thread_stepped", "thread_searched", "evidence_kept", "thread_closed", "outline_drafted",
    "section_written", "sections_criticised", "report_drafted", "passages_matched", "claims_judged",
    "report_written",
)  # fmt: skip
_KEYS = (f"key-{number}" for number in count(1))
ENDINGS: Sequence[Sequence[str]] = (
    ("job_completed",),
    ("job_failed",),
    ("cancel_requested", "job_cancelled"),
)


def versions() -> dict[str, list[Stored]]:
    """The stored examples of each type, the newest last."""
    found = dict[str, list[Stored]]()
    for path in STORED.glob("*.json"):
        type_, _, version = path.stem.partition(".v")
        found.setdefault(type_, []).append((type_, int(version), path.read_text()))
    return {type_: sorted(examples) for type_, examples in found.items()}


def stored_logs() -> Iterable[Log]:
    """Make logs of the story with the newest examples and each ending.

    For each older example there is one more, with it in its place.
    """
    examples = versions()
    newest = {type_: known[-1] for type_, known in examples.items()}
    for ending in ENDINGS:
        yield told(f"stored, {ending[-1]}", *_filled((*STORY, *ending), newest))
    for type_, known in examples.items():
        ending = next((ending for ending in ENDINGS if type_ in ending), ENDINGS[0])
        for old in known[:-1]:
            yield told(f"stored, {type_} {old[1]}", *_filled((*STORY, *ending), {**newest, type_: old}))


def _filled(story: Iterable[str | e.Fact], examples: dict[str, Stored]) -> Iterable[e.Fact | Stored]:
    for part in story:
        if isinstance(part, str):
            type_, version, text = examples[part]
            # Two jobs cannot have one key.
            yield type_, version, text.replace('"key-1"', f'"{next(_KEYS)}"')
        else:
            yield part


# What the examples leave out


def forked(**fields: Any) -> e.JobForked:
    """A fork of a job whose first turn is taken over."""
    return e.JobForked(UUID(int=7), 12, "cd" * 32, reused_turns=1, reused_calls=1, **fields)


TOOLS: Sequence[tools.AnyTool] = (
    PLAN, SEARCH, READ,
    tools.Clarify(("Which?",), ("it",), ("The first.", "The newest.")),
    tools.AdaptPlan("g", ("drop",), "it is known", ("a", "b")),
    tools.ReadPages(("https://example.com/a", "https://example.com/b")),
    tools.GeneratePlan("🌍" * 300, ("a", "b", "c"), ("s", "t")),
    tools.WriteReport("A title", "", "high"),
    tools.Answer("It is so [1].", "completed"),
)  # fmt: skip


def made_logs() -> Iterable[Log]:
    """Logs for what the stored examples leave out."""
    begun = (SUBMITTED, STARTED)
    yield told("waiting", SUBMITTED)
    yield told("fork that waits", SUBMITTED, forked(), *turn(1, PLAN, reused=True))
    yield told("fork that runs", SUBMITTED, forked(), *turn(1, PLAN, reused=True), STARTED, *turn(2, SEARCH))
    for number, tool in enumerate(TOOLS):
        yield told(f"tool {number}", *begun, *turn(1, tool))
    asks = play.ASKING
    yield told("asks", *begun, asks)
    yield told("assumes", *begun, asks, e.InputProvided(("The first.",), assumed=True))
    released = e.AttemptReleased(1, "provider_unavailable", T0 + timedelta(hours=1))
    yield told("provider away", *begun, released)
    yield told("provider back", *begun, released, STARTED)
    yield told("cancelling", *begun, e.CancelRequested("enough"))
    yield told("judged", *begun, *turn(1, PLAN), *called("1/judge/1"))
    yield told("judged by nobody", *begun, *turn(1, PLAN), *called("1/judge/1", fallback=True))
    yield told("no price", *begun, *turn(1, PLAN, cost=None))
    yield told("stands in", *begun, *turn(1, PLAN, fallback=True))
    first, reply = called("1/model")
    failure = e.CallFailed("1/model", "network", "gone " * 100, retryable=True, usage=PAID)
    yield told("tried again", *begun, first, failure, first, reply)
    yield told(
        "made again", *begun, first, e.LeaseExpired(1, "silent"), STARTED, replace(first, repeat=1), reply
    )
    yield told("two replies", *begun, first, reply, reply)
    yield told("newer", *begun, ("job_praised", 1, '{"by":"somebody"}'), *turn(1, PLAN))
    named = e.SourceFound(1, "https://example.com/a", "a", "", "caller")
    yield told("named by the caller", *begun, *turn(1, PLAN), named)
    for reason in get_args(StopReason):
        yield told(f"stops: {reason}", *begun, *turn(1, PLAN), e.JobCompleted(reason))


def played_logs() -> Iterable[Log]:
    """Logs that the real rules have written."""
    for make in (play.whole_play, play.failed_play, play.cancelled_play, play.running_play):
        yield told(make.__name__, *((row.type, row.schema_version, row.data) for row in make().rows))


@cache
def every_log() -> dict[str, Log]:
    """All of them by name."""
    return {log.name: log for log in (*stored_logs(), *made_logs(), *played_logs())}


def lines(log: Log) -> list[dict[str, Any]]:
    """The events as the API sends them."""
    return [json.loads(row.line()) for row in log.rows]
