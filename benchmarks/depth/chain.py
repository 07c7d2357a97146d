"""Count the paid calls of a job that followed one another.

That is what its wall clock follows from, however long a call takes and however busy the machine is.
"""

from collections.abc import Iterable
from datetime import datetime

from app.domain import events as e


def longest_chain(recorded: Iterable[e.Recorded]) -> int:
    """Return the length of the longest chain of calls in a log.

    A call follows the one whose outcome was appended together with its announcement.
    """
    lengths = dict[str, int]()
    for happened in _appends(recorded):
        ended = (event.key for event in happened if isinstance(event, e.CallCompleted | e.CallFailed))
        before = max((lengths.get(key, 0) for key in ended), default=0)
        for event in happened:
            if isinstance(event, e.CallRequested):
                lengths[event.key] = before + (not event.fallback)
    return max(lengths.values(), default=0)


def _appends(recorded: Iterable[e.Recorded]) -> Iterable[list[e.Event]]:
    """Return the events of each append, which have one time."""
    found = dict[datetime, list[e.Event]]()
    for fact in recorded:
        found.setdefault(fact.at, []).append(fact.event)
    return found.values()
