"""Check a job's history against every promise.

One small rule for each promise, over evidence that was gathered elsewhere: from the tables, and from
those who were told something. Tests that kill processes use it, and operators may use it too. It
shares no code with `decide`, which is what it judges; it shares `chain` and the fold, which say what
the bytes mean.

It cannot see what left no trace. A log whose last events were cut off is whole in itself: only the
row, an acknowledgement or a reader shows the loss. And an attacker who can recompute every hash, and
changes the row too, is seen only where the events then contradict each other.
"""

from collections.abc import Callable

from app.domain.history import call_rules, fence, order, promises
from app.domain.history.job_evidence import History, Violation
from app.domain.history.reading import HistoryFault, Reading

Rule = Callable[[Reading], HistoryFault | None]

RULES: tuple[Rule, ...] = (
    order.gap_free,
    order.chained,
    order.begins_once,
    order.in_time_order,
    order.readable,
    order.status_is_folded,
    order.terminal_is_last,
    fence.epochs_grow_by_one,
    fence.one_live_epoch,
    fence.fenced,
    fence.one_lease,
    call_rules.announced,
    call_rules.paid_once,
    call_rules.repeats_are_marked,
    call_rules.nothing_is_paid_after_a_cancel,
    promises.acknowledged_is_logged,
    promises.ends,
    promises.projected,
    promises.a_cancel_is_kept,
    promises.cancels_are_answered_truly,
    promises.readers_saw_the_log,
)


def check(history: History) -> list[Violation]:
    """Return the broken rules, each with the first event that breaks it."""
    reading = Reading(history)
    found = ((rule.__name__, rule(reading)) for rule in RULES)
    return [
        Violation(name, history.job_id, fault.seq, f"Job {history.job_id}: {fault.sentence}")
        for name, fault in found
        if fault is not None
    ]
