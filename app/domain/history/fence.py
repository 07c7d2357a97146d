"""Rules of ownership: one worker at a time, and nobody else writes."""

from collections.abc import Iterator

from app.domain.event_kinds import ENDING_ATTEMPT, NEEDING_LEASE
from app.domain.history.reading import HistoryFault, Reading
from app.domain.job import LEASED
from app.domain.row import Row

WITH_QUESTION = frozenset({"budget_reached"})  # may follow input_requested in the same append


def epochs_grow_by_one(reading: Reading) -> HistoryFault | None:
    """Check that epochs start at 1 and grow by one."""
    for epoch, row in enumerate(_starts(reading), 1):
        if row.epoch != epoch:
            return HistoryFault(
                row.seq, f"event {row.seq} starts epoch {row.epoch}, but epoch {epoch} is next."
            )
    return None


def one_live_epoch(reading: Reading) -> HistoryFault | None:
    """Check that an attempt starts only once the previous one has ended."""
    live: Row | None = None
    for row in reading.rows:
        if row.type in ENDING_ATTEMPT:
            live = None
        if row.type == "attempt_started":
            if live is not None:
                sentence = f"event {row.seq} starts an attempt while that of event {live.seq} is not over."
                return HistoryFault(row.seq, sentence)
            live = row
    return None


def fenced(reading: Reading) -> HistoryFault | None:
    """Check that a worker's events carry the newest, live epoch."""
    epoch, let_go = 0, 0  # the newest epoch; the seq of the event that ended it, 0 while it is held
    is_fork = any(row.type == "job_forked" for row in reading.rows[:2])
    for row in reading.rows:
        if row.type == "attempt_started":
            epoch, let_go = row.epoch or 0, 0
        elif is_fork and not epoch and row.epoch is None:
            continue  # a copy of what another job had learnt, written with the submission
        elif trespass := _trespass(row, epoch, let_go):
            return HistoryFault(row.seq, f"event {row.seq} ({row.type}) was written under {trespass}.")
        if row.type in ENDING_ATTEMPT:
            let_go = row.seq
    return None


def _trespass(row: Row, epoch: int, let_go: int) -> str | None:
    """What is wrong with the epoch of this row, if anything is."""
    if row.epoch is None:
        return "no epoch" if row.type in NEEDING_LEASE else None
    if row.epoch != epoch:
        return f"epoch {row.epoch} during epoch {epoch}"
    if let_go and row.type not in WITH_QUESTION:
        return f"epoch {epoch}, which ended with event {let_go}"
    return None


def one_lease(reading: Reading) -> HistoryFault | None:
    """Check that at most one lease exists, of the newest epoch.

    It may exist only while a worker is meant to hold the job.
    """
    leases, last = reading.history.leases, reading.last_seq
    if len(leases) > 1:
        return HistoryFault(last, f"{len(leases)} leases exist at event {last}, where one is allowed.")
    status = reading.rows[-1].status if reading.rows else "missing"
    epoch = max((row.epoch or 0 for row in _starts(reading)), default=0)
    for lease in leases:
        if status not in LEASED:
            return HistoryFault(last, f"{lease.worker} has a lease, but at event {last} the job is {status}.")
        if lease.epoch != epoch:
            return HistoryFault(
                last, f"the lease is of epoch {lease.epoch}, but event {last} is of epoch {epoch}."
            )
    return None


def _starts(reading: Reading) -> Iterator[Row]:
    return (row for row in reading.rows if row.type == "attempt_started")
