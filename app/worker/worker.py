"""Claim due jobs, work on them, and rescue lost ones.

Each job runs in a task of its own. Claims and writes go in batches, so that a worker with many small
jobs needs few round trips.
"""

import asyncio
import contextlib
import logging
import random
import string
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct

from app import tracing
from app.agent import limits
from app.agent.turns import aborted
from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.errors import DatabaseUnavailable, ProviderAway, ProviderError, Refused, ResearchFailed
from app.store import log as event_log
from app.store import originals, queue, workers
from app.store.wake import Hint, Wake
from app.store.writer import Writer
from app.worker import crash
from app.worker.attempt import Attempt
from app.worker.backoff import backoff
from app.worker.beats import FENCE, Beats
from app.worker.newer_jobs import hand_back
from app.worker.patient_writer import patiently
from app.worker.presence import Presence, ReadOutages
from app.worker.rescue import assume, rescue, set_aside
from dossier.problems import DossierError

log = logging.getLogger(__name__)

QUEUE_POLL = 1.0  # seconds between two looks at the queue without a hint: the one query of an idle process
PREPARE = 3600.0  # seconds between two looks at the log's partitions, which are made months ahead
MAX_CLAIMED_JOBS = 200  # jobs claimed at once, at most
# A worker with many jobs claims a third of them at a time: while Postgres claims some, this process works on
# others, and Postgres writes what came of the rest. With halves one of the two waited for the other.
CLAIM_PARTS = 3
WHOLE_CLAIM = 20  # jobs: so few are claimed together, because a statement costs more than they do
OUTAGE_PAUSE = 1.0  # seconds to wait while the database is away, with jitter
BACKOFF = (1.0, 60.0)  # seconds: before the second attempt, and the longest

Perform = Callable[[Attempt], Awaitable[None]]


class Pace(Struct, frozen=True):
    """How a worker works."""

    concurrency: int = 2  # jobs at a time
    lease: timedelta = timedelta(seconds=10)
    deadline: timedelta = timedelta(hours=1)  # the longest that one attempt may hold a job
    window: float = 5.0  # seconds that a step in flight has to finish when the worker stops


