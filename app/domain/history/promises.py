"""Rules of what others were told: acknowledgements, cancels, rows, frames."""

from collections.abc import Mapping
from itertools import zip_longest

from app.domain.event_kinds import TERMINAL
from app.domain.history.job_evidence import CancelAnswer, ReaderRecord
from app.domain.history.reading import HistoryFault, Reading
from dossier.job_types import OVER

VALUE_WIDTH = 60  # characters of a value that a message shows


def acknowledged_is_logged(reading: Reading) -> HistoryFault | None:
    """Check that a job accepted with 201 is logged at that time."""
    for created_at in reading.history.acknowledged:
        if not reading.rows:
            return HistoryFault(0, "it was acknowledged and has no event 1.")
        first = reading.rows[0]
        if first.occurred_at != created_at:
            times = f"{created_at.isoformat()}, event {first.seq} is of {first.occurred_at.isoformat()}"
            return HistoryFault(first.seq, f"its acknowledgement says {times}.")
    return None


def ends(reading: Reading) -> HistoryFault | None:
    """Once workers had their time, the newest event is a terminal one."""
    if reading.history.at_rest and reading.rows and reading.rows[-1].type not in TERMINAL:
        last = reading.rows[-1]
        return HistoryFault(last.seq, f"it never ended: event {last.seq}, the last, is {last.type}.")
    return None


def projected(reading: Reading) -> HistoryFault | None:
    """Check that the row of `jobs` is the fold of the log."""
    projection, last, job = reading.history.projection, reading.last_seq, reading.job
    if projection is None or job is None:
        return None
    if projection.row is None:
        return (
            HistoryFault(last, f"it has no row, but the log goes up to event {last}.")
            if reading.rows
            else None
        )
    if not reading.rows:
        return HistoryFault(last, "it has a row, but no event.")
    if job.created_at is None:
        return None  # it was never submitted, which another rule says
    differences = _differences(projection.row, projection.expected(job))
    return (
        HistoryFault(last, f"its row is not the fold up to event {last}: {differences}.")
        if differences
        else None
    )


def _differences(row: Mapping[str, object], expected: Mapping[str, object]) -> str:
    names = [name for name in {**expected, **row} if row.get(name) != expected.get(name)]
    return "; ".join(f"{name} is {_short(row.get(name))}, not {_short(expected.get(name))}" for name in names)


def _short(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= VALUE_WIDTH else text[:VALUE_WIDTH] + "…"


def a_cancel_is_kept(reading: Reading) -> HistoryFault | None:
    """A job that somebody cancelled ends cancelled, if it ends."""
    cancel = next((row.seq for row in reading.rows if row.type == "cancel_requested"), 0)
    for row in reading.rows:
        if cancel and row.type in TERMINAL - {"job_cancelled"}:
            return HistoryFault(
                row.seq, f"event {row.seq} is {row.type}, in spite of the cancel of event {cancel}."
            )
    return None


def cancels_are_answered_truly(reading: Reading) -> HistoryFault | None:
    """What a DELETE was answered is what the log says."""
    faults = (_untrue(reading, answer) for answer in reading.history.cancels)
    return next((fault for fault in faults if fault), None)


def _untrue(reading: Reading, answer: CancelAnswer) -> HistoryFault | None:
    last = reading.rows[-1] if reading.rows else None
    status, seq = (last.status, last.seq) if last else ("missing", 0)
    asked = any(row.type == "cancel_requested" for row in reading.rows)
    match answer.code:
        case 200 if last is None or status != "cancelled" or last.occurred_at != answer.cancelled_at:
            return HistoryFault(
                seq, f"a DELETE was answered with cancelled, but at event {seq} the job is {status}."
            )
        case 202 if not asked:
            return HistoryFault(
                seq, f"a DELETE was accepted, but up to event {seq} nobody asked for a cancel."
            )
        case 409 if status not in OVER - {"cancelled"}:
            return HistoryFault(seq, f"a DELETE was refused as over, but at event {seq} the job is {status}.")
    return None


def readers_saw_the_log(reading: Reading) -> HistoryFault | None:
    """Check that readers got every event after their cursor.

    Each once, in order, with the stored bytes.
    """
    faults = (_misread(reading, reader) for reader in reading.history.readers)
    return next((fault for fault in faults if fault), None)


def _misread(reading: Reading, reader: ReaderRecord) -> HistoryFault | None:
    rows = [row for row in reading.rows if row.seq > reader.after]
    for row, seen in zip_longest(rows, reader.lines):
        if seen is None:
            return (
                HistoryFault(row.seq, f"a reader was sent away before event {row.seq}.")
                if reader.ended
                else None
            )
        if row is None:
            return HistoryFault(seen[0], f"a reader got event {seen[0]}, which is not in the log.")
        if seen[0] != row.seq:
            return HistoryFault(row.seq, f"a reader got event {seen[0]} where event {row.seq} was next.")
        if seen[1] != row.line():
            return HistoryFault(row.seq, f"a reader got other bytes for event {row.seq} than are stored.")
    return None
