"""Webhook endpoints: make, list, rotate, disable, delete."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid7

from app.store.database import Engine, fetch
from dossier.webhook_types import NewWebhook, Webhook

MAX_ENDPOINTS = 100  # of a tenant
SECRET_BYTES = 32
BOTH_SIGN = timedelta(hours=24)  # after a rotation

_SHOWN = """endpoint_id, url, events, style, description, created_at, disabled_at, disabled_reason,
    CASE WHEN old_secret_until > now() THEN old_secret_until END AS old_secret_until"""
_OWN = "tenant = $1::text AND endpoint_id = $2::uuid AND deleted_at IS NULL"

ADD_ENDPOINT = f"""
    INSERT INTO webhook_endpoints (endpoint_id, tenant, url, events, style, description, secret)
    SELECT $2::uuid, $1::text, $3::text, $4::text[], $5::text, $6::text, $7::bytea
    WHERE (SELECT count(*) FROM webhook_endpoints WHERE tenant = $1 AND deleted_at IS NULL) < {MAX_ENDPOINTS}
    RETURNING {_SHOWN}"""

LIST_ENDPOINTS = f"""
    SELECT {_SHOWN} FROM webhook_endpoints WHERE tenant = $1::text AND deleted_at IS NULL
    ORDER BY endpoint_id DESC LIMIT {MAX_ENDPOINTS}"""

FIND_ENDPOINT = f"SELECT {_SHOWN} FROM webhook_endpoints WHERE {_OWN}"

ROTATE_SECRET = f"""
    UPDATE webhook_endpoints
    SET old_secret = secret, old_secret_until = now() + $4::interval, secret = $3::bytea
    WHERE {_OWN} RETURNING {_SHOWN}"""

# What happened while it was disabled is not told, whether or not the feed was read so far.
ENABLE_ENDPOINT = f"""
    UPDATE webhook_endpoints
    SET since = CASE WHEN disabled_at IS NULL THEN since ELSE pg_current_xact_id() END,
        disabled_at = NULL, disabled_reason = NULL
    WHERE {_OWN} RETURNING {_SHOWN}"""

DELETE_ENDPOINT = f"""
    WITH gone AS (
        UPDATE webhook_endpoints SET deleted_at = now(), secret = '', old_secret = NULL
        WHERE {_OWN} RETURNING endpoint_id
    ), dropped AS (
        UPDATE webhook_deliveries SET state = 'dropped'
        WHERE state = 'pending' AND endpoint_id IN (SELECT endpoint_id FROM gone)
    )
    SELECT endpoint_id FROM gone"""

LISTENING = """
    SELECT endpoint_id, tenant, events, style, since FROM webhook_endpoints
    WHERE deleted_at IS NULL AND disabled_at IS NULL"""


class ListeningEndpoint(Struct, frozen=True):
    """An endpoint that wants to hear of events."""

    endpoint_id: UUID
    tenant: str
    events: Sequence[str]
    style: Any
    since: int  # its own transaction's number: later ones are told


async def add_endpoint(engine: Engine, tenant: str, new: NewWebhook) -> tuple[Webhook, bytes] | None:
    """Make an endpoint, and return it with its secret.

    None where the tenant has as many as it may.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    rows = await fetch(
        engine, ADD_ENDPOINT, tenant, uuid7(), new.url, list(new.events), new.style, new.description, secret
    )
    return (_webhook(rows[0]), secret) if rows else None


async def list_endpoints(engine: Engine, tenant: str) -> list[Webhook]:
    """Return the tenant's endpoints, the newest first."""
    return [_webhook(row) for row in await fetch(engine, LIST_ENDPOINTS, tenant)]


async def find_endpoint(engine: Engine, tenant: str, endpoint_id: UUID) -> Webhook | None:
    """Return an endpoint of the tenant."""
    return _first(await fetch(engine, FIND_ENDPOINT, tenant, endpoint_id))


async def rotate_secret(engine: Engine, tenant: str, endpoint_id: UUID) -> tuple[Webhook, bytes] | None:
    """Give an endpoint a new secret, beside which the old signs."""
    secret = secrets.token_bytes(SECRET_BYTES)
    found = _first(await fetch(engine, ROTATE_SECRET, tenant, endpoint_id, secret, BOTH_SIGN))
    return (found, secret) if found else None


async def enable_endpoint(engine: Engine, tenant: str, endpoint_id: UUID) -> Webhook | None:
    """Let an endpoint hear of events again."""
    return _first(await fetch(engine, ENABLE_ENDPOINT, tenant, endpoint_id))


async def delete_endpoint(engine: Engine, tenant: str, endpoint_id: UUID) -> bool:
    """Delete an endpoint and its secret, and return whether there was one."""
    return bool(await fetch(engine, DELETE_ENDPOINT, tenant, endpoint_id))


async def listening(engine: Engine) -> list[ListeningEndpoint]:
    """Return the endpoints of all tenants that want to hear of events."""
    return [ListeningEndpoint(*row) for row in await fetch(engine, LISTENING)]


def _first(rows: Sequence[Any]) -> Webhook | None:
    return _webhook(rows[0]) if rows else None


def _webhook(row: Any) -> Webhook:  # noqa: ANN401 - the driver's
    named = dict(row.items())
    return Webhook(**{**named, "events": tuple(named["events"])})
