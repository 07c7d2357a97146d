"""Write to the log in batches, and wake those who wait."""

from collections.abc import Mapping, Sequence

from app import tracing
from app.domain.change import Change
from app.domain.events import FinishRequested
from app.domain.job import Job
from app.metrics import ProcessMetrics
from app.store import blobs, log
from app.store.batch import Batch
from app.store.database import Engine
from app.store.quotas import QuotaGate
from app.store.wake import Hint, Wake

WANTING = FinishRequested.type  # the event after which a worker is to stop and write
SUBMIT_PATIENCE = 0.004  # seconds that jobs wait for a statement before a second one runs beside it


class Writer:
    """Submits and appends for one process.

    Concurrent callers share a statement.
    """

    def __init__(self, engine: Engine, wake: Wake, metrics: ProcessMetrics | None = None) -> None:
        self.engine = engine
        self.metrics = metrics or ProcessMetrics()
        self._wake = wake
        self.quotas = QuotaGate(engine)
        self._submits: Batch[Change, bool] = Batch(
            self._submit, weigh=lambda change: len(change.rows), patience=SUBMIT_PATIENCE
        )
        self._appends: Batch[Change, bool] = Batch(self._append, weigh=lambda change: len(change.rows))
        self._keeps: Batch[Sequence[bytes], None] = Batch(self._keep)
        self._recalls: Batch[Sequence[str], Mapping[str, bytes]] = Batch(self._recall)

    async def submit(self, change: Change) -> bool:
        """Write a job's first events.

        Return False if its key is taken. Raises QuotaExceeded, CostLimitRequired.
        """
        is_reserved = await self.quotas.reserve(change.job)
        with tracing.span("append", {"dossier.events": len(change.rows)}):
            is_new = await self._submits.ask(change)
        if is_reserved and not is_new:
            await self.quotas.release(change.job.id)
        return is_new

    async def append(self, change: Change) -> bool:
        """Write further events.

        Return False if the fence refuses them. The job is at another version, or the lease is lost.
        """
        with tracing.span("append", {"dossier.events": len(change.rows)}):
            return await self._appends.ask(change)

    async def catch_up(self, job: Job) -> Job:
        """The job after everything that has happened since its `seq`."""
        return await log.catch_up(self.engine, job)

    async def keep(self, bodies: Sequence[bytes]) -> None:
        """Store bodies as blobs, before the events that name them."""
        if bodies:
            await self._keeps.ask(bodies)

    async def recall(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the blobs with these names, without forgotten ones."""
        return await self._recalls.ask(names) if names else {}

    async def _keep(self, asked: Sequence[Sequence[bytes]]) -> list[None]:
        await blobs.put(self.engine, [body for bodies in asked for body in bodies])
        return [None] * len(asked)

    async def _recall(self, asked: Sequence[Sequence[str]]) -> list[Mapping[str, bytes]]:
        found = await blobs.get(self.engine, list({name for names in asked for name in names}))
        return [{name: found[name] for name in names if name in found} for names in asked]

    async def _submit(self, changes: Sequence[Change]) -> list[bool]:
        with self.metrics.timing(self.metrics.append_seconds):
            there = await log.submit(self.engine, changes)
        self._count([change for change in changes if change.job.id in there])
        self._wake.ring(Hint(frozenset(there), queue=True))
        return [change.job.id in there for change in changes]

    async def _append(self, changes: Sequence[Change]) -> list[bool]:
        # Of two changes to one job only the first can be at the right version. The other is refused
        # without asking; the caller reads again and decides again.
        first = {change.job.id: change for change in reversed(changes)}
        with self.metrics.timing(self.metrics.append_seconds):
            moved = await log.append(self.engine, list(first.values()))
        written = [change for change in first.values() if change.job.id in moved]
        self._count(written)
        self._wake.ring(_hint(written))
        return [change.job.id in moved and first[change.job.id] is change for change in changes]

    def _count(self, written: Sequence[Change]) -> None:
        self.metrics.events.inc(sum([len(change.rows) for change in written]))


def _hint(changes: Sequence[Change]) -> Hint:
    jobs = [change.job for change in changes]
    return Hint(
        frozenset([job.id for job in jobs]),
        frozenset([job.id for job in jobs if job.status == "cancelling"]),
        frozenset([change.job.id for change in changes for row in change.rows if row.type == WANTING]),
        queue="pending" in [job.status for job in jobs],
    )
