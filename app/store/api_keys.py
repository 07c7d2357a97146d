"""Store the API keys."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from app.domain.api_key import (
    ALPHABET,
    ID_LENGTH,
    SECRET_LENGTH,
    PresentedKey,
    Scope,
    digest,
    key_text,
)
from app.domain.caller import DEFAULT_TENANT, Caller
from app.domain.sign_in import Identity
from app.errors import Forbidden, TenantNotFound, TenantSuspended, Unauthorised
from app.store.database import Engine, fetch
from app.store.tenants import TENANT_NAME
from dossier.key_types import Key, KeyState

MAX_KEYS = 10_000  # that one process knows at once; those that somebody made come first
MAX_SIGN_INS = 100  # of a person, whose time is not over

ADD_KEY = """
    INSERT INTO api_keys (key_id, name, secret_sha256, scopes, expires_at, tenant)
    SELECT $1::text, $2::text, $3::bytea, $4::text[], $5::timestamptz, $6::text
    WHERE $6 = 'default' OR EXISTS (SELECT FROM tenants WHERE tenant = $6)
    RETURNING key_id"""

READ_KEYS = f"""
    SELECT key_id, tenant, name, secret_sha256, scopes, created_at, expires_at, revoked_at, last_used_at,
           suspended_at, subject
    FROM api_keys LEFT JOIN (
        SELECT tenant, suspended_at FROM tenants WHERE suspended_at IS NOT NULL
    ) AS suspended USING (tenant)
    WHERE ($1::text IS NULL OR tenant = $1)
      AND (subject IS NULL OR (revoked_at IS NULL AND expires_at > now()))
    ORDER BY subject IS NOT NULL, created_at DESC, key_id LIMIT {MAX_KEYS}"""

REVOKE_KEY = """
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
    WHERE key_id = $1::text AND ($2::text IS NULL OR tenant = $2)
    RETURNING key_id"""

# Each sign-in makes one key, so that an answer of a provider opens nothing a second time.
ADD_SIGN_IN = """
    INSERT INTO api_keys
        (key_id, name, secret_sha256, scopes, expires_at, tenant, subject, sign_in_sha256)
    SELECT $1::text, 'Signed in', $2::bytea, $3::text[], now() + make_interval(secs => $4::double precision),
           $5::text, $6::text, $7::bytea
    WHERE $8::integer > (SELECT count(*) FROM api_keys WHERE subject = $6 AND expires_at > now())
    ON CONFLICT (sign_in_sha256) DO NOTHING
    RETURNING key_id"""

END_SIGN_IN = """
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
    WHERE key_id = $1::text AND secret_sha256 = $2::bytea AND subject IS NOT NULL
    RETURNING key_id"""

FIND_TENANT = "SELECT suspended_at FROM tenants WHERE tenant = $1::text"

FORGET_SIGN_INS = "SELECT forget_sign_ins()"

# At most once a minute, so that a busy key does not write a row for each request.
NOTE_USE = """
    UPDATE api_keys SET last_used_at = now()
    WHERE key_id = ANY ($1::text[])
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"""


class ApiKey(Struct, frozen=True):
    """A key as it is stored, without its secret."""

    key_id: str
    tenant: str
    name: str
    secret_sha256: bytes
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    suspended_at: datetime | None = None  # of its tenant
    subject: str | None = None  # who signed in with it; None: somebody made it

    def state(self, now: datetime) -> KeyState:
        """Return whether it opens anything, or why not."""
        if self.revoked_at:
            return "revoked"
        if self.suspended_at:
            return "suspended"
        return "valid" if self.is_valid(now) else "expired"

    def is_valid(self, now: datetime) -> bool:
        """Return whether the key opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def add_key(
    engine: Engine,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
    tenant: str = DEFAULT_TENANT,
) -> tuple[str, str]:
    """Make a key, and return its id and its text.

    Nobody can read the text again. Raises TenantNotFound.
    """
    key_id, secret = _random(ID_LENGTH), _random(SECRET_LENGTH)
    if not await fetch(engine, ADD_KEY, key_id, name, digest(secret), list(scopes), expires_at, tenant):
        raise TenantNotFound(f"There is no tenant {tenant[:100]!r}; `dossier tenant create` makes one.")
    return key_id, key_text(key_id, secret)


async def add_sign_in(engine: Engine, who: Identity, hours: float, sign_in: bytes) -> str:
    """Make a key of who signed in, and return its text.

    `sign_in` is the hash of what the browser brought back.

    Raises Forbidden, TenantSuspended, Unauthorised.
    """
    found = TENANT_NAME.fullmatch(who.tenant) and await fetch(engine, FIND_TENANT, who.tenant)
    if who.tenant != DEFAULT_TENANT and not found:
        raise Forbidden(f"There is no tenant {who.tenant[:100]!r} here. Ask the operator of this server.")
    if found and found[0][0]:
        raise TenantSuspended(who.tenant, who.subject)
    await fetch(engine, FORGET_SIGN_INS)
    key_id, secret = _random(ID_LENGTH), _random(SECRET_LENGTH)
    made = (key_id, digest(secret), list(who.scopes), hours * 3600, who.tenant, who.subject, sign_in)
    if not await fetch(engine, ADD_SIGN_IN, *made, MAX_SIGN_INS):
        raise Unauthorised("This sign-in was used already, or you have signed in too often. Begin again.")
    return key_text(key_id, secret)


async def end_sign_in(engine: Engine, known: PresentedKey) -> bool:
    """Revoke a key of a sign-in, and return whether it was."""
    return bool(await fetch(engine, END_SIGN_IN, known.key_id, known.digest))


async def read_keys(engine: Engine) -> list[ApiKey]:
    """Return all keys, the newest first."""
    rows = await fetch(engine, READ_KEYS, None)
    return [_api_key(*row) for row in rows]


async def revoke_key(engine: Engine, key_id: str) -> bool:
    """Revoke a key for good, and return whether there is one."""
    return bool(await fetch(engine, REVOKE_KEY, key_id, None))


async def keys_of(engine: Engine, caller: Caller) -> list[ApiKey]:
    """Return the keys that this caller may see, the newest first."""
    rows = await fetch(engine, READ_KEYS, _tenant_of(caller))
    return [_api_key(*row) for row in rows]


async def revoke_key_of(engine: Engine, caller: Caller, key_id: str) -> bool:
    """Revoke a key of this caller, and return whether there is one."""
    return bool(await fetch(engine, REVOKE_KEY, key_id, _tenant_of(caller)))


def _tenant_of(caller: Caller) -> str | None:
    """Return whose keys the caller sees: an operator those of all."""
    return None if caller.is_operator else caller.tenant


def shown_key(one: ApiKey) -> Key:
    """Return a key as callers see it."""
    return Key(
        key_id=one.key_id,
        tenant=one.tenant,
        name=one.name,
        scopes=one.scopes,
        state=one.state(datetime.now(UTC)),
        created_at=one.created_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
        last_used_at=one.last_used_at,
        subject=one.subject,
    )


async def note_use(engine: Engine, key_ids: Sequence[str]) -> None:
    """Note that these keys were used."""
    await fetch(engine, NOTE_USE, list(key_ids))


def _api_key(*row: Any) -> ApiKey:  # noqa: ANN401 - of the driver's types
    key_id, tenant, name, secret, scopes, *times = row
    return ApiKey(key_id, tenant, name, bytes(secret), tuple(scopes), *times)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
