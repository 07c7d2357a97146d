"""The rules: `decide(command, job)` says which events follow, or refuses.

Pure and total: no clock, no ids, no I/O; every command is matched, and mypy says so when one is not.
No events means that the wish is already fulfilled.
"""

from typing import assert_never

from msgspec import UNSET

from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.errors import (
    CancelPending,
    FinishPending,
    JobAlreadyOver,
    JobNotFound,
    LeaseLost,
    NoInputRequested,
    Refused,
)

Events = tuple[e.Event, ...]

PLAN_APPROVED = "The plan is approved."
PLAN_CHANGED = "The plan was changed."

# What a worker may still write after `cancel_requested`: the bill of what was in flight.
BILLS = (e.CallCompleted, e.CallFailed)


def decide(command: c.Command, job: Job) -> Events:
    """Return the events that the command leads to.

    Raises Refused or an error under it, or JobNotFound; nothing is changed then.
    """
    if isinstance(command, c.SubmitJob):
        return _submit(command, job)
    if isinstance(command, c.ForkJob):
        return (*_submit(command.submit, job), command.forked, *command.copies)
    if not job.exists:
        raise JobNotFound(str(job.id))
    return _decide_existing(command, job)


def _decide_existing(
    command: c.StartAttempt
    | c.RecordEvents
    | c.CompleteJob
    | c.FailAttempt
    | c.ReleaseAttempt
    | c.ProvideInput
    | c.AssumeInput
    | c.RequestCancel
    | c.RequestFinish
    | c.ConfirmCancel
    | c.ExpireLease,
    job: Job,
) -> Events:
    match command:
        case c.RecordEvents():
            return _record(command, job)
        case c.CompleteJob():
            return _complete(command, job)
        case c.FailAttempt():
            return _fail_attempt(command, job)
        case c.ReleaseAttempt():
            return _release(command, job)
        case c.ProvideInput():
            return _provide(command, job)
        case c.AssumeInput():
            return _assume(job)
        case c.RequestCancel():
            return _cancel(command, job)
        case c.RequestFinish():
            return _finish(job)
        case c.ConfirmCancel():
            return _confirm_cancel(command, job)
        case c.ExpireLease():
            return _expire(command, job)
        case c.StartAttempt():
            return _start(command, job)
        case _:
            assert_never(command)


def _submit(command: c.SubmitJob, job: Job) -> Events:
    if job.exists:
        raise Refused(f"Job {job.id} was submitted before.")
    return (
        e.JobSubmitted(
            request=command.request,
            tenant=command.tenant,
            max_attempts=command.max_attempts,
            idempotency_key=command.idempotency_key,
            request_sha256=command.request_sha256,
            agent_rules=e.AGENT_RULES,
            embeds=command.embeds or UNSET,
            loop=command.loop or UNSET,
        ),
    )


def _start(command: c.StartAttempt, job: Job) -> Events:
    if job.status != "pending":
        raise Refused(f"Only a pending job can be started; this one is {job.status}.")
    return (e.AttemptStarted(attempt=job.attempt + 1, worker=command.worker),)


def _record(command: c.RecordEvents, job: Job) -> Events:
    _require_lease(job, command.epoch)
    _refuse_when_cancelling(job)
    if any(map(_is_decided, command.happened)):
        _refuse_unaware(job, knows_finish=command.knows_finish)
    return command.happened


def _complete(command: c.CompleteJob, job: Job) -> Events:
    _require_lease(job, command.epoch)
    _refuse_when_cancelling(job)
    _refuse_unaware(job, knows_finish=command.knows_finish)
    return (*command.happened, e.JobCompleted(command.stop_reason, command.outcome))


