"""Queue files for workers to read, and tell what happens to each.

A claim is a lease with an epoch: whoever lost it changes nothing more. Each change of the row writes its
event in the same statement. The documents themselves are stored by their addresses, so one that a worker
repeats after a crash is not there twice.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from secrets import randbits
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own, storable
from dossier.document_types import AddedDocuments, Ingestion, IngestionEvent, IngestionStatus, NewDocument

MAX_OPEN_INGESTIONS = 1_000  # of a tenant
MAX_INGESTION_ATTEMPTS = 3
INGESTION_EVENTS_PAGE = 1_000
KEPT_INGESTION_DAYS = 30  # of ingestions that are over
INGESTION_VERSION = 8  # of the ids' kind of UUID: a wake-up tells them from jobs by it
EXHAUSTED = f"Each of {MAX_INGESTION_ATTEMPTS} tries to read the file broke off. Send it in smaller parts."

_OPEN_INGESTION = "status IN ('pending', 'running')"
INGESTION_COLUMNS = """ingestion_id, name, size, status, created_at, started_at, completed_at, seq, attempt,
    documents_done, documents_total, result::text, error"""

SUBMIT_INGESTION = f"""
    WITH submitted AS (
        INSERT INTO ingestions (ingestion_id, tenant, original_id, name, size, request, page, document_id)
        SELECT $1::uuid, $2::text, $3::uuid, $4::text, $5::bigint, $6::text::json, $7::text, $8::bigint
        WHERE {MAX_OPEN_INGESTIONS} > (
            SELECT count(*) FROM ingestions WHERE tenant = $2 AND {_OPEN_INGESTION})
        RETURNING {INGESTION_COLUMNS}
    ), told AS (
        INSERT INTO ingestion_events (ingestion_id, seq, type, status, data)
        SELECT ingestion_id, seq, 'ingestion_submitted', status,
            json_build_object('name', name, 'size', size) FROM submitted
    )
    SELECT * FROM submitted"""

READ_INGESTION = (
    f"SELECT {INGESTION_COLUMNS} FROM ingestions WHERE tenant = $1::text AND ingestion_id = $2::uuid"
)

LIST_INGESTIONS = f"""
    SELECT {INGESTION_COLUMNS} FROM ingestions
    WHERE tenant = $1::text AND ($2::uuid IS NULL OR ingestion_id < $2) ORDER BY ingestion_id DESC LIMIT $3"""

# The events of several, of each what follows its seq.
READ_INGESTION_EVENTS = """
    SELECT e.ingestion_id, e.seq, e.type, e.status, e.at, e.data::text
    FROM unnest($2::uuid[], $3::integer[]) AS wanted (ingestion_id, after)
    CROSS JOIN LATERAL (
        SELECT * FROM ingestion_events e WHERE e.ingestion_id = wanted.ingestion_id AND e.seq > wanted.after
          AND EXISTS (
            SELECT FROM ingestions i WHERE i.ingestion_id = wanted.ingestion_id AND tenant = $1::text)
        ORDER BY e.seq LIMIT $4::integer
    ) AS e ORDER BY e.ingestion_id, e.seq"""

# Tenants with fewer files under way go first, so that a flood of one does not hold up the others.
CLAIM_INGESTION = f"""
    WITH due AS MATERIALIZED (
        SELECT ingestion_id FROM ingestions i WHERE {_OPEN_INGESTION} AND next_at <= now()
        ORDER BY (SELECT count(*) FROM ingestions r
                  WHERE r.tenant = i.tenant AND r.status = 'running' AND r.next_at > now()), ingestion_id
        LIMIT 1 FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE ingestions i SET epoch = epoch + 1, seq = seq + 1, next_at = now() + $1::interval,
            attempt = attempt + (attempt < {MAX_INGESTION_ATTEMPTS})::integer,
            started_at = coalesce(started_at, now()),
            status = CASE WHEN attempt < {MAX_INGESTION_ATTEMPTS} THEN 'running' ELSE 'failed' END,
            completed_at = CASE WHEN attempt >= {MAX_INGESTION_ATTEMPTS} THEN now() END,
            error = CASE WHEN attempt >= {MAX_INGESTION_ATTEMPTS} THEN $2::text END
        FROM due WHERE i.ingestion_id = due.ingestion_id
        RETURNING i.*
    ), told AS (
        INSERT INTO ingestion_events (ingestion_id, seq, type, status, data)
        SELECT ingestion_id, seq,
            CASE status WHEN 'running' THEN 'attempt_started' ELSE 'ingestion_failed' END,
            status, CASE status WHEN 'running' THEN json_build_object('attempt', attempt)
                ELSE json_build_object('error', error) END
        FROM claimed
    )
    SELECT ingestion_id, epoch, tenant, original_id, name, size, request::text, status, page,
        document_id FROM claimed"""

# The epoch fences off the worker that reads it.
CANCEL_INGESTION = f"""
    WITH changed AS (
        UPDATE ingestions SET status = 'cancelled', seq = seq + 1, epoch = epoch + 1, completed_at = now()
        WHERE tenant = $1::text AND ingestion_id = $2::uuid AND {_OPEN_INGESTION}
        RETURNING {INGESTION_COLUMNS}, original_id
    ), told AS (
        INSERT INTO ingestion_events (ingestion_id, seq, type, status, data)
        SELECT ingestion_id, seq, 'ingestion_cancelled', status,
            json_build_object('documents', documents_done) FROM changed
    )
    SELECT * FROM changed"""

BEAT_INGESTION = """
    UPDATE ingestions SET next_at = now() + $3::interval
    WHERE ingestion_id = $1::uuid AND epoch = $2::integer AND status = 'running' RETURNING epoch"""

CHANGE_INGESTION = """
    WITH changed AS (
        UPDATE ingestions SET seq = seq + 1, status = $4::text, documents_done = coalesce($6, documents_done),
            documents_total = coalesce($7, documents_total), result = $8::text::json, error = $9::text,
            attempt = attempt - ($4 = 'pending')::integer,
            next_at = CASE WHEN $4 = 'pending' THEN now() ELSE next_at END,
            completed_at = CASE WHEN $4 IN ('completed', 'failed') THEN now() END
        WHERE ingestion_id = $1::uuid AND epoch = $2::integer AND status = 'running'
        RETURNING ingestion_id, seq, status
    ), told AS (
        INSERT INTO ingestion_events (ingestion_id, seq, type, status, data)
        SELECT ingestion_id, seq, $3::text, status, $5::text::json FROM changed
    )
    SELECT seq FROM changed"""

PRUNE_INGESTIONS = f"""
    DELETE FROM ingestions WHERE ingestion_id IN (
        SELECT ingestion_id FROM ingestions
        WHERE NOT ({_OPEN_INGESTION}) AND completed_at < now() - interval '{KEPT_INGESTION_DAYS} days'
        LIMIT 1000)"""


class IngestionSource(Struct, frozen=True):
    """What a worker is to read."""

    original_id: UUID  # of the file; of a page, an id that no file has
    name: str
    size: int  # bytes
    page: str | None = None  # its address
    document_id: int | None = None  # of the document that is replaced


class ClaimedIngestion(Struct, frozen=True):
    """A file that this worker reads now."""

    ingestion_id: UUID
    epoch: int
    caller: Caller
    original_id: UUID
    name: str
    size: int  # bytes
    wanted: NewDocument
    is_given_up: bool
    page: str | None = None  # the address of a page, which is read in place of a file
    document_id: int | None = None  # of the document that is replaced


class IngestionChange(Struct, frozen=True):
    """An event of an ingestion, and what it changes in the row."""

    type: str
    status: IngestionStatus
    data: Mapping[str, Any]
    done: int | None = None
    total: int | None = None
    result: AddedDocuments | None = None
    error: str | None = None


def new_ingestion_id() -> UUID:
    """Return an id that grows with time and differs from a job's."""
    milliseconds = time.time_ns() // 1_000_000
    whole = (
        (milliseconds << 80) | (INGESTION_VERSION << 76) | (randbits(12) << 64) | (0b10 << 62) | randbits(62)
    )
    return UUID(int=whole)


