"""Check that the log has no gap, change, move or addition."""

from itertools import pairwise

from app.domain.chain import GENESIS, link
from app.domain.event_kinds import TERMINAL
from app.domain.history.reading import HistoryFault, Reading


def begins_once(reading: Reading) -> HistoryFault | None:
    """The first event, and only the first, is `job_submitted`."""
    for place, row in enumerate(reading.rows):
        if (row.type == "job_submitted") != (place == 0):
            return HistoryFault(
                row.seq, f"event {row.seq} is {row.type}; job_submitted comes first, and once."
            )
    return None


def gap_free(reading: Reading) -> HistoryFault | None:
    """The `seq` of the events is 1, 2, 3 and so on."""
    for seq, row in enumerate(reading.rows, 1):
        if row.seq != seq:
            return HistoryFault(row.seq, f"event {row.seq} is where event {seq} belongs.")
    return None


def chained(reading: Reading) -> HistoryFault | None:
    """Each hash follows from the hash before and from the stored bytes."""
    previous = GENESIS
    for row in reading.rows:
        if row.prev_hash != previous:
            return HistoryFault(row.seq, f"event {row.seq} is not linked to the event before it.")
        if row.hash != link(previous, row.schema_version, row.actor, row.epoch, row.line()):
            return HistoryFault(row.seq, f"event {row.seq} is not what was hashed.")
        previous = row.hash
    return None


def in_time_order(reading: Reading) -> HistoryFault | None:
    """Time never runs backwards within a job."""
    for before, row in pairwise(reading.rows):
        if row.occurred_at < before.occurred_at:
            return HistoryFault(row.seq, f"event {row.seq} is older than event {before.seq}.")
    return None


def readable(reading: Reading) -> HistoryFault | None:
    """Check that every event loads and folds.

    An event of a newer version ends the check without breaking the rule.
    """
    return reading.unreadable


def status_is_folded(reading: Reading) -> HistoryFault | None:
    """Check that each event's status is that of the fold.

    The progress is not compared, as old events keep theirs.
    """
    for step in reading.steps:
        if step.row.status != step.job.status:
            sentence = f"event {step.row.seq} says {step.row.status}, but the job is {step.job.status} then."
            return HistoryFault(step.row.seq, sentence)
    return None


def terminal_is_last(reading: Reading) -> HistoryFault | None:
    """Nothing follows a terminal event, so there is one at most."""
    for before, row in pairwise(reading.rows):
        if before.type in TERMINAL:
            return HistoryFault(
                row.seq, f"event {row.seq} ({row.type}) follows the terminal event {before.seq}."
            )
    return None
