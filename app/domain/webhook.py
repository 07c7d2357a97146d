"""Write, sign and time webhooks, by Standard Webhooks 1.0. Pure."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from dossier.webhook_types import WebhookStyle, WebhookType

# Each event of a job that a webhook can tell, by the event's type in the log.
TOLD: Mapping[str, WebhookType] = {
    "job_submitted": "job.submitted",
    "input_requested": "job.input_required",
    "job_completed": "job.completed",
    "job_failed": "job.failed",
    "job_cancelled": "job.cancelled",
}
OPENAI_TYPES: Mapping[WebhookType, str] = {
    "job.completed": "response.completed",
    "job.failed": "response.failed",
    "job.cancelled": "response.cancelled",
}
# Seconds between a failed try and the next: 75.6 hours in all.
RETRY_WAITS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
RETRY_JITTER = 0.2  # share of a wait, earlier or later
LONGEST_WISH = 86_400.0  # seconds of a Retry-After that is obeyed
SECRET_PREFIX = "whsec_"  # noqa: S105 - it says what follows

_encode = msgspec.json.Encoder().encode


class ToldEvent(Struct, frozen=True):
    """An event of the log that webhooks tell, with its job."""

    job_id: UUID
    tenant: str
    seq: int
    xid: int
    type: str
    status: str
    occurred_at: datetime
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


def message_body(style: WebhookStyle, told: ToldEvent, root: str = "") -> bytes | None:
    """Return the body for an event, if the style has one.

    `root` is what the API's addresses begin with.
    """
    kind = TOLD[told.type]
    if style == "openai":
        return _openai_body(kind, told) if kind in OPENAI_TYPES else None
    url = f"{root}/jobs/{told.job_id}"
    data: dict[str, Any] = {"job_id": told.job_id, "status": told.status, "seq": told.seq, "url": url}
    data |= {name: told.data[name] for name in ("outcome", "error_type", "questions") if told.data.get(name)}
    data["metadata"] = told.metadata
    return _encode({"type": kind, "timestamp": told.occurred_at, "data": data})


def _openai_body(kind: WebhookType, told: ToldEvent) -> bytes:
    return _encode({
        "id": f"evt_{told.job_id.hex}{told.seq}",
        "object": "event",
        "created_at": int(told.occurred_at.timestamp()),
        "type": OPENAI_TYPES[kind],
        "data": {"id": f"resp_{told.job_id.hex}"},
    })  # fmt: skip


def secret_text(secret: bytes) -> str:
    """Return a secret as its owner gets it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed_headers(
    secrets: Sequence[bytes], message_id: str, at: datetime, body: bytes
) -> list[tuple[str, str]]:
    """Return the headers of a message, with a signature by each secret."""
    moment = str(int(at.timestamp()))
    signed = f"{message_id}.{moment}.".encode() + body
    marks = [base64.b64encode(hmac.digest(one, signed, sha256)).decode() for one in secrets]
    return [
        ("Content-Type", "application/json"),
        ("webhook-id", message_id),
        ("webhook-timestamp", moment),
        ("webhook-signature", " ".join(f"v1,{mark}" for mark in marks)),
    ]


def next_wait(tries: int, wished: float | None, jitter: float) -> float | None:
    """Return the seconds until the next try, if there is one.

    Args:
        tries: that failed so far, at least one.
        wished: what the receiver's Retry-After says.
        jitter: from -1 to 1.
    """
    if tries > len(RETRY_WAITS):
        return None
    wait = RETRY_WAITS[tries - 1] * (1 + RETRY_JITTER * jitter)
    return max(wait, min(wished or 0.0, LONGEST_WISH))
