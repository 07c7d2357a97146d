"""Deliveries to webhook endpoints: made from the feed, claimed, tried, recorded.

A delivery is made in the statement that moves the cursor over the feed, so none is lost or made twice.
A claim is a lease: if a process dies between sending and recording, the next claim takes the delivery.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from uuid_utils.compat import uuid7

from app.domain.caller import Caller
from app.domain.webhook import TOLD, ToldEvent
from app.store.database import Engine, fetch, fetch_own
from app.store.event_feed import FEED_START, Cursor
from dossier.webhook_types import DeliveryState, WebhookAttempt, WebhookDelivery

FEED_PAGE = 1000  # events that one read looks at
REREAD = 10_000  # events that are read again where the log lost its end, as in some failovers
PER_ENDPOINT = 4  # messages on their way to one endpoint
KEPT_DAYS = 30  # of deliveries that are over

_SETTLED_SQL = "xid < pg_snapshot_xmin(pg_current_snapshot())"

READ_CURSOR = "SELECT xid, position FROM webhook_cursor"

# A cursor that is gone begins at the oldest event: no endpoint hears of what was before it, or twice.
MAKE_CURSOR = "INSERT INTO webhook_cursor (xid, position) VALUES ('0'::xid8, 0) ON CONFLICT DO NOTHING"

# With nobody to tell, the cursor goes to the head. An endpoint that is made later wants only what follows.
SKIP_AHEAD = f"""
    UPDATE webhook_cursor AS c SET xid = head.xid, position = head.position
    FROM (SELECT xid, position FROM events WHERE {_SETTLED_SQL} ORDER BY xid DESC, position DESC LIMIT 1) head
    WHERE (c.xid, c.position) <> (head.xid, head.position)
      AND NOT EXISTS (
        SELECT FROM webhook_endpoints WHERE deleted_at IS NULL AND disabled_at IS NULL
    )
    RETURNING c.position"""

# Subselects hide the cursor from the planner, as for the feed.
READ_TOLD = f"""
    WITH page AS MATERIALIZED (
        SELECT xid, position, job_id, seq, type, status, occurred_at, data, type = ANY($3::text[]) AS is_told
        FROM events
        WHERE (xid, position) > ((SELECT $1::xid8), (SELECT $2::bigint)) AND {_SETTLED_SQL}
        ORDER BY xid, position LIMIT {FEED_PAGE}
    )
    SELECT page.xid, page.position, page.job_id, jobs.tenant, page.seq, page.type, page.status,
           page.occurred_at, CASE WHEN page.is_told THEN page.data END, jobs.request -> 'metadata'
    FROM page LEFT JOIN jobs ON is_told AND jobs.job_id = page.job_id
    ORDER BY page.xid, page.position"""

LAST_SETTLED = f"""
    SELECT xid, position FROM events WHERE {_SETTLED_SQL} ORDER BY xid DESC, position DESC
    OFFSET $1::integer LIMIT 1"""

MOVE_CURSOR = """
    WITH moved AS (
        UPDATE webhook_cursor SET xid = $3::xid8, position = $4::bigint
        WHERE xid = $1::xid8 AND position = $2::bigint RETURNING is_single
    )
    INSERT INTO webhook_deliveries (delivery_id, endpoint_id, job_id, seq, type, body)
    SELECT * FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::integer[], $9::text[], $10::bytea[])
    WHERE EXISTS (SELECT FROM moved)
    ON CONFLICT (endpoint_id, job_id, seq) DO NOTHING"""

# In one job a later message waits for the earlier one. A concurrent claim finds that these rows moved on.
CLAIM_DUE = f"""
    WITH due AS MATERIALIZED (
        SELECT one.delivery_id FROM webhook_endpoints AS e CROSS JOIN LATERAL (
            SELECT delivery_id FROM webhook_deliveries AS d
            WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending' AND d.next_at <= now()
              AND NOT EXISTS (
                SELECT FROM webhook_deliveries AS b
                WHERE b.endpoint_id = d.endpoint_id AND b.job_id = d.job_id AND b.seq < d.seq
                  AND b.state = 'pending'
            )
            ORDER BY d.next_at LIMIT {PER_ENDPOINT}
        ) AS one
        WHERE e.deleted_at IS NULL AND e.disabled_at IS NULL AND e.endpoint_id <> ALL($1::uuid[])
        LIMIT $2::integer
    ), claimed AS (
        UPDATE webhook_deliveries AS d
        SET next_at = now() + $3::interval, tries = tries + 1, attempts = attempts + 1
        FROM due WHERE d.delivery_id = due.delivery_id AND d.state = 'pending' AND d.next_at <= now()
        RETURNING d.delivery_id, d.endpoint_id, d.body, d.tries, d.attempts
    ), begun AS (
        INSERT INTO webhook_attempts (delivery_id, number) SELECT delivery_id, attempts FROM claimed
    )
    SELECT c.delivery_id, c.endpoint_id, c.body, c.tries, c.attempts, e.url, e.secret,
           CASE WHEN e.old_secret_until > now() THEN e.old_secret END
    FROM claimed AS c JOIN webhook_endpoints AS e USING (endpoint_id)"""

NEXT_DUE = """
    SELECT extract(epoch FROM min(next_at) - now())::float8 FROM webhook_deliveries AS d
    JOIN webhook_endpoints AS e USING (endpoint_id)
    WHERE d.state = 'pending' AND e.deleted_at IS NULL AND e.disabled_at IS NULL"""

# A worker whose claim has ended changes nothing but its own attempt.
RECORD_TRY = """
    WITH tried AS (
        UPDATE webhook_attempts SET status = $3::integer, error = $4::text, milliseconds = $5::integer
        WHERE delivery_id = $1::uuid AND number = $2::integer
    ), moved AS (
        UPDATE webhook_deliveries
        SET state = $6::text, next_at = CASE WHEN $7::interval IS NULL THEN next_at ELSE now() + $7 END
        WHERE delivery_id = $1 AND state = 'pending' AND (attempts = $2 OR $6 = 'delivered')
        RETURNING endpoint_id
    )
    UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = $8::text
    WHERE $8::text IS NOT NULL AND disabled_at IS NULL AND endpoint_id = (SELECT endpoint_id FROM moved)"""

_ATTEMPTS = """(
    SELECT coalesce(json_agg(json_build_object('number', number, 'at', at, 'status', status, 'error', error,
                                               'milliseconds', milliseconds) ORDER BY number), '[]')
    FROM (
        SELECT * FROM webhook_attempts AS a WHERE a.delivery_id = d.delivery_id ORDER BY number DESC LIMIT 50
    ) AS newest)"""
_DELIVERY = f"""delivery_id, job_id, seq, type, state, created_at,
    CASE WHEN state = 'pending' THEN next_at END AS next_at, {_ATTEMPTS} AS attempts"""

_OF_TENANT = """endpoint_id = $2::uuid
      AND EXISTS (SELECT FROM webhook_endpoints AS e WHERE e.endpoint_id = $2 AND e.tenant = $1::text)"""

LIST_DELIVERIES = f"""
    SELECT {_DELIVERY} FROM webhook_deliveries AS d
    WHERE {_OF_TENANT} AND ($3::uuid IS NULL OR delivery_id < $3)
      AND ($5::text IS NULL OR state = $5)
    ORDER BY delivery_id DESC LIMIT $4::integer"""

RESEND = f"""
    UPDATE webhook_deliveries AS d SET state = 'pending', tries = 0, next_at = now()
    WHERE {_OF_TENANT} AND delivery_id = $3::uuid RETURNING {_DELIVERY}"""

PRUNE = f"""
    DELETE FROM webhook_deliveries WHERE delivery_id IN (
        SELECT delivery_id FROM webhook_deliveries
        WHERE state <> 'pending' AND created_at < now() - interval '{KEPT_DAYS} days' LIMIT 1000
    )"""

_attempts = msgspec.json.Decoder(tuple[WebhookAttempt, ...]).decode


class TellPage(Struct, frozen=True):
    """The events to tell of a page, and its end."""

    events: list[ToldEvent]
    end: Cursor
    is_full: bool


class NewDelivery(Struct, frozen=True):
    """A message for an endpoint."""

    endpoint_id: UUID
    told: ToldEvent
    body: bytes


class DueDelivery(Struct, frozen=True):
    """A claimed message, to be sent now."""

    delivery_id: UUID
    endpoint_id: UUID
    body: bytes
    tries: int
    attempt: int
    url: str
    secrets: tuple[bytes, ...]

    @property
    def message_id(self) -> str:
        """Return the header webhook-id."""
        return message_id(self.delivery_id)


class Tried(Struct, frozen=True):
    """How a try went."""

    status: int | None
    error: str | None
    milliseconds: int


def message_id(delivery_id: UUID) -> str:
    """Return the id that a receiver sees, the same in every try."""
    return f"msg_{delivery_id.hex}"


async def read_cursor(engine: Engine) -> Cursor:
    """Return how far the feed was read."""
    if rows := await fetch(engine, READ_CURSOR):
        return Cursor(*rows[0])
    await fetch(engine, MAKE_CURSOR)
    return FEED_START


async def skip_ahead(engine: Engine) -> None:
    """Move the cursor to the head if nobody listens."""
    await fetch(engine, SKIP_AHEAD)


async def read_told(engine: Engine, after: Cursor) -> TellPage:
    """Return what follows in the feed."""
    rows = await fetch(engine, READ_TOLD, after.xid, after.position, list(TOLD))
    if not rows:
        return TellPage([], await _still_there(engine, after), is_full=False)
    told = [_told(row) for row in rows if row[3] is not None]
    return TellPage(told, Cursor(*rows[-1][:2]), is_full=len(rows) == FEED_PAGE)


async def _still_there(engine: Engine, after: Cursor) -> Cursor:
    """Return the cursor, or an earlier one if the log was cut.

    What was told already is not told again: a delivery is unique by endpoint and event.
    """
    rows = await fetch(engine, LAST_SETTLED, 0)
    if not rows or Cursor(*rows[0]) >= after:
        return after
    back = await fetch(engine, LAST_SETTLED, REREAD)
    return Cursor(*back[0]) if back else FEED_START


async def move_cursor(engine: Engine, start: Cursor, end: Cursor, new: Sequence[NewDelivery]) -> None:
    """Make the deliveries and move the cursor, unless another worker did."""
    columns = [
        [uuid7() for _ in new],
        [one.endpoint_id for one in new],
        [one.told.job_id for one in new],
        [one.told.seq for one in new],
        [TOLD[one.told.type] for one in new],
        [one.body for one in new],
    ]
    await fetch(engine, MOVE_CURSOR, start.xid, start.position, end.xid, end.position, *columns)


async def claim_due(engine: Engine, busy: Sequence[UUID], limit: int, lease: timedelta) -> list[DueDelivery]:
    """Claim messages that are due, a few for each endpoint.

    `busy` endpoints get none. The claim ends after `lease`.
    """
    rows = await fetch(engine, CLAIM_DUE, list(busy), limit, lease)
    return [_due(*row) for row in rows]


async def next_due(engine: Engine) -> float | None:
    """Return the seconds until a message is due."""
    seconds: float | None = (await fetch(engine, NEXT_DUE))[0][0]
    return seconds


async def record_try(
    engine: Engine,
    due: DueDelivery,
    tried: Tried,
    state: DeliveryState,
    *,
    wait: float | None = None,
    disabled: str | None = None,
) -> None:
    """Record how a try went, and what follows from it.

    `disabled` is why the endpoint gets no further messages.
    """
    again = None if wait is None else timedelta(seconds=wait)
    said = (tried.status, tried.error, tried.milliseconds)
    await fetch(engine, RECORD_TRY, due.delivery_id, due.attempt, *said, state, again, disabled)


async def list_deliveries(
    engine: Engine,
    caller: Caller,
    endpoint_id: UUID,
    *,
    before: UUID | None,
    limit: int,
    state: DeliveryState | None,
) -> list[WebhookDelivery]:
    """Return an endpoint's deliveries, the newest first."""
    asked = (endpoint_id, before, limit, state)
    return [_delivery(row) for row in await fetch_own(engine, caller, LIST_DELIVERIES, *asked)]


