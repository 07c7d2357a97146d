"""Decode and fold a history once, for all rules."""

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from app.domain.events import Event, Unrecognised
from app.domain.history.job_evidence import History
from app.domain.job import Job, evolve
from app.domain.row import Row


class HistoryFault(Struct, frozen=True):
    """The first event that breaks a rule, and a sentence about it.

    The sentence does not name the job.
    """

    seq: int
    sentence: str


class Step(Struct, frozen=True):
    """An event, and the job that it led to."""

    row: Row
    event: Event
    job: Job


class Reading:
    """A history, and what its log folds to."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.rows = history.rows

    @property
    def steps(self) -> Sequence[Step]:
        """Yield the fold event by event, up to the first unreadable one."""
        return self._folded[0]

    @property
    def unreadable(self) -> HistoryFault | None:
        """Return the damaged event, if any.

        Events of newer versions are not damaged.
        """
        return self._folded[1]

    @property
    def job(self) -> Job | None:
        """Return the fold of the whole log, or None if unreadable."""
        if len(self.steps) < len(self.rows):
            return None
        job = self.steps[-1].job if self.steps else Job(self.history.job_id)
        return replace(job, head_hash=self.rows[-1].hash) if self.rows else job

    @property
    def last_seq(self) -> int:
        """The seq of the newest event, 0 where there is none."""
        return self.rows[-1].seq if self.rows else 0

    @cached_property
    def _folded(self) -> tuple[Sequence[Step], HistoryFault | None]:
        steps, job = list[Step](), Job(self.history.job_id)
        for row in self.rows:
            try:
                fact = row.recorded()
                # That the numbers are right is a rule of its own; here each event follows the one before.
                job = evolve(job if job.seq == row.seq - 1 else replace(job, seq=row.seq - 1), fact)
            except Exception as error:  # noqa: BLE001 - whatever a damaged row makes fail is what was found
                return steps, HistoryFault(
                    row.seq, f"event {row.seq} ({row.type}) cannot be read: {error!r}."
                )
            if isinstance(fact.event, Unrecognised):
                break  # which alone can say what follows from it
            steps.append(Step(row, fact.event, job))
        return steps, None
