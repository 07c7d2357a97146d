"""Commands to a job, each of which `decide` may refuse."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from app.domain.events import Away, Event, JobForked, Loop
from dossier.job_types import ErrorType, Outcome, StopReason
from dossier.request import ResearchRequest


class SubmitJob(Struct, frozen=True):
    """Ask a question."""

    request: ResearchRequest
    tenant: str
    max_attempts: int
    idempotency_key: str | None = None
    request_sha256: str | None = None
    embeds: bool = False  # claims without a quote are searched for by embedding too
    loop: Loop | None = None  # how it is researched; None: by one thread of turns


class ForkJob(Struct, frozen=True):
    """Ask again from a point of another job.

    `copies` are the events of that job that hold here too.
    """

    submit: SubmitJob
    forked: JobForked
    copies: tuple[Event, ...]


class StartAttempt(Struct, frozen=True):
    """Start an attempt.

    The claim statement carries this out, for many jobs at a time.
    """

    worker: str


class RecordEvents(Struct, frozen=True):
    """Write down what the worker that holds `epoch` did."""

    epoch: int
    happened: tuple[Event, ...]
    knows_finish: bool = False  # decided with `finish_requested` in view


class CompleteJob(Struct, frozen=True):
    """Finish: `happened` is written with the terminal event, or not at all."""

    epoch: int
    stop_reason: StopReason
    happened: tuple[Event, ...] = ()
    outcome: Outcome | None = None
    knows_finish: bool = False


class FailAttempt(Struct, frozen=True):
    """Give this attempt up.

    The job waits until `retry_at`, or fails if another attempt makes no sense.
    """

    epoch: int
    error_type: ErrorType
    error_message: str
    is_retryable: bool
    retry_at: datetime
    is_final: bool = False  # another attempt would come to the same end


class ReleaseAttempt(Struct, frozen=True):
    """Hand the job back unfinished.

    The worker is shutting down, a provider is away until `retry_at`, or an operator requeued the job.
    """

    epoch: int
    reason: Literal["shutdown", "provider_unavailable", "requeued"] = "shutdown"
    retry_at: datetime | None = None
    away: Away | None = None


class ProvideInput(Struct, frozen=True):
    """Answer the agent's questions, or review its plan."""

    answers: tuple[str, ...] = ()
    plan: tuple[str, ...] | None = None  # instead of the agent's; None: as it is


class AssumeInput(Struct, frozen=True):
    """Nobody answered in time: go on with the stated assumptions."""


class RequestCancel(Struct, frozen=True):
    """Stop the job."""

    reason: str = ""


class RequestFinish(Struct, frozen=True):
    """Write the report now, from what there is."""


class ConfirmCancel(Struct, frozen=True):
    """Confirm a cancel, once the worker has stopped.

    `bills` are the calls that were in flight and cost something.
    """

    epoch: int
    bills: tuple[Event, ...] = ()


class ExpireLease(Struct, frozen=True):
    """Take the job away from the worker that held `epoch`."""

    epoch: int
    cause: Literal["silent", "deadline"]


Command = (
    SubmitJob
    | ForkJob
    | StartAttempt
    | RecordEvents
    | CompleteJob
    | FailAttempt
    | ReleaseAttempt
    | ProvideInput
    | AssumeInput
    | RequestCancel
    | RequestFinish
    | ConfirmCancel
    | ExpireLease
)
