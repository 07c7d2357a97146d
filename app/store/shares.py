"""Store links to reports by the hash of their tokens."""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own
from dossier.share_types import Share

MAX_SHARES = 100  # of a job, that are valid at a time
MAX_LISTED_SHARES = 1000
TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # characters of that in base64

SHARE_COLUMNS = "share_id, job_id, created_at, expires_at, revoked_at"

ADD_SHARE = f"""
    INSERT INTO shares (job_id, tenant, token_sha256, expires_at)
    SELECT $1::uuid, $2::text, $3::bytea, now() + make_interval(days => $4::integer)
    WHERE $5::integer > (
        SELECT count(*) FROM shares WHERE job_id = $1 AND revoked_at IS NULL AND expires_at > now())
    RETURNING {SHARE_COLUMNS}"""

LIST_SHARES = f"""
    SELECT {SHARE_COLUMNS} FROM shares WHERE tenant = $1::text AND job_id = $2::uuid
    ORDER BY created_at DESC, share_id LIMIT {MAX_LISTED_SHARES}"""

REVOKE_SHARE = """
    UPDATE shares SET revoked_at = coalesce(revoked_at, now())
    WHERE share_id = $1::uuid AND tenant = $2::text
    RETURNING share_id"""

FIND_SHARED = """
    SELECT s.job_id, s.tenant FROM shares s
    WHERE s.token_sha256 = $1::bytea AND s.revoked_at IS NULL AND s.expires_at > now()
      AND NOT EXISTS (SELECT FROM tenants t WHERE t.tenant = s.tenant AND t.suspended_at IS NOT NULL)"""


async def add_share(engine: Engine, caller: Caller, job_id: UUID, days: int) -> tuple[Share, str] | None:
    """Make a link, and return it with its token.

    None if the job has too many.

    Nobody can read the token again.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    rows = await fetch(engine, ADD_SHARE, job_id, caller.tenant, _digest(token), days, MAX_SHARES)
    return (_share(rows[0]), token) if rows else None


async def list_shares(engine: Engine, caller: Caller, job_id: UUID) -> list[Share]:
    """Return the links of a job, the newest first."""
    return [_share(row) for row in await fetch_own(engine, caller, LIST_SHARES, job_id)]


async def revoke_share(engine: Engine, caller: Caller, share_id: UUID) -> bool:
    """Revoke a link for good, and return whether there is one."""
    return bool(await fetch(engine, REVOKE_SHARE, share_id, caller.tenant))


async def find_shared(engine: Engine, token: str) -> tuple[UUID, Caller] | None:
    """Return the job of a token, and as whom to read it.

    None if it shows nothing.
    """
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    rows = await fetch(engine, FIND_SHARED, _digest(token))
    return (rows[0][0], Caller(rows[0][1], ("read",), None, "share")) if rows else None


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _share(row: Sequence[Any]) -> Share:
    share_id, job_id, created_at, expires_at, revoked_at = row
    return Share(
        share_id=share_id,
        job_id=job_id,
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )
