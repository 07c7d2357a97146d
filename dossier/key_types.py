"""API keys, as `/keys` tells of them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dossier.tenant_types import TenantName

KeyScope = Literal["read", "submit", "documents", "admin"]
KeyState = Literal["valid", "expired", "revoked", "suspended"]


class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /keys`."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: Annotated[tuple[KeyScope, ...], Meta(min_length=1, max_length=4)] = ("read", "submit")
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    tenant: TenantName | None = None  # the caller's own; an operator may name any


class Key(Struct, frozen=True, kw_only=True):
    """A key, without its secret."""

    key_id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    state: KeyState
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    subject: str | None = None  # who signed in, a hash; None: a key that somebody made


class KeyWithSecret(Struct, frozen=True, kw_only=True):
    """A new key with its secret, which is shown only once."""

    key: Key
    secret: str


class Keys(Struct, frozen=True):
    """The keys that the caller may see, the newest first."""

    keys: list[Key]
