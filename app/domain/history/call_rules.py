"""Check that calls are announced, paid once, and stop after a cancel."""

from msgspec import Struct

from app.domain import events as e
from app.domain.history.reading import HistoryFault, Reading


class Flight(Struct, frozen=True):
    """The newest announcement of a call.

    `epoch` is None once the call has ended.
    """

    repeat: int
    epoch: int | None


def announced(reading: Reading) -> HistoryFault | None:
    """Every outcome of a call has its `call_requested` before it."""
    requested = set[str]()
    for step in reading.steps:
        match step.event:
            case e.CallRequested(key=key):
                requested.add(key)
            case e.CallCompleted(key=key) | e.CallFailed(key=key) if key not in requested:
                return HistoryFault(
                    step.row.seq, f"event {step.row.seq} ends call {key}, which nobody announced."
                )
    return None


def paid_once(reading: Reading) -> HistoryFault | None:
    """Check that a call with a logged result is never repeated."""
    completed = dict[str, int]()
    for step in reading.steps:
        match step.event:
            case e.CallRequested(key=key) | e.CallCompleted(key=key) if key in completed:
                sentence = f"event {step.row.seq} repeats call {key}, which event {completed[key]} completed."
                return HistoryFault(step.row.seq, sentence)
            case e.CallCompleted(key=key):
                completed[key] = step.row.seq
    return None


def repeats_are_marked(reading: Reading) -> HistoryFault | None:
    """Check that only a later attempt repeats a call in flight.

    Its `repeat` must be one higher.
    """
    flights = dict[str, Flight]()
    for step in reading.steps:
        seq, epoch = step.row.seq, step.row.epoch
        match step.event:
            case e.CallRequested(key=key, repeat=repeat) if epoch is not None:  # else a fork's copy
                if wrong := _wrong(flights.get(key), Flight(repeat, epoch)):
                    return HistoryFault(seq, f"event {seq} announces call {key} {wrong}.")
                flights[key] = Flight(repeat, epoch)
            case e.CallCompleted(key=key) | e.CallFailed(key=key) if key in flights:
                flights[key] = Flight(flights[key].repeat, None)
    return None


def _wrong(before: Flight | None, now: Flight) -> str | None:
    in_flight = before is not None and before.epoch is not None
    expected = (before.repeat if before else 0) + in_flight
    if now.repeat != expected:
        return f"as repeat {now.repeat}, not {expected}"
    return "while it is in flight" if before and before.epoch == now.epoch else None


def nothing_is_paid_after_a_cancel(reading: Reading) -> HistoryFault | None:
    """Check that no call is announced after `cancel_requested`.

    The bills of calls in flight may still come.
    """
    cancel = 0
    for row in reading.rows:
        if row.type == "cancel_requested":
            cancel = row.seq
        if cancel and row.type == "call_requested":
            return HistoryFault(
                row.seq, f"event {row.seq} announces a call after the cancel of event {cancel}."
            )
    return None
