"""Webhook endpoints: make, list, rotate, disable, delete."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid7

from app.domain.caller import Caller
from app.domain.webhook import secret_text
from app.store.database import Engine, fetch, fetch_own
from dossier.job_types import Callback
from dossier.webhook_types import USUAL_TYPES, NewWebhook, Webhook

MAX_ENDPOINTS = 100  # of a tenant
SECRET_BYTES = 32
BOTH_SIGN = timedelta(hours=24)  # after a rotation

_SHOWN = """endpoint_id, url, events, style, description, created_at, disabled_at, disabled_reason,
    CASE WHEN old_secret_until > now() THEN old_secret_until END AS old_secret_until"""
_OWN = "tenant = $1::text AND endpoint_id = $2::uuid AND deleted_at IS NULL"

ADD_ENDPOINT = f"""
    INSERT INTO webhook_endpoints (endpoint_id, tenant, url, events, style, description, secret)
    SELECT $2::uuid, $1::text, $3::text, $4::text[], $5::text, $6::text, $7::bytea
    WHERE (SELECT count(*) FROM webhook_endpoints WHERE tenant = $1 AND deleted_at IS NULL
                                                     AND job_id IS NULL) < {MAX_ENDPOINTS}
    RETURNING {_SHOWN}"""

LIST_ENDPOINTS = f"""
    SELECT {_SHOWN} FROM webhook_endpoints WHERE tenant = $1::text AND deleted_at IS NULL AND job_id IS NULL
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
    SELECT endpoint_id, tenant, events, style, since, job_id FROM webhook_endpoints
    WHERE deleted_at IS NULL AND disabled_at IS NULL AND job_id IS NULL"""

# Before its job, so that no crash leaves a job without the callback that it was submitted with.
ADD_CALLBACK = """
    INSERT INTO webhook_endpoints (endpoint_id, tenant, url, events, style, description, secret, job_id)
    VALUES ($1::uuid, $2::text, $3::text, $4::text[], 'dossier', '', $5::bytea, $6::uuid)"""

FIND_CALLBACK = """
    SELECT endpoint_id, secret FROM webhook_endpoints
    WHERE tenant = $1::text AND job_id = $2::uuid AND deleted_at IS NULL"""

ANY_CALLBACK = """
    SELECT FROM webhook_endpoints
    WHERE job_id IS NOT NULL AND deleted_at IS NULL AND disabled_at IS NULL LIMIT 1"""

CALLBACKS_OF = """
    SELECT endpoint_id, tenant, events, style, since, job_id FROM webhook_endpoints
    WHERE job_id = ANY($1::uuid[]) AND deleted_at IS NULL AND disabled_at IS NULL"""

# A callback has done its work once its job's end is told, or if the job was never submitted.
END_CALLBACKS = """
    UPDATE webhook_endpoints AS e SET disabled_at = now(), disabled_reason = 'Its job is over.'
    WHERE job_id IS NOT NULL AND deleted_at IS NULL AND disabled_at IS NULL
      AND created_at < now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM webhook_deliveries d
                      WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending')
      AND (EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id
                   AND d.type IN ('job.completed', 'job.failed', 'job.cancelled'))
           OR NOT EXISTS (SELECT FROM jobs j WHERE j.job_id = e.job_id))"""


class ListeningEndpoint(Struct, frozen=True):
    """An endpoint that wants to hear of events."""

    endpoint_id: UUID
    tenant: str
    events: Sequence[str]
    style: Any
    since: int  # its own transaction's number: later ones are told
    job_id: UUID | None = None  # the one job that a callback hears of


async def add_endpoint(engine: Engine, caller: Caller, new: NewWebhook) -> tuple[Webhook, bytes] | None:
    """Make an endpoint, and return it with its secret.

    None where the tenant has as many as it may.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    rows = await fetch(
        engine,
        ADD_ENDPOINT,
        caller.tenant,
        uuid7(),
        new.url,
        list(new.events),
        new.style,
        new.description,
        secret,
    )
    return (_webhook(rows[0]), secret) if rows else None


async def list_endpoints(engine: Engine, caller: Caller) -> list[Webhook]:
    """Return the tenant's endpoints, the newest first."""
    return [_webhook(row) for row in await fetch_own(engine, caller, LIST_ENDPOINTS)]


async def find_endpoint(engine: Engine, caller: Caller, endpoint_id: UUID) -> Webhook | None:
    """Return an endpoint of the tenant."""
    return _first(await fetch_own(engine, caller, FIND_ENDPOINT, endpoint_id))


async def rotate_secret(engine: Engine, caller: Caller, endpoint_id: UUID) -> tuple[Webhook, bytes] | None:
    """Give an endpoint a new secret, beside which the old signs."""
    secret = secrets.token_bytes(SECRET_BYTES)
    found = _first(await fetch(engine, ROTATE_SECRET, caller.tenant, endpoint_id, secret, BOTH_SIGN))
    return (found, secret) if found else None


async def enable_endpoint(engine: Engine, caller: Caller, endpoint_id: UUID) -> Webhook | None:
    """Let an endpoint hear of events again."""
    return _first(await fetch(engine, ENABLE_ENDPOINT, caller.tenant, endpoint_id))


async def delete_endpoint(engine: Engine, caller: Caller, endpoint_id: UUID) -> bool:
    """Delete an endpoint and its secret, and return whether there was one."""
    return bool(await fetch(engine, DELETE_ENDPOINT, caller.tenant, endpoint_id))


async def listening(engine: Engine) -> list[ListeningEndpoint]:
    """Return the endpoints of all tenants that want to hear of events."""
    return [ListeningEndpoint(*row) for row in await fetch(engine, LISTENING)]


async def add_callback(engine: Engine, caller: Caller, job_id: UUID, url: str) -> Callback:
    """Make the endpoint of a job that is submitted next."""
    endpoint_id, secret = uuid7(), secrets.token_bytes(SECRET_BYTES)
    await fetch(engine, ADD_CALLBACK, endpoint_id, caller.tenant, url, list(USUAL_TYPES), secret, job_id)
    return Callback(endpoint_id, secret_text(secret))


async def find_callback(engine: Engine, caller: Caller, job_id: UUID) -> Callback | None:
    """Return the endpoint of a job, with its secret."""
    rows = await fetch(engine, FIND_CALLBACK, caller.tenant, job_id)
    return Callback(rows[0][0], secret_text(bytes(rows[0][1]))) if rows else None


async def has_callbacks(engine: Engine) -> bool:
    """Return whether a job may still call back."""
    return bool(await fetch(engine, ANY_CALLBACK))


async def callbacks_of(engine: Engine, job_ids: Sequence[UUID]) -> list[ListeningEndpoint]:
    """Return the endpoints of these jobs."""
    return [ListeningEndpoint(*row) for row in await fetch(engine, CALLBACKS_OF, list(set(job_ids)))]


async def end_callbacks(engine: Engine) -> None:
    """Disable the endpoints of jobs whose end was told."""
    await fetch(engine, END_CALLBACKS)


def _first(rows: Sequence[Any]) -> Webhook | None:
    return _webhook(rows[0]) if rows else None


def _webhook(row: Any) -> Webhook:  # noqa: ANN401 - the driver's
    named = dict(row.items())
    return Webhook(**{**named, "events": tuple(named["events"])})