def claim_size(free: int, concurrency: int) -> int:
    """Return how many jobs to claim at once."""
    part = max(WHOLE_CLAIM, -(-concurrency // CLAIM_PARTS))
    return min(free, part, MAX_CLAIMED_JOBS)


class Worker:
    """Works on jobs until it is told to stop."""

    def __init__(
        self,
        writer: Writer,
        wake: Wake,
        url: str,
        perform: Perform,
        pace: Pace,
        outages: ReadOutages = dict,
    ) -> None:
        self._presence = Presence(pace.concurrency, pace.lease.total_seconds(), outages)
        self.name = self._presence.name
        self._writer = writer
        self._wake = wake
        self._metrics = writer.metrics
        self._perform = perform
        self._pace = pace
        self._attempts: dict[UUID, tuple[Attempt, asyncio.Task[None]]] = {}
        self._stops: dict[UUID, str] = {}  # why a task was cancelled: "cancel", "lost" or "release"
        self._looks = set[asyncio.Future[None]]()
        self._bell = asyncio.Event()
        self._draining = False
        self._paused: bool | None = None  # what operators want; not known before the first look
        self._force_stop = asyncio.Event()
        self._shared = False  # whether several tenants wait
        self._turn = random.choice(string.ascii_lowercase)  # the tenant served last; at first, any
        self._beats = Beats(url, pace.lease, self._lost_from_thread, self._presence.badge)

    async def run(self) -> None:
        """Work until `drain` is called, then hand back what is unfinished."""
        self._loop = asyncio.get_running_loop()
        log.info("Worker %s works on up to %d jobs at a time.", self.name, self._pace.concurrency)
        self._beats.start()
        self._metrics.slots.set(self._pace.concurrency)
        self._metrics.slots_used.set_function(lambda: len(self._attempts))
        unsubscribe = self._wake.subscribe(self._hear)
        beside = [asyncio.create_task(self._look()), asyncio.create_task(self._prepare())]
        try:
            await self._claim()
            await self._finish()
        finally:
            for task in beside:
                task.cancel()
            unsubscribe()
            self._presence.is_stopped = True
            await asyncio.to_thread(self._beats.stop)

    def drain(self) -> None:
        """Stop claiming, finish within the window, and hand the rest back."""
        if not self._draining:
            log.info("The worker drains.", extra={"worker": self.name, "jobs": len(self._attempts)})
        self._draining = self._presence.is_draining = True
        for attempt, _ in self._attempts.values():
            attempt.draining = True
        self._bell.set()

    def hurry(self) -> None:
        """Cancel what is in flight and hand it back now."""
        self.drain()
        self._force_stop.set()

    # Claiming

    async def _claim(self) -> None:
        while not self._draining:
            self._bell.clear()  # before the claim, so that a ring during it is not lost
            free = 0 if self._paused is not False else self._pace.concurrency - len(self._attempts)
            try:
                claimed = free > 0 and await self._take(claim_size(free, self._pace.concurrency))
            except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                log.warning("Could not claim jobs: %s", error)
                await asyncio.sleep(OUTAGE_PAUSE * random.uniform(0.5, 1.5))
                continue
            if not claimed:
                await self._bell.wait()

    async def _take(self, count: int) -> bool:
        """Claim and start up to `count` jobs.

        Return False without any.
        """
        before = time.monotonic()
        leases = await self._claim_jobs(count)
        claimed = time.monotonic() - before
        self._metrics.claim_seconds.observe(claimed)
        if leases:
            crash.reached("after_claim")
        jobs, broken = await self._read(leases, before)
        if broken:
            await set_aside(self._writer, broken)
        # The answer to the claim may have been on its way for longer than the lease: then the job is
        # another's by now, and what was read is under the other's epoch, which is not ours to write with.
        leases = [
            lease for lease in leases if lease.job_id in jobs and jobs[lease.job_id].epoch == lease.epoch
        ]
        leases = [lease for lease in leases if not await self._is_newer(jobs[lease.job_id], lease.at)]
        # Only now: a lease that is beaten while nobody works on its job would never expire.
        self._beats.hold(leases, before)
        for lease in leases:
            tracing.note("claim", {"dossier.claim_seconds": claimed}, lease.job_id)
            if log.isEnabledFor(logging.INFO):
                log.info("A job was claimed.", extra=self._about(jobs[lease.job_id], lease.epoch))
            self._start(jobs[lease.job_id], lease.at)
        return bool(leases or broken)

    async def _is_newer(self, job: Job, at: datetime) -> bool:
        """Hand back a job that needs a newer version."""
        if not job.needs_newer_version:
            return False
        await hand_back(self._writer, job, self.name, at)
        return True

    async def _claim_jobs(self, count: int) -> list[queue.Lease]:
        """Go round the tenants where several of them wait."""
        terms = self._writer.engine, self.name, count, self._pace.lease, self._pace.deadline
        if not self._shared:
            return await queue.claim(*terms)
        leases = await queue.claim_in_turn(*terms, self._turn)
        self._turn = next((lease.turn for lease in reversed(leases) if lease.turn), self._turn)
        return leases

    async def _read(self, leases: list[queue.Lease], claimed: float) -> event_log.Folded:
        """Load the claimed jobs, and name those that are unreadable.

        What the claim told of a job is enough as long as nobody else can have claimed it since.
        """
        expire = claimed + self._pace.lease.total_seconds() * FENCE
        told = [lease for lease in leases if lease.log and time.monotonic() < expire]
        jobs, broken = event_log.fold_each(row for lease in told for row in lease.log)
        rest = [lease.job_id for lease in leases if lease.job_id not in jobs and lease.job_id not in broken]
        if rest:
            read, unread = await patiently(
                lambda: event_log.load_each(self._writer.engine, rest),
                lambda: self._draining or time.monotonic() > expire,
            )
            return jobs | read, broken | unread
        return jobs, broken

    def _start(self, job: Job, at: datetime) -> None:
        attempt = Attempt(self._writer, job, self.name, at)
        task = self._loop.create_task(self._work(attempt), name=f"job {job.id}")
        self._attempts[job.id] = (attempt, task)
        self._stops.pop(job.id, None)  # of an attempt before, which is just about to end
        if job.epoch == 1 and job.created_at:
            self._metrics.queue_wait.observe(max(0.0, (at - job.created_at).total_seconds()))

    # Working

    async def _work(self, attempt: Attempt) -> None:
        """Work on a job.

        Every outcome is an event or expired lease.
        """
        about: tracing.Attributes = {"dossier.epoch": attempt.epoch, "dossier.worker": self.name}
        with tracing.attempt_span(attempt.job_id, about) as span:
            await self._end(attempt)
            span.add({"dossier.outcome": attempt.outcome})

    async def _end(self, attempt: Attempt) -> None:
        attempt.has_begun = True
        try:
            self._see_stop(attempt)
            await self._perform(attempt)
        except asyncio.CancelledError:  # by this worker itself: a cancel, a lost lease or a shutdown
            await self._stopped(attempt)
        except Refused:  # the job is over, cancelled, or another worker's: the log says which
            await self._stopped(attempt)
        except DatabaseUnavailable:
            log.warning("Job %s: the database is away; its lease will expire.", attempt.job_id)
        except ProviderAway as error:
            await self._postpone(attempt, error)
        except ProviderError as error:
            await self._fail(attempt, error)
        except Exception as error:
            log.exception("Job %s crashed.", attempt.job_id)
            message = f"{type(error).__name__} in the worker; its log has the details."
            await self._fail(attempt, ProviderError("internal", message, retryable=True))
        finally:
            self._forget(attempt)

    def _see_stop(self, attempt: Attempt) -> None:
        """Raise CancelledError for an attempt that was stopped before it began."""
        if attempt.job_id in self._stops:
            raise asyncio.CancelledError

    def _forget(self, attempt: Attempt) -> None:
        """Forget an ended attempt, but not a later one of the job."""
        self._beats.drop(attempt.job_id, attempt.epoch)
        self._count(attempt)
        held = self._attempts.get(attempt.job_id)
        if held is not None and held[0] is attempt:
            del self._attempts[attempt.job_id]
            self._stops.pop(attempt.job_id, None)
        self._bell.set()

    def _about(self, job: Job, epoch: int) -> dict[str, object]:
        return {"job": job.id, "tenant": job.tenant, "epoch": epoch, "worker": self.name}

    def _count(self, attempt: Attempt) -> None:
        seconds = attempt.age()
        if log.isEnabledFor(logging.INFO):
            about = self._about(attempt.job, attempt.epoch)
            log.info("An attempt ended.", extra={**about, "outcome": attempt.outcome, "seconds": seconds})
        count, took = self._metrics.of_outcome(attempt.outcome)
        count.inc()
        took.observe(seconds)

    async def _stopped(self, attempt: Attempt) -> None:
        """Somebody cancelled the job, took the lease, or the worker is leaving."""
        if self._stops.get(attempt.job_id) != "lost":
            with contextlib.suppress(DossierError, asyncpg.PostgresError):  # then its lease will expire
                await attempt.in_turn(lambda: self._let_go(attempt))

    async def _let_go(self, attempt: Attempt) -> None:
        """Stop an attempt once its current write is done.

        So the calls in flight are seen as they are.
        """
        job = await attempt.refresh()
        if job.status == "cancelling":
            bills = aborted(job, "Cut off by the cancel.", await attempt.keep_writings())
            await attempt.write(c.ConfirmCancel(attempt.epoch, bills))
        elif self._draining:
            await attempt.write(c.ReleaseAttempt(attempt.epoch))

    async def _postpone(self, attempt: Attempt, error: ProviderAway) -> None:
        """Let the job wait for its provider, without costing an attempt."""
        now = attempt.now()
        wait = timedelta(seconds=error.retry_after * random.uniform(1.0, 1.25))
        # The last try is due when the job has waited as long as it may work.
        until = limits.patience_ends(attempt.job)
        retry_at = min(now + wait, max(now, until)) if until else now + wait
        away = e.Away(error.provider, now - error.away_for, error.said)
        command = c.ReleaseAttempt(attempt.epoch, "provider_unavailable", retry_at, away)
        try:
            await attempt.carry_out(command)
        except (Refused, DatabaseUnavailable, asyncpg.PostgresError) as why:
            log.warning(
                "Job %s (epoch %d) could not be handed back (%s); its lease will expire.",
                attempt.job_id,
                attempt.epoch,
                why,
            )

    async def _fail(self, attempt: Attempt, error: ProviderError) -> None:
        job_id, wait = attempt.job_id, backoff(attempt.job.attempt, BACKOFF)
        retry_at = attempt.now() + timedelta(seconds=wait)
        is_final = isinstance(error, ResearchFailed)
        said = {"error_type": error.error_type, "error": str(error), "retryable": error.retryable}
        log.warning("An attempt failed.", extra={**self._about(attempt.job, attempt.epoch), **said})
        command = c.FailAttempt(
            attempt.epoch, error.error_type, str(error), error.retryable, retry_at, is_final
        )
        try:
            await attempt.carry_out(command)
        except (Refused, DatabaseUnavailable, asyncpg.PostgresError) as why:
            log.warning("Job %s: its failure could not be written (%s); its lease will expire.", job_id, why)

    # Listening

    def _hear(self, hint: Hint) -> None:
        if hint.queue:
            self._bell.set()
        self._cancel(hint.cancelled, "cancel")
        self._look_for_finish(self._attempts if hint.everything else hint.finishing)

    def _look_for_finish(self, job_ids: Iterable[UUID]) -> None:
        """Let these jobs' attempts see if a report is wanted.

        Where the hint was lost, an attempt sees it with its next write.
        """
        for job_id in job_ids:
            if job_id in self._attempts:
                look = asyncio.ensure_future(self._attempts[job_id][0].look_for_finish())
                self._looks.add(look)
                look.add_done_callback(self._seen)

    def _seen(self, look: asyncio.Future[None]) -> None:
        self._looks.discard(look)
        if not look.cancelled() and (error := look.exception()):
            log.debug("A job could not be looked at: %s", error)

    async def _prepare(self) -> None:
        """Make the log's partitions ahead, and sweep what nobody needs."""
        while True:
            try:
                await workers.forget_workers(self._writer.engine)
                await originals.sweep_originals(self._writer.engine)
                await queue.make_partitions(self._writer.engine)
            except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                log.warning("The hourly upkeep failed: %s", error)
            except Exception:  # research goes on whatever happens beside it
                log.exception("The hourly upkeep failed; it is tried again.")
            await asyncio.sleep(PREPARE * random.uniform(0.9, 1.1))

    async def _look(self) -> None:
        """Check once a second for what no hint told of.

        Jobs may be due, lost, or to be stopped.
        """
        while True:
            try:
                await self._see_to()
            except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                log.warning("Queue maintenance failed: %s", error)
            except Exception:  # without this look nobody would rescue, pause or cancel anything here
                log.exception("Queue maintenance failed; it is tried again.")
            await asyncio.sleep(QUEUE_POLL * random.uniform(0.9, 1.1))

    async def _see_to(self) -> None:
        glance = await queue.peek(self._writer.engine, list(self._attempts), self.name)
        self._shared = glance.shared
        self._cancel(glance.cancelling, "cancel")
        self._obey(glance)
        if glance.due:
            self._bell.set()
        if glance.lost:
            await rescue(self._writer, self.name)
        if glance.unanswered:
            await assume(self._writer, self.name)

    def _obey(self, glance: queue.Glance) -> None:
        """Do what operators want: pause, go on, or drain."""
        before, self._paused = self._paused, glance.paused
        if before != glance.paused:
            self._bell.set()
            if before is not None or glance.paused:
                said = "Claims are paused." if glance.paused else "Claims go on."
                log.info(said, extra={"worker": self.name})
        if glance.draining and not self._draining:
            self.drain()

    def _lost_from_thread(self, lost: Mapping[UUID, int]) -> None:
        self._loop.call_soon_threadsafe(self._lose, lost)

    def _lose(self, lost: Mapping[UUID, int]) -> None:
        """Stop lost jobs, except those in the middle of their last write.

        Such a job gave its lease up itself.
        """
        held = {job_id: self._attempts[job_id][0] for job_id in lost if job_id in self._attempts}
        mine = [attempt for job_id, attempt in held.items() if attempt.epoch == lost[job_id]]
        for attempt in mine:
            attempt.writer.give_up()
        cut = [attempt for attempt in mine if not attempt.ending]
        for attempt in cut:
            self._metrics.leases_lost.inc()
            log.warning("A lease was lost.", extra=self._about(attempt.job, attempt.epoch))
        self._cancel([attempt.job_id for attempt in cut], "lost")

    def _cancel(self, job_ids: Iterable[UUID], why: str) -> None:
        """Cancel the tasks of these jobs.

        A task that is cancelled before its first step never runs, and could not let its job go. So one
        that has not begun sees for itself why it is stopped.
        """
        for job_id in job_ids:
            if job_id in self._attempts and job_id not in self._stops:
                self._stops[job_id] = why
                attempt, task = self._attempts[job_id]
                if attempt.has_begun:
                    task.cancel()

    # Leaving

    async def _finish(self) -> None:
        """Wait for the steps in flight, then cancel the others.

        A cancelled attempt hands itself back.
        """
        tasks = [task for _, task in self._attempts.values()]
        if tasks:
            await self._wait(tasks)
            self._cancel(list(self._attempts), "release")
            await asyncio.wait(tasks, timeout=self._pace.window)

    async def _wait(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait until all are done, time is up, or hurry is called."""
        done = asyncio.create_task(asyncio.wait(tasks))
        hurry = asyncio.create_task(self._force_stop.wait())
        await asyncio.wait((done, hurry), timeout=self._pace.window, return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        hurry.cancel()