def _fail_attempt(command: c.FailAttempt, job: Job) -> Events:
    _require_lease(job, command.epoch)
    if job.status == "cancelling":
        return (e.JobCancelled(),)
    failed = e.AttemptFailed(job.attempt, command.error_type, command.error_message, command.retry_at)
    if command.is_retryable and not command.is_final and job.attempt < job.max_attempts:
        return (failed,)
    return (e.JobFailed(command.error_type, command.error_message, command.is_retryable),)


def _release(command: c.ReleaseAttempt, job: Job) -> Events:
    _require_lease(job, command.epoch)
    if job.status == "cancelling":
        return (e.JobCancelled(),)
    return (e.AttemptReleased(job.attempt, command.reason, command.retry_at, command.away),)


def _provide(command: c.ProvideInput, job: Job) -> Events:
    if job.status != "input_required":
        raise NoInputRequested(f"The job is {job.status}; it is not waiting for input.")
    planned = job.input_request.plan if job.input_request else UNSET
    if planned is not UNSET:
        return _review(command, planned)
    if not command.answers:
        raise NoInputRequested("The job asks questions, not for a review of its plan. Send `answers`.")
    return (e.InputProvided(command.answers),)


def _review(command: c.ProvideInput, planned: tuple[str, ...]) -> Events:
    steps = planned if command.plan is None else command.plan
    if steps == planned and not command.answers:
        return (e.InputProvided((PLAN_APPROVED,)),)
    return (e.PlanReviewed(steps, command.answers), e.InputProvided(command.answers or (PLAN_CHANGED,)))


def _assume(job: Job) -> Events:
    if job.status != "input_required" or job.input_request is None:
        return ()
    return (e.InputProvided(job.input_request.assumptions, assumed=True),)


def _cancel(command: c.RequestCancel, job: Job) -> Events:
    if job.status in {"cancelling", "cancelled"}:
        return ()
    if job.is_over:
        raise JobAlreadyOver(job.status)
    requested = e.CancelRequested(command.reason)
    # A running attempt stops at its worker; a waiting job has nobody to stop it.
    return (requested,) if job.is_leased else (requested, e.JobCancelled())


def _finish(job: Job) -> Events:
    if job.is_over or job.status == "cancelling":
        raise JobAlreadyOver(job.status)
    if job.research.is_finishing:
        return ()
    # A job that waits for an answer goes on with its assumptions.
    return (e.FinishRequested(), *_assume(job))


def _confirm_cancel(command: c.ConfirmCancel, job: Job) -> Events:
    _require_lease(job, command.epoch)
    if job.status != "cancelling":
        raise Refused("No cancel of this job was requested.")
    return (*(bill for bill in command.bills if isinstance(bill, BILLS)), e.JobCancelled())


def _expire(command: c.ExpireLease, job: Job) -> Events:
    if not job.is_leased or job.epoch != command.epoch:
        return ()
    expired = e.LeaseExpired(job.attempt, command.cause)
    if job.status == "cancelling":
        return (expired, e.JobCancelled())
    if job.attempt < job.max_attempts:
        return (expired,)
    message = f"All {job.max_attempts} attempts ended with a lost worker or an error."
    return (expired, e.JobFailed("worker_lost", message, is_retryable=False))


def _require_lease(job: Job, epoch: int) -> None:
    if not job.is_leased or job.epoch != epoch:
        raise LeaseLost(f"Job {job.id} is {job.status} under epoch {job.epoch}, not {epoch}.")


def _is_decided(event: e.Event) -> bool:
    """Return True unless nothing follows from the event, whatever is wanted."""
    return not isinstance(event, e.CallProgressed) and not (
        isinstance(event, e.CallFailed) and event.retryable
    )


def _refuse_unaware(job: Job, *, knows_finish: bool) -> None:
    """Refuse what a worker decided before the report was wanted."""
    if job.research.is_finishing and not knows_finish:
        raise FinishPending(f"Job {job.id} is to finish now.")


def _refuse_when_cancelling(job: Job) -> None:
    if job.status == "cancelling":
        raise CancelPending(f"Job {job.id} is being cancelled.")
