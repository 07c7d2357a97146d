"""Encode the stream: stored events, and the few other frames.

Only events carry an `id:`, which is their cursor: in a job's stream the seq. (A checkpoint of the
feed replaces events that were passed over.) `retry:` is only in frames that have data, because
common clients make an empty event of anything else that ends in a blank line.
"""

import msgspec

FRAME_NAMES = {
    "job_completed": b"job_complete",
    "job_failed": b"job_failed",
    "job_cancelled": b"job_cancelled",
    "input_requested": b"job_input_required",
}

HEARTBEAT_FRAME = b":\n"  # one newline: with a blank line after it, httpx-sse and openai make a phantom event
END = b"event: end\ndata: {}\n\n"


def event(cursor: bytes, type_: str, line: bytes) -> bytes:
    """Return the frame of a stored event.

    `line` is its JSON, which has no newline.
    """
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor, FRAME_NAMES.get(type_, b"job_progress"), line)


def checkpoint(cursor: str) -> bytes:
    """Return a cursor without an event, to resume after skipped events."""
    return b"id: %b\nevent: checkpoint\ndata: {}\n\n" % cursor.encode()


def hello(retry_ms: int, **about: object) -> bytes:
    """Return the first frame, which proxies pass on at once.

    It also tells the client when to come back.
    """
    body = msgspec.json.encode(about)
    return b"event: hello\nretry: %d\ndata: %b\n\n" % (retry_ms, body)


def reset(head: int | str, reason: str = "cursor_beyond_head") -> bytes:
    """Return the frame that restarts a reader whose log was replaced."""
    body = msgspec.json.encode({"reason": reason, "head": head})
    return b"event: reset\ndata: %b\n\n" % body


def reconnect(reason: str, retry_ms: int) -> bytes:
    """Come back in `retry_ms`, with the id of the last event."""
    body = msgspec.json.encode({"reason": reason})
    return b"event: reconnect\nretry: %d\ndata: %b\n\n" % (retry_ms, body)
