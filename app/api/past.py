"""Read the point in time that a query means."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from app.api.problem_details import BadRequest
from app.domain.row import Row
from app.store.reads import LogHead

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def until(at: str, head: LogHead) -> Callable[[Row], bool]:
    """Return which events count, up to a seq or a time.

    Both ends are included. Raises BadRequest.
    """
    if at.isascii() and at.isdigit():
        seq = int(at[:20])
        if seq > head.seq:
            raise BadRequest("at_beyond_head", f"The job's last event is {head.seq}.", "at")
        return lambda row: row.seq <= seq
    moment = moment_of(at, "at", "the seq of an event, or ")
    return lambda row: row.occurred_at <= moment


def moment_of(at: str, field: str, other: str = "") -> datetime:
    """Return a point in time of a query. Raises BadRequest."""
    text = at.replace(" ", "+").upper()  # a plus that was not escaped comes as a space
    try:
        return datetime.fromisoformat(text if _TIME.fullmatch(text) else "").astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"Use {other}a time in RFC 3339 like 2026-11-23T16:22:30Z."
        raise BadRequest("malformed_at", message, field) from None
