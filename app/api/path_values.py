"""Read ids and cursors from the paths and queries of requests."""

import re
from uuid import UUID

from app.api.problem_details import BadRequest

ID_PREFIX = re.compile(r"(?<!-)-*(?:[0-9a-fA-F]-*){1,32}")


def uuid_of(text: str, refusal: Exception) -> UUID:
    """Return a text's UUID. Raises the refusal if it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise refusal from None


def job_id_of(text: str, field: str = "job_id") -> UUID:
    """Return the id of a job. Raises BadRequest."""
    return uuid_of(text, BadRequest("malformed_job_id", "A job's id is a UUID.", field))


def id_prefix_of(text: str | None) -> str:
    """Return what the ids of a list begin with. Raises BadRequest."""
    if text and not ID_PREFIX.fullmatch(text):
        raise BadRequest("malformed_job_id", "An id begins with hexadecimal digits.", "id_prefix")
    return (text or "").replace("-", "").lower()


def page_cursor_of(text: str | None) -> UUID | None:
    """Return the id after which a page begins. Raises BadRequest."""
    wrong = BadRequest("malformed_cursor", "Use the next_cursor of the page before.", "cursor")
    return uuid_of(text, wrong) if text else None


def stream_cursor_of(after: str | None, last_event_id: str | None) -> int:
    """Return the seq after which events are wanted. Raises BadRequest.

    The header is before the query, because a browser that reconnects repeats the url of its first request,
    with its stale query. Without either it is 0.
    """
    text, field = (last_event_id, "Last-Event-ID") if last_event_id else (after or "0", "after")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest("malformed_cursor", "Use the seq of an event: a whole number from 0.", field)
    return int(text)
