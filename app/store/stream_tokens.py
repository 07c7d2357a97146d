"""Store tokens that open one job's stream, by their hashes."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from app.domain.caller import Caller
from app.store.database import Engine, fetch

TOKEN_LIFE = timedelta(minutes=15)
MAX_STREAM_TOKENS = 1_000  # of a job, that are valid at a time
TOKEN_PREFIX = "dst_"  # noqa: S105 - what secret scanners look for
TOKEN_RANDOM_BYTES = 32
LONGEST_TOKEN = 100

# Those that ended are known for an hour more, so that their readers learn why, and then go.
INSERT_FOR_STREAM = """
    WITH gone AS (
        DELETE FROM stream_tokens WHERE token_sha256 IN (
            SELECT token_sha256 FROM stream_tokens WHERE expires_at < now() - interval '1 hour' LIMIT 1000)
    )
    INSERT INTO stream_tokens (token_sha256, job_id, tenant, key_id, expires_at)
    SELECT $1::bytea, $2::uuid, $3::text, $4::text, $5::timestamptz
    WHERE $6::integer > (SELECT count(*) FROM stream_tokens WHERE job_id = $2 AND expires_at > now())
    RETURNING expires_at"""

# A token of before the first key ends with it.
FIND_STREAM_CALLER = """
    SELECT t.tenant, t.key_id, t.expires_at FROM stream_tokens t
    WHERE t.token_sha256 = $1::bytea AND t.job_id = $2::uuid
      AND CASE WHEN t.key_id IS NULL THEN NOT EXISTS (SELECT FROM api_keys)
          ELSE EXISTS (SELECT FROM api_keys k WHERE k.key_id = t.key_id AND k.revoked_at IS NULL
                       AND (k.expires_at IS NULL OR k.expires_at > now())) END
      AND NOT EXISTS (SELECT FROM tenants s WHERE s.tenant = t.tenant AND s.suspended_at IS NOT NULL)"""


async def add_stream_token(engine: Engine, caller: Caller, job_id: UUID) -> tuple[str, datetime] | None:
    """Make a token, and return it with its end.

    None if the job has too many. Nobody can read the token again.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_RANDOM_BYTES)
    until = datetime.now(UTC) + TOKEN_LIFE
    asked = (_hash(token), job_id, caller.tenant, caller.key_id, until, MAX_STREAM_TOKENS)
    return (token, until) if await fetch(engine, INSERT_FOR_STREAM, *asked) else None


async def find_stream_token(engine: Engine, token: str, job_id: UUID) -> Caller | None:
    """Return who reads with this token, also after its end.

    None if it opens nothing.
    """
    if not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    rows = await fetch(engine, FIND_STREAM_CALLER, _hash(token), job_id)
    if not rows:
        return None
    tenant, key_id, until = rows[0]
    return Caller(tenant, ("read",), key_id, f"key:{key_id}" if key_id else "api", until)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