def is_ingestion(key: UUID) -> bool:
    """Return whether an id is that of an ingestion."""
    return key.version == INGESTION_VERSION


async def submit_ingestion(
    engine: Engine, caller: Caller, source: IngestionSource, wanted: NewDocument
) -> Ingestion | None:
    """Queue a file or page. None if too many wait."""
    request = storable(msgspec.json.encode(wanted).decode()).replace("\\u0000", "\ufffd")
    about = (storable(source.name), source.size, request, source.page, source.document_id)
    rows = await fetch(
        engine, SUBMIT_INGESTION, new_ingestion_id(), caller.tenant, source.original_id, *about
    )
    return _ingestion(rows[0]) if rows else None


async def read_ingestion(engine: Engine, caller: Caller, ingestion_id: UUID) -> Ingestion | None:
    """Return an ingestion, None if it is unknown."""
    rows = await fetch_own(engine, caller, READ_INGESTION, ingestion_id)
    return _ingestion(rows[0]) if rows else None


async def list_ingestions(engine: Engine, caller: Caller, before: UUID | None, limit: int) -> list[Ingestion]:
    """Return ingestions, the newest first."""
    return [_ingestion(row) for row in await fetch_own(engine, caller, LIST_INGESTIONS, before, limit)]


async def cancel_ingestion(
    engine: Engine, caller: Caller, ingestion_id: UUID
) -> tuple[Ingestion, UUID] | None:
    """Cancel a file that waits or is read.

    What was stored of it stays. Returns it as it is now, and the id of its original; None if it is over.
    """
    rows = await fetch(engine, CANCEL_INGESTION, caller.tenant, ingestion_id)
    return (_ingestion(rows[0][:-1]), rows[0][-1]) if rows else None


