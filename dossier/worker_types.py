"""Workers, the queue, and what operators want of them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

# A silent worker has not beaten for nine tenths of its lease: it is frozen, killed or cut off.
WorkerState = Literal["ready", "paused", "draining", "silent", "stopped"]


class Outage(Struct, frozen=True):
    """A provider that does not answer a worker, whose calls wait."""

    provider: str
    since: datetime
    error: str


class WorkerView(Struct, frozen=True, kw_only=True):
    """A worker process, as its last beat shows it."""

    name: str
    host: str
    pid: int
    version: str
    state: WorkerState
    slots: int
    jobs: tuple[UUID, ...]  # whose leases it holds
    outages: tuple[Outage, ...]
    started_at: datetime
    beat_at: datetime
    paused_at: datetime | None  # when it alone was paused
    stopped_at: datetime | None


class Workers(Struct, frozen=True):
    """The workers that beat within the last hour, the newest first."""

    workers: list[WorkerView]
    paused_at: datetime | None  # when all were paused


class QueuedPriority(Struct, frozen=True):
    """The jobs of a priority that wait."""

    priority: int
    waiting: int  # for a worker
    retrying: int  # for their next try
    oldest_seconds: float  # since the first of them was submitted


class QueuedJob(Struct, frozen=True):
    """A job in the queue."""

    job_id: UUID
    priority: int
    waited_seconds: float  # since it was submitted


class Queue(Struct, frozen=True):
    """What waits for workers: the first 10,000 jobs by priority."""

    paused_at: datetime | None  # when all workers were paused
    priorities: list[QueuedPriority]  # the highest first
    next: list[QueuedJob]  # that workers take first, in their order
