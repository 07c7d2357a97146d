"""Webhook endpoints and their deliveries."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, FromQuery, QueryParameter

from app.api.authentication import ADMIN
from app.api.context import ApiContext
from app.api.contract import BODY, MAX_PAGE_SIZE, PAGE_PROBLEMS, problems_of
from app.api.path_values import page_cursor_of, uuid_of
from app.api.problem_details import BadRequest
from app.api.webhook_address import check_webhook_url
from app.domain.webhook import secret_text
from app.errors import TooManyWebhooks, WebhookNotFound
from app.store import webhook_deliveries as deliveries
from app.store import webhook_endpoints as endpoints
from dossier.webhook_types import (
    DeliveryState,
    NewWebhook,
    Webhook,
    WebhookDeliveries,
    WebhookDelivery,
    Webhooks,
    WebhookWithSecret,
)

NO_WEBHOOK = "No webhook has this id."
OWN = ("malformed_webhook_id", "webhook_not_found", "database_unavailable")


@post(
    "/webhooks",
    responses=problems_of(*BODY, "malformed_url", "too_many_webhooks", "database_unavailable"),
    summary="Make a webhook endpoint",
    description="The secret is shown only once.",
    opt=ADMIN,
)
async def create_webhook(
    context: NamedDependency[ApiContext], data: Annotated[NewWebhook, Body()]
) -> WebhookWithSecret:
    """Make an endpoint that hears of what happens from now on."""
    check_webhook_url(data.url)
    made = await endpoints.add_endpoint(context.writer.engine, context.caller, data)
    if made is None:
        raise TooManyWebhooks(f"There are {endpoints.MAX_ENDPOINTS} webhooks. Delete one first.")
    return WebhookWithSecret(webhook=made[0], secret=secret_text(made[1]))


@get("/webhooks", responses=problems_of("database_unavailable"), summary="List webhook endpoints")
async def list_webhooks(context: NamedDependency[ApiContext]) -> Webhooks:
    """Return the endpoints, the newest first, without secrets."""
    return Webhooks(await endpoints.list_endpoints(context.writer.engine, context.caller))


@get("/webhooks/{endpoint_id:str}", responses=problems_of(*OWN), summary="Get a webhook endpoint")
async def get_webhook(context: NamedDependency[ApiContext], endpoint_id: FromPath[str]) -> Webhook:
    """Return an endpoint, and whether it is disabled."""
    return _found(await endpoints.find_endpoint(context.writer.engine, context.caller, _id_of(endpoint_id)))


@delete("/webhooks/{endpoint_id:str}", responses=problems_of(*OWN), summary="Delete a webhook", opt=ADMIN)
async def delete_webhook(context: NamedDependency[ApiContext], endpoint_id: FromPath[str]) -> None:
    """Delete an endpoint, its secret, and what waits for it."""
    if not await endpoints.delete_endpoint(context.writer.engine, context.caller, _id_of(endpoint_id)):
        raise WebhookNotFound(NO_WEBHOOK)


@post(
    "/webhooks/{endpoint_id:str}/rotate",
    status_code=200,
    responses=problems_of(*OWN, "unsupported_media_type"),
    summary="Rotate a webhook's secret",
    description="The old secret signs beside the new one for 24 hours.",
    opt=ADMIN,
)
async def rotate_webhook(
    context: NamedDependency[ApiContext], endpoint_id: FromPath[str]
) -> WebhookWithSecret:
    """Make a new secret and show it once."""
    found = await endpoints.rotate_secret(context.writer.engine, context.caller, _id_of(endpoint_id))
    if found is None:
        raise WebhookNotFound(NO_WEBHOOK)
    return WebhookWithSecret(webhook=found[0], secret=secret_text(found[1]))


@post(
    "/webhooks/{endpoint_id:str}/enable",
    status_code=200,
    responses=problems_of(*OWN, "unsupported_media_type"),
    summary="Enable a webhook again",
    opt=ADMIN,
)
async def enable_webhook(context: NamedDependency[ApiContext], endpoint_id: FromPath[str]) -> Webhook:
    """Send what waits, and tell what happens from now on."""
    return _found(await endpoints.enable_endpoint(context.writer.engine, context.caller, _id_of(endpoint_id)))


@get(
    "/webhooks/{endpoint_id:str}/deliveries",
    responses=problems_of(*OWN, *PAGE_PROBLEMS, "wrong_type"),
    summary="List a webhook's deliveries",
)
async def list_webhook_deliveries(
    context: NamedDependency[ApiContext],
    endpoint_id: FromPath[str],
    with_state: FromQuery[DeliveryState | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE)] = 20,
    cursor: FromQuery[str | None] = None,
) -> WebhookDeliveries:
    """Return a page of deliveries with their attempts, the newest first."""
    engine, key = context.writer.engine, _id_of(endpoint_id)
    _found(await endpoints.find_endpoint(engine, context.caller, key))
    found = await deliveries.list_deliveries(
        engine, context.caller, key, before=page_cursor_of(cursor), limit=limit + 1, state=with_state
    )
    page = found[:limit]
    return WebhookDeliveries(page, str(page[-1].delivery_id) if len(found) > limit else None)


@post(
    "/webhooks/{endpoint_id:str}/deliveries/{delivery_id:str}/resend",
    status_code=200,
    responses=problems_of(*OWN, "unsupported_media_type"),
    summary="Send a message again",
    opt=ADMIN,
)
async def resend_delivery(
    context: NamedDependency[ApiContext], endpoint_id: FromPath[str], delivery_id: FromPath[str]
) -> WebhookDelivery:
    """Send a message again at once, under the same webhook-id."""
    engine, key = context.writer.engine, _id_of(endpoint_id)
    _found(await endpoints.find_endpoint(engine, context.caller, key))
    found = await deliveries.resend(engine, context.caller, key, _id_of(delivery_id, "delivery_id"))
    if found is None:
        raise WebhookNotFound("The webhook has no delivery of this id.")
    return found


WEBHOOK_ROUTES = [
    create_webhook,
    list_webhooks,
    get_webhook,
    delete_webhook,
    rotate_webhook,
    enable_webhook,
    list_webhook_deliveries,
    resend_delivery,
]


def _found(webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise WebhookNotFound(NO_WEBHOOK)
    return webhook


def _id_of(text: str, field: str = "endpoint_id") -> UUID:
    wrong = BadRequest("malformed_webhook_id", "The id of a webhook or delivery is a UUID.", field)
    return uuid_of(text, wrong)
