"""The calls of the client that are about webhooks."""

from collections.abc import Sequence
from uuid import UUID

from dossier.decoding import decoded
from dossier.server_calls import ServerCalls, given, path_of
from dossier.webhook_types import (
    USUAL_TYPES,
    NewWebhook,
    Webhook,
    WebhookDeliveries,
    WebhookDelivery,
    Webhooks,
    WebhookStyle,
    WebhookType,
    WebhookWithSecret,
)


class WebhookCalls(ServerCalls):
    """Makes endpoints, and sees what they got. AsyncDossier is one."""

    async def create_webhook(
        self,
        url: str,
        *,
        events: Sequence[WebhookType] = USUAL_TYPES,
        style: WebhookStyle = "dossier",
        description: str = "",
    ) -> WebhookWithSecret:
        """Make a webhook endpoint, and show its secret once."""
        body = NewWebhook(url, tuple(events), style, description)
        return decoded(await self._send("POST", "/webhooks", body), WebhookWithSecret)

    async def webhooks(self) -> Webhooks:
        """List the webhook endpoints, without secrets."""
        return decoded(await self._ask("GET", "/webhooks"), Webhooks)

    async def delete_webhook(self, endpoint_id: UUID | str) -> None:
        """Delete an endpoint, its secret and what waits for it."""
        await self._ask("DELETE", path_of("webhooks", endpoint_id))

    async def rotate_webhook(self, endpoint_id: UUID | str) -> WebhookWithSecret:
        """Make a new secret, with the old one valid for 24 hours."""
        return decoded(await self._ask("POST", path_of("webhooks", endpoint_id, "rotate")), WebhookWithSecret)

    async def enable_webhook(self, endpoint_id: UUID | str) -> Webhook:
        """Enable an endpoint that was disabled."""
        return decoded(await self._ask("POST", path_of("webhooks", endpoint_id, "enable")), Webhook)

    async def webhook_deliveries(
        self, endpoint_id: UUID | str, *, limit: int = 20, cursor: str | None = None
    ) -> WebhookDeliveries:
        """Get a page of an endpoint's deliveries with their attempts."""
        path, params = path_of("webhooks", endpoint_id, "deliveries"), given(limit=limit, cursor=cursor)
        return decoded(await self._ask("GET", path, params=params), WebhookDeliveries)

    async def resend_webhook(self, endpoint_id: UUID | str, delivery_id: UUID | str) -> WebhookDelivery:
        """Send a message again, under the same id."""
        path = path_of("webhooks", endpoint_id, "deliveries", delivery_id, "resend")
        return decoded(await self._ask("POST", path), WebhookDelivery)
