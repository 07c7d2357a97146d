"""Webhook endpoints, and what was delivered to them."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from msgspec import Meta, Struct

WebhookType = Literal["job.submitted", "job.input_required", "job.completed", "job.failed", "job.cancelled"]
WebhookStyle = Literal["dossier", "openai"]
DeliveryState = Literal["pending", "delivered", "failed", "dropped"]

WEBHOOK_TYPES: tuple[WebhookType, ...] = get_args(WebhookType)
USUAL_TYPES: tuple[WebhookType, ...] = WEBHOOK_TYPES[1:]

WebhookUrl = Annotated[str, Meta(min_length=1, max_length=2000)]
Description = Annotated[str, Meta(max_length=200)]


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /webhooks`."""

    url: WebhookUrl
    events: Annotated[tuple[WebhookType, ...], Meta(min_length=1, max_length=10)] = USUAL_TYPES
    style: WebhookStyle = "dossier"
    description: Description = ""


class Webhook(Struct, frozen=True, kw_only=True):
    """An endpoint, without its secret."""

    endpoint_id: UUID
    url: str
    events: tuple[WebhookType, ...]
    style: WebhookStyle
    description: str
    created_at: datetime
    disabled_at: datetime | None  # it answered 410, or a message failed for three days
    disabled_reason: str | None
    old_secret_until: datetime | None  # while both secrets sign


class WebhookWithSecret(Struct, frozen=True, kw_only=True):
    """An endpoint with its new secret, which is shown only once."""

    webhook: Webhook
    secret: str


class Webhooks(Struct, frozen=True):
    """All endpoints, the newest first."""

    webhooks: list[Webhook]


class WebhookAttempt(Struct, frozen=True):
    """A try of a delivery.

    Without a status and an error its worker died before it could say.
    """

    number: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int | None


class WebhookDelivery(Struct, frozen=True, kw_only=True):
    """A message to an endpoint, and how it went."""

    delivery_id: UUID
    message_id: str  # the header webhook-id, the same in every try
    job_id: UUID
    seq: int
    type: WebhookType
    state: DeliveryState
    created_at: datetime
    next_at: datetime | None  # of the next try
    attempts: tuple[WebhookAttempt, ...]


class WebhookDeliveries(Struct, frozen=True):
    """A page of deliveries, the newest first."""

    deliveries: list[WebhookDelivery]
    next_cursor: str | None
