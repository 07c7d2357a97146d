"""Verify every event, page and checkpoint, in several processes."""

import asyncio
import gc
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from uuid import UUID

from msgspec import Struct

from app.domain import bodies
from app.domain import checkpoint as domain
from app.domain.bodies import Named
from app.domain.checkpoint import Checkpoint, heads_of
from app.domain.signature import Public
from app.domain.tampering import Finding, Witness, examine
from app.domain.upkeep import UpkeepEntry, forgotten
from app.domain.upkeep import fault as upkeep_fault
from app.store import blobs, checkpoints, upkeep_log
from app.store.database import Engine, make_engine
from app.store.history import archived, histories, known
from dossier.problems import DossierError

VERIFY_SLICE = 100  # jobs that one process judges at a time
NOWHERE = UUID(int=0)
DIED = (
    "A process was killed, perhaps for lack of memory, so the check is incomplete. "
    "Run it again with fewer --processes."
)

Witnesses = Mapping[UUID, Sequence[Witness]]
OnProgress = Callable[[int, int], None]


class Verification(Struct, frozen=True, kw_only=True):
    """What was looked at, and what was found."""

    jobs: int
    events: int
    pages: int
    forgotten: int  # bodies that events name, and of which a tombstone says that they were forgotten
    checkpoints: int
    signed: int  # checkpoints whose signature was checked, and is good
    uncovered: int  # jobs whose newest event is younger than every checkpoint
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where nothing was found."""
        return not self.findings


class VerifiedBatch(Struct, frozen=True):
    """What one process has to say about its jobs."""

    jobs: int
    events: int
    uncovered: int
    findings: list[Finding]
    absent: list[Named]


async def verify(
    url: str,
    job_ids: Sequence[UUID] | None = None,
    *,
    exported: Sequence[Checkpoint] = (),
    public: Public | None = None,
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
        role: to read in; None stays the user that logs in.
        processes: that judge at once; 0 takes one for each core.
        told: is called with the jobs and events that were judged so far.

    Raises DatabaseUnavailable, DossierError where a process that judged has died.
    """
    engine = make_engine(url, role=role, pool_size=2)
    try:
        stored = [c async for c in checkpoints.after(engine)]
        findings, believed = _believed(stored, exported, public)
        witnesses, of_upkeep = _witnesses(believed)
        pages, bad = await blobs.damaged(engine)
        judged = _Tally(told)
        slices = _slices(engine, job_ids, set(witnesses) if job_ids is None else set())
        await _judge(url, role, processes or os.cpu_count() or 1, slices, witnesses, bad, judged)
        # Last, so that what was forgotten during the run has its tombstone.
        entries = await upkeep_log.entries(engine)
    finally:
        await engine.dispose()
    lost, count = bodies.lost(judged.absent, forgotten(entries))
    return Verification(
        jobs=judged.jobs,
        events=judged.events,
        pages=pages,
        forgotten=count,
        checkpoints=len(stored),
        signed=_signed(stored, public),
        uncovered=judged.uncovered,
        findings=(
            *findings,
            *_upkept(entries, of_upkeep),
            *bodies.stray(bad, judged.findings),
            *judged.findings,
            *lost,
        ),
    )


class _Tally:
    """What all processes have said so far."""

    def __init__(self, told: OnProgress) -> None:
        self.jobs = self.events = self.uncovered = 0
        self.findings: list[Finding] = []
        self.absent: list[Named] = []
        self._told = told

    def add(self, judged: VerifiedBatch) -> None:
        self.jobs += judged.jobs
        self.events += judged.events
        self.uncovered += judged.uncovered
        self.findings += judged.findings
        self.absent += judged.absent
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


def _witnesses(chain: Iterable[Checkpoint]) -> tuple[Witnesses, set[Witness]]:
    """Return the checkpoints' records of each job and of upkeep.

    Those of the file and of the database may say it twice.
    """
    found, of_upkeep = dict[UUID, set[Witness]](), set[Witness]()
    for checkpoint in chain:
        for head in heads_of(checkpoint):
            told = found.setdefault(head.job_id, set()) if head.job_id else of_upkeep
            told.add(Witness(head.seq, head.hash, checkpoint.number))
    by_seq = {job_id: sorted(told, key=lambda witness: witness.seq) for job_id, told in found.items()}
    return by_seq, of_upkeep


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
    gone = sorted(expected - await archived(engine, list(expected)) if expected else ())
    for at in range(0, len(gone), VERIFY_SLICE):
        yield gone[at : at + VERIFY_SLICE]


async def _judge(
    url: str,
    role: str | None,
    processes: int,
    slices: AsyncIterator[Sequence[UUID]],
    witnesses: Witnesses,
    bad: set[str],
    tally: _Tally,
) -> None:
    """Check one slice here, or several in a few processes.

    These hold few slices at a time.
    """
    first = await anext(slices, None)
    second = await anext(slices, None)
    if first is not None and second is None:
        tally.add(await judge(url, role, first, witnesses, bad))
    if first is None or second is None:
        return

    context = multiprocessing.get_context("spawn")  # a fork would share the driver's connections
    loop, waiting = asyncio.get_running_loop(), set[asyncio.Future[VerifiedBatch]]()
    with ProcessPoolExecutor(processes, context, initializer=gc.disable) as pool:

        def hand_out(jobs: Sequence[UUID]) -> None:
            told = {job_id: witnesses[job_id] for job_id in jobs if job_id in witnesses}
            waiting.add(loop.run_in_executor(pool, _judge_there, url, role, jobs, told, bad))

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


def _judge_there(
    url: str, role: str | None, job_ids: Sequence[UUID], witnesses: Witnesses, bad: set[str]
) -> VerifiedBatch:
    judged = asyncio.run(judge(url, role, job_ids, witnesses, bad))
    gc.collect()
    return judged


async def judge(
    url: str, role: str | None, job_ids: Sequence[UUID], witnesses: Witnesses, bad: set[str]
) -> VerifiedBatch:
    """Judge these jobs over a connection of its own."""
    engine = make_engine(url, role=role, pool_size=1)
    jobs = events = uncovered = 0
    findings, named = list[Finding](), list[Named]()
    try:
        async for history in histories(engine, job_ids):
            told = witnesses.get(history.job_id, ())
            jobs, events = jobs + 1, events + len(history.rows)
            uncovered += not told or told[-1].seq < len(history.rows)
            found = examine(history, told) or bodies.changed(history, bad)
            findings += found
            named += () if found else bodies.named(history)
        gone = await blobs.absent(engine, [body.name for body in named])
    finally:
        await engine.dispose()
    return VerifiedBatch(jobs, events, uncovered, findings, [body for body in named if body.name in gone])