async def read_ingestion_events(
    engine: Engine, caller: Caller, after: Mapping[UUID, int], limit: int = INGESTION_EVENTS_PAGE
) -> list[IngestionEvent]:
    """Return what follows in ingestions of the caller, `limit` of each."""
    asked = list(after), list(after.values()), limit
    rows = await fetch_own(engine, caller, READ_INGESTION_EVENTS, *asked)
    return [_event(*row) for row in rows]


async def claim_ingestion(engine: Engine, lease: timedelta) -> ClaimedIngestion | None:
    """Claim a file for the time of a lease.

    None where none waits.
    """
    rows = await fetch(engine, CLAIM_INGESTION, lease, EXHAUSTED)
    if not rows:
        return None
    ingestion_id, epoch, tenant, original_id, name, size, request, status, page, document_id = rows[0]
    wanted = msgspec.json.decode(request, type=NewDocument)
    about = (ingestion_id, epoch, Caller(tenant), original_id, name, size)
    return ClaimedIngestion(*about, wanted, status == "failed", page, document_id)


async def beat_ingestion(engine: Engine, claimed: ClaimedIngestion, lease: timedelta) -> bool:
    """Prolong a lease. False if it is lost."""
    return bool(await fetch(engine, BEAT_INGESTION, claimed.ingestion_id, claimed.epoch, lease))


async def change_ingestion(engine: Engine, claimed: ClaimedIngestion, change: IngestionChange) -> bool:
    """Write an event with what it changes.

    False if the lease is lost.
    """
    data, result = storable(msgspec.json.encode(change.data).decode()), change.result
    values = (
        change.type,
        change.status,
        data.replace("\\u0000", "\ufffd"),
        change.done,
        change.total,
        msgspec.json.encode(result).decode().replace("\\u0000", "\ufffd") if result else None,
        storable(change.error) if change.error else None,
    )
    return bool(await fetch(engine, CHANGE_INGESTION, claimed.ingestion_id, claimed.epoch, *values))


async def prune_ingestions(engine: Engine) -> None:
    """Delete some ingestions that are long over."""
    await fetch(engine, PRUNE_INGESTIONS)


def _event(
    ingestion_id: UUID, seq: int, kind: str, status: IngestionStatus, at: datetime, data: str
) -> IngestionEvent:
    return IngestionEvent(ingestion_id, seq, kind, status, at, msgspec.json.decode(data))


def _ingestion(row: Sequence[Any]) -> Ingestion:
    ingestion_id, name, size, status, created_at, started_at, completed_at, seq, attempt = row[:9]
    done, total, result, error = row[9:]
    return Ingestion(
        ingestion_id,
        name,
        size,
        status,
        _progress(status, done, total),
        created_at,
        started_at,
        completed_at,
        seq,
        attempt,
        done,
        total,
        msgspec.json.decode(result, type=AddedDocuments) if result else None,
        error,
    )


def _progress(status: IngestionStatus, done: int, total: int | None) -> int:
    """Return a share of 100.

    A tenth is for reading the file, the rest for its documents.
    """
    if status == "completed":
        return 100
    return 10 + 89 * done // max(total, 1) if total is not None else 0