async def resend(
    engine: Engine, caller: Caller, endpoint_id: UUID, delivery_id: UUID
) -> WebhookDelivery | None:
    """Send a message again, under the same id."""
    rows = await fetch(engine, RESEND, caller.tenant, endpoint_id, delivery_id)
    return _delivery(rows[0]) if rows else None


async def prune(engine: Engine) -> None:
    """Delete some deliveries that are over since KEPT_DAYS days."""
    await fetch(engine, PRUNE)


def _due(*row: Any) -> DueDelivery:  # noqa: ANN401 - of the driver's types
    delivery_id, endpoint_id, body, tries, attempt, url, *secrets = row
    keys = tuple(bytes(key) for key in secrets if key)
    return DueDelivery(delivery_id, endpoint_id, bytes(body), tries, attempt, url, keys)


def _told(row: Sequence[Any]) -> ToldEvent:
    xid, _, job_id, tenant, seq, kind, status, occurred_at, data, metadata = row
    return ToldEvent(job_id, tenant, seq, xid, kind, status, occurred_at, _object(data), _object(metadata))


def _object(text: str | None) -> Mapping[str, Any]:
    return msgspec.json.decode(text) if text else {}


def _delivery(row: Any) -> WebhookDelivery:  # noqa: ANN401 - the driver's
    named = dict(row.items())
    attempts = _attempts(named.pop("attempts"))
    return WebhookDelivery(**named, message_id=message_id(named["delivery_id"]), attempts=attempts)
