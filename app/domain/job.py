"""Fold events into a job: `evolve` applies one, `fold` all."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.domain import events as e
from app.domain import research
from app.domain.chain import GENESIS
from app.domain.outcome import outcome, sentence
from app.domain.research import Research
from app.domain.threaded_work import share_done
from app.domain.words import step_in_words, wait_in_words
from dossier.job_types import OVER, JobError, Outcome, Status, StopReason
from dossier.request import ResearchRequest

OUTCOME_WORDS: dict[Outcome | None, str] = {
    "partial": "Done in part",
    "not_found": "Nothing was found",
    "not_researched": "Not researched",
}
PLANNED, CHECKING = 12, 95  # progress of a threaded job once its threads are open, and with its draft
THREADS_COUNT_RULES = 9  # agent_rules from which threads count: rows of older jobs stay what they are
THREAD_MOVES = e.ThreadOpened, e.ThreadClosed, e.SectionWritten
LEASED: frozenset[Status] = frozenset({"running", "cancelling"})


class Job(Struct, frozen=True):
    """One research job.

    `seq` 0 means that nothing has happened: the job does not exist.
    """

    id: UUID
    seq: int = 0
    head_hash: bytes = GENESIS
    status: Status = "pending"
    tenant: str = ""
    request: ResearchRequest = ResearchRequest("")
    idempotency_key: str | None = None
    request_sha256: str | None = None
    max_attempts: int = 0
    agent_rules: int = 1  # under which the agent decides
    embeds: bool = False  # claims without a quote are searched for by embedding too
    loop: e.Loop | None = None  # how it is researched; None: by one thread of turns
    has_unknown: bool = False  # a newer version wrote events that this one does not know
    attempt: int = 0
    epoch: int = 0
    progress: int = 0
    current_step: str = ""
    retry_at: datetime | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    working_since: datetime | None = None  # the deadline counts from here: it moves on by each wait
    waiting_since: datetime | None = None  # for a provider, without a worker
    threads_since: datetime | None = (
        None  # no thread began or ended since, no section came; moves on likewise
    )
    failing_since: datetime | None = None  # no call has succeeded since, and one has failed
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    failure: JobError | None = None
    input_request: e.InputRequested | None = None  # while it waits for an answer
    stop_reason: StopReason | None = None
    research: Research = Research()

    @property
    def exists(self) -> bool:
        """True once it was submitted."""
        return self.seq > 0

    @property
    def is_over(self) -> bool:
        """True once the terminal event is in the log."""
        return self.status in OVER

    @property
    def needs_newer_version(self) -> bool:
        """True if this version does not know all that counts."""
        return self.has_unknown or self.agent_rules > e.AGENT_RULES

    @property
    def is_leased(self) -> bool:
        """True while a worker is meant to hold it."""
        return self.status in LEASED


def fold(job_id: UUID, recorded: Iterable[e.Recorded]) -> Job:
    """The job after these events, from the first on."""
    job = Job(job_id)
    for fact in recorded:
        job = evolve(job, fact)
    return job


def evolve(job: Job, fact: e.Recorded) -> Job:
    """Return the job after one more fact, which must be next."""
    if fact.seq != job.seq + 1:
        raise ValueError(f"Event {fact.seq} of job {job.id} cannot follow event {job.seq}.")
    after = _apply(job, fact)
    return replace(after, seq=fact.seq, updated_at=fact.at, progress=_progress(after))


def _apply(job: Job, fact: e.Recorded) -> Job:
    event = fact.event
    if isinstance(event, e.ResearchFact):
        return _learn(job, event, fact.at)
    match event:
        case e.JobSubmitted():
            return _submit(job, event, fact.at)
        case e.AttemptStarted():
            return _start(job, event, fact)
        case e.JobCompleted():
            return _complete(job, event, fact.at)
        case e.JobForked():
            return replace(job, research=research.fork(job.research, event))
        case e.AttemptFailed():
            return _fail_attempt(job, event, fact.at)
        case e.AttemptReleased():
            return _release(job, event, fact.at)
        case e.InputRequested():
            return _ask(job, event, fact.at)
        case e.InputProvided():
            return _answer(job, event, fact.at)
        case e.LeaseExpired():
            return _expire(job, event, fact.at)
        case e.CancelRequested() | e.FinishRequested():
            return _want_end(job, event)
        case e.JobCancelled():
            return _end(job, "cancelled", "Cancelled", fact.at, "cancelled")
        case e.JobFailed():
            return _fail(job, event, fact.at)
        case e.Unrecognised():
            return replace(job, has_unknown=True)
        case _:
            assert_never(event)


def _submit(job: Job, event: e.JobSubmitted, at: datetime) -> Job:
    return replace(
        job,
        status="pending",
        tenant=event.tenant,
        request=event.request,
        idempotency_key=event.idempotency_key,
        request_sha256=event.request_sha256,
        max_attempts=event.max_attempts,
        agent_rules=event.agent_rules,
        embeds=bool(event.embeds),
        loop=event.loop or None,
        current_step="Waiting for a worker",
        created_at=at,
    )


def _start(job: Job, event: e.AttemptStarted, fact: e.Recorded) -> Job:
    return replace(
        job,
        status="running",
        attempt=event.attempt,
        epoch=fact.epoch or 0,
        retry_at=None,
        started_at=job.started_at or fact.at,
        working_since=_after_wait(job, job.working_since, fact.at) or fact.at,
        threads_since=_after_wait(job, job.threads_since, fact.at),
        waiting_since=None,
        current_step="Starting",
    )


def _after_wait(job: Job, moment: datetime | None, at: datetime) -> datetime | None:
    """Return the moment, leaving out the wait that ends now."""
    return moment + (at - job.waiting_since) if moment and job.waiting_since else moment


def _fail_attempt(job: Job, event: e.AttemptFailed, at: datetime) -> Job:
    failure = JobError(event.error_type, event.error_message, True, job.attempt, at)
    waiting = "Waiting to try again"
    return replace(job, status="pending", retry_at=event.retry_at, failure=failure, current_step=waiting)


def _wait(job: Job) -> Job:
    return replace(job, status="pending", retry_at=None, current_step="Waiting for a worker")


def _release(job: Job, event: e.AttemptReleased, at: datetime) -> Job:
    """Return the job to the queue without counting the attempt."""
    is_waiting = event.reason == "provider_unavailable"
    return replace(
        job,
        status="pending",
        attempt=job.attempt - 1,
        retry_at=event.retry_at,
        current_step=wait_in_words(event),
        waiting_since=at if is_waiting else None,
        failing_since=(job.failing_since or at) if is_waiting else job.failing_since,
    )


def _ask(job: Job, event: e.InputRequested, at: datetime) -> Job:
    return replace(
        job,
        status="input_required",
        input_request=event,
        attempt=job.attempt - 1,
        retry_at=at + timedelta(seconds=event.timeout_seconds),
        current_step="Waiting for an answer",
    )


def _answer(job: Job, event: e.InputProvided, at: datetime) -> Job:
    is_review = job.input_request is not None and job.input_request.plan is not UNSET
    answered = job.research if is_review else replace(job.research, answers=event.answers)
    return replace(_wait(job), input_request=None, working_since=at, research=answered)


def _want_end(job: Job, event: e.CancelRequested | e.FinishRequested) -> Job:
    """Somebody wants the end: at once, or with the report.

    For the report, a job that waits is due at once.
    """
    if isinstance(event, e.CancelRequested):
        return replace(job, status="cancelling", current_step="Cancelling")
    words = "Finishing with what there is" if job.status == "running" else job.current_step
    return replace(job, retry_at=None, current_step=words, research=research.finish(job.research))


def _expire(job: Job, event: e.LeaseExpired, at: datetime) -> Job:
    message = f"The worker of attempt {event.attempt} was lost ({event.cause})."
    failure = JobError("worker_lost", message, True, job.attempt, at)
    return replace(_wait(job), failure=failure)


def _fail(job: Job, event: e.JobFailed, at: datetime) -> Job:
    reason = sentence(job.research, "error", job.agent_rules)
    failure = JobError(event.error_type, event.error_message, event.is_retryable, job.attempt, at, reason)
    return replace(_end(job, "failed", "Failed", at, "error"), failure=failure)


def _complete(job: Job, event: e.JobCompleted, at: datetime) -> Job:
    """What was planned beyond the report was not needed."""
    done = replace(job.research, total_steps=len(job.research.turns))
    words = OUTCOME_WORDS.get(event.outcome, "Done")
    return replace(_end(job, "completed", words, at, event.stop_reason), research=done)


def _end(job: Job, status: Status, words: str, at: datetime, reason: StopReason) -> Job:
    return replace(
        job,
        status=status,
        current_step=words,
        completed_at=at,
        retry_at=None,
        input_request=None,
        stop_reason=reason,
        failure=job.failure if status == "failed" else None,
    )


def _learn(job: Job, event: research.ResearchEvent, at: datetime) -> Job:
    learned = research.evolve(job.research, event)
    # What a fork has from its origin is not what is being done now.
    words = step_in_words(event) if job.status != "pending" else None
    failing = job.failing_since
    if isinstance(event, e.CallCompleted):
        failing = None
    elif isinstance(event, e.CallFailed):
        failing = (failing or at) if event.retryable else None
    return replace(
        job,
        research=learned,
        current_step=words or job.current_step,
        failing_since=failing,
        threads_since=at if _moves_threads(event) else job.threads_since,
    )


def _moves_threads(event: research.ResearchEvent) -> bool:
    """Return True for what renews the patience with those that lag."""
    is_cut = isinstance(event, e.CallFailed) and event.error_type == "aborted"
    return is_cut or isinstance(event, THREAD_MOVES)


def came_of(job: Job) -> Outcome | None:
    """Return the outcome of a finished job, or None.

    None is for a job that is not over, or was cancelled.
    """
    if job.status == "failed":
        return "not_researched"
    is_told = job.status == "completed" and job.research.report
    return outcome(job.research, job.stop_reason, job.agent_rules) if job.stop_reason and is_told else None


def _progress(job: Job) -> int:
    """Return done over planned steps as a percentage.

    It never falls, and is 100 only with the report.
    """
    if job.status == "completed" and came_of(job) != "not_researched":
        return 100
    return max(job.progress, min(99, _threads_progress(job) or _turns_progress(job)))


def _turns_progress(job: Job) -> int:
    done, total = len(job.research.turns), job.research.total_steps
    return 100 * done // total if total else 0


def _threads_progress(job: Job) -> int:
    """Return the progress of a threaded job: plan, threads, sections, checks.

    0 where no thread was opened.
    """
    research = job.research
    if not research.work.threads or job.agent_rules < THREADS_COUNT_RULES:
        return 0
    if research.draft is not None:
        return CHECKING
    return PLANNED + round((CHECKING - PLANNED) * share_done(research.work))
