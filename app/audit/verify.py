"""Verify every event, page and checkpoint, in several processes."""

import asyncio
import gc
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from app.audit.access_check import check_access
from app.audit.archived_jobs import look_up
from app.domain import bodies
from app.domain import checkpoint as domain
from app.domain.bodies import Named
from app.domain.checkpoint import Checkpoint, heads_of
from app.domain.history.job_evidence import History
from app.domain.signature import Public
from app.domain.tampering import Finding, Witness, Witnesses, examine
from app.domain.upkeep import MonthArchived, UpkeepEntry, archived, forgotten
from app.domain.upkeep import fault as upkeep_fault
from app.store import blobs, checkpoints, upkeep_log
from app.store.database import Engine, make_engine
from app.store.history import histories, known, replaced_tables
from dossier.problems import DossierError

VERIFY_SLICE = 100  # jobs that one process judges at a time
NOWHERE = UUID(int=0)
DIED = (
    "A process was killed, perhaps for lack of memory, so the check is incomplete. "
    "Run it again with fewer --processes."
)

OnProgress = Callable[[int, int], None]


class Verification(Struct, frozen=True, kw_only=True):
    """What was looked at, and what was found."""

    jobs: int
    events: int
    pages: int
    forgotten: int  # bodies that events name, and of which a tombstone says that they were forgotten
    passed_over: int  # jobs that the log of upkeep calls archived, and whose archive was not given
    archived: tuple[str, ...]  # the months that it calls so
    checkpoints: int
    signed: int  # checkpoints whose signature was checked, and is good
    accesses: int  # entries of the access log
    accesses_dropped: int  # that processes said they could not write
    uncovered: int  # jobs whose newest event is younger than every checkpoint
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where all was looked at and nothing was found."""
        return not self.findings and not self.passed_over


class JudgeAsk(Struct, frozen=True):
    """What each process that judges is told."""

    url: str
    role: str | None
    months: tuple[MonthArchived, ...]  # in which a job without events is in an archive
    bad: set[str]  # names of damaged bodies

    def is_archived(self, history: History) -> bool:
        """Return True for a job whose events left with their month."""
        return not history.rows and any(month.starts <= history.job_id < month.ends for month in self.months)


class VerifiedBatch(Struct, frozen=True):
    """What one process has to say about its jobs."""

    jobs: int
    events: int
    uncovered: int
    findings: list[Finding]
    absent: list[Named]
    elsewhere: list[UUID]  # jobs whose events are in an archive, if anywhere


async def verify(
    url: str,
    job_ids: Sequence[UUID] | None = None,
    *,
    exported: Sequence[Checkpoint] = (),
    public: Public | None = None,
    archives: Sequence[Path] = (),
    role: str | None = None,
    processes: int = 0,
    told: OnProgress = lambda _jobs, _events: None,
) -> Verification:
    """Verify these jobs, or all, and every checkpoint.

    Workers and servers may go on.

    Args:
        url: the database.
        job_ids: None for all.
        exported: checkpoints from a file outside the database, which are believed more than those in it.
        public: the key that checkpoints must be signed with; None: signatures are not checked.
        archives: manifests of archived months; the jobs of a month without one are passed over.
        role: to read in; None stays the user that logs in.
        processes: that judge at once; 0 takes one for each core.
        told: is called with the jobs and events that were judged so far.

    Raises DatabaseUnavailable, BadDocument, DossierError where a process that judged has died.
    """
    engine = make_engine(url, role=role, pool_size=2)
    try:
        stored = [c async for c in checkpoints.after(engine)]
        findings, believed = _believed(stored, exported, public)
        witnesses, of_logs = _witnesses(believed)
        findings += _replaced(await replaced_tables(engine))
        pages, bad = await blobs.damaged(engine)
        months = archived(await upkeep_log.entries(engine))
        judged = _Tally(told)
        slices = _slices(engine, job_ids, set(witnesses) if job_ids is None else set())
        asked = JudgeAsk(url, role, tuple(entry.deed for entry in months), bad)
        await _judge(asked, processes or os.cpu_count() or 1, slices, witnesses, judged)
        # Last, so that what was forgotten during the run has its tombstone.
        entries = await upkeep_log.entries(engine)
        accesses = await check_access(engine, entries, of_logs.get(domain.ACCESS, ()))
    finally:
        await engine.dispose()
    findings += _upkept(entries, of_logs.get(domain.UPKEEP, ()))
    if fault := accesses.fault:
        findings.append(Finding("access", None, fault.number, fault.sentence))
    elsewhere = await asyncio.to_thread(look_up, judged.elsewhere, months, archives, witnesses)
    lost, count = bodies.lost(judged.absent, forgotten(entries))
    return Verification(
        jobs=judged.jobs + elsewhere.jobs,
        events=judged.events + elsewhere.events,
        pages=pages,
        forgotten=count,
        passed_over=len(elsewhere.passed_over),
        archived=tuple(f"{entry.deed.month} (entry {entry.number})" for entry in months),
        checkpoints=len(stored),
        signed=_signed(stored, public),
        accesses=accesses.entries,
        accesses_dropped=accesses.dropped,
        uncovered=judged.uncovered,
        findings=(
            *findings,
            *bodies.stray(bad, judged.findings),
            *judged.findings,
            *elsewhere.findings,
            *lost,
        ),
    )


def _replaced(names: Sequence[str]) -> list[Finding]:
    """Name the tables that are none: what a view shows proves nothing."""
    return [
        Finding("table", None, 0, f"{name} is not a table: what it shows is not what was written.")
        for name in names
    ]


class _Tally:
    """What all processes have said so far."""

    def __init__(self, told: OnProgress) -> None:
        self.jobs = self.events = self.uncovered = 0
        self.findings: list[Finding] = []
        self.absent: list[Named] = []
        self.elsewhere: list[UUID] = []
        self._told = told

    def add(self, judged: VerifiedBatch) -> None:
        self.jobs += judged.jobs
        self.events += judged.events
        self.uncovered += judged.uncovered
        self.findings += judged.findings
        self.absent += judged.absent
        self.elsewhere += judged.elsewhere
        self._told(self.jobs, self.events)


# Checkpoints


def _believed(
    stored: Sequence[Checkpoint], exported: Sequence[Checkpoint], public: Public | None
) -> tuple[list[Finding], list[Checkpoint]]:
    """Check the checkpoints.

    Trust those before the first fault.
    """
    inside, outside = domain.fault(stored, public), domain.fault(exported, public)
    other = domain.difference(stored, exported)
    findings = [
        Finding("checkpoint", None, fault.number, (where + fault.sentence), (fault.kind,))
        for where, fault in (("", inside), ("in the file, ", outside), ("", other))
        if fault
    ]
    return findings, [*_before(stored, inside, other), *_before(exported, outside)]


def _before(chain: Sequence[Checkpoint], *faults: domain.CheckpointFault | None) -> Sequence[Checkpoint]:
    first = min((fault.number for fault in faults if fault), default=len(chain) + 1)
    return [checkpoint for checkpoint in chain if checkpoint.number < first]


def _witnesses(chain: Iterable[Checkpoint]) -> tuple[Witnesses, dict[str, set[Witness]]]:
    """Return the checkpoints' records of each job and of the other logs.

    Those of the file and of the database may say it twice.
    """
    found, of_logs = dict[UUID, set[Witness]](), dict[str, set[Witness]]()
    for checkpoint in chain:
        for head in heads_of(checkpoint):
            witness = Witness(head.seq, head.hash, checkpoint.number)
            if head.job_id:
                found.setdefault(head.job_id, set()).add(witness)
            else:
                of_logs.setdefault(head.log, set()).add(witness)
    by_seq = {job_id: sorted(told, key=lambda witness: witness.seq) for job_id, told in found.items()}
    return by_seq, of_logs


def _signed(stored: Sequence[Checkpoint], public: Public | None) -> int:
    if public is None:
        return 0
    return sum(domain.is_genuine(checkpoint, public) for checkpoint in stored)


def _upkept(entries: Sequence[UpkeepEntry], witnesses: Iterable[Witness]) -> list[Finding]:
    """Check the log of archived months and forgotten bodies."""
    fault = upkeep_fault(entries, witnesses)
    return [Finding("upkeep", None, fault.number, fault.sentence)] if fault else []


# Jobs


async def _slices(
    engine: Engine, job_ids: Sequence[UUID] | None, expected: set[UUID]
) -> AsyncIterator[Sequence[UUID]]:
    """Yield the jobs to check, those only checkpoints know last."""
    if job_ids is not None:
        for at in range(0, len(job_ids), VERIFY_SLICE):
            yield job_ids[at : at + VERIFY_SLICE]
        return
    after = NOWHERE
    while page := await known(engine, after, VERIFY_SLICE):
        expected.difference_update(page)
        yield page
        after = page[-1]
    gone = sorted(expected)
    for at in range(0, len(gone), VERIFY_SLICE):
        yield gone[at : at + VERIFY_SLICE]


async def _judge(
    asked: JudgeAsk,
    processes: int,
    slices: AsyncIterator[Sequence[UUID]],
    witnesses: Witnesses,
    tally: _Tally,
) -> None:
    """Check one slice here, or several in a few processes.

    These hold few slices at a time.
    """
    first = await anext(slices, None)
    second = await anext(slices, None)
    if first is not None and second is None:
        tally.add(await judge(asked, first, witnesses))
    if first is None or second is None:
        return

    context = multiprocessing.get_context("spawn")  # a fork would share the driver's connections
    loop, waiting = asyncio.get_running_loop(), set[asyncio.Future[VerifiedBatch]]()
    with ProcessPoolExecutor(processes, context, initializer=gc.disable) as pool:

        def hand_out(jobs: Sequence[UUID]) -> None:
            told = {job_id: witnesses[job_id] for job_id in jobs if job_id in witnesses}
            waiting.add(loop.run_in_executor(pool, _judge_there, asked, jobs, told))

        try:
            hand_out(first)
            hand_out(second)
            async for jobs in slices:
                hand_out(jobs)
                if len(waiting) > 2 * processes:
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for one in done:
                        tally.add(one.result())
            for judged in await asyncio.gather(*waiting):
                tally.add(judged)
        except BrokenProcessPool as error:
            await asyncio.gather(*waiting, return_exceptions=True)
            raise DossierError(DIED) from error


def _judge_there(asked: JudgeAsk, job_ids: Sequence[UUID], witnesses: Witnesses) -> VerifiedBatch:
    judged = asyncio.run(judge(asked, job_ids, witnesses))
    gc.collect()
    return judged


async def judge(asked: JudgeAsk, job_ids: Sequence[UUID], witnesses: Witnesses) -> VerifiedBatch:
    """Judge these jobs over a connection of its own."""
    engine = make_engine(asked.url, role=asked.role, pool_size=1)
    jobs = events = uncovered = 0
    findings, named, elsewhere = list[Finding](), list[Named](), list[UUID]()
    try:
        async for history in histories(engine, job_ids):
            if asked.is_archived(history):
                elsewhere.append(history.job_id)
                continue
            told = witnesses.get(history.job_id, ())
            jobs, events = jobs + 1, events + len(history.rows)
            uncovered += not told or told[-1].seq < len(history.rows)
            found = examine(history, told) or bodies.changed(history, asked.bad)
            findings += found
            named += () if found else bodies.named(history)
        named += bodies.parts(named, await blobs.get(engine, [body.name for body in named if body.is_parts]))
        gone = await blobs.absent(engine, [body.name for body in named])
    finally:
        await engine.dispose()
    lost = [body for body in named if body.name in gone]
    return VerifiedBatch(jobs, events, uncovered, findings, lost, elsewhere)
