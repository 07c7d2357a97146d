"""Seal the keys that tenants have with providers.

Pure but for its random numbers.

A master key wraps a data key for each tenant, and that seals the tenant's keys: both with AES-256-GCM. What
is sealed opens only for the tenant, provider and address that it was sealed for.
"""

import base64
import binascii
import hmac
import json
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from app.errors import MasterKeyUnusable

KEY_BYTES = 32
NONCE_BYTES = 12
SEAL_FORM = b"\x01"  # of what is sealed, so that another cipher can follow


class OpenedKey(Struct, frozen=True):
    """A tenant's key, and the one address that it goes to."""

    key: str
    base_url: str  # empty: the provider's own

    def __repr__(self) -> str:
        """Without the key."""
        return "OpenedKey(…)"


class DataKey:
    """The key that seals one tenant's keys, and is never shown."""

    def __init__(self, tenant: str, key: bytes) -> None:
        self._tenant = tenant
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        """Without the key."""
        return f"DataKey({self._tenant})"

    def seal(self, provider: str, base_url: str, key: str) -> bytes:
        """Seal a provider's key for one address."""
        return _seal(self._cipher, key.encode(), self._bound(provider, base_url))

    def open(self, provider: str, base_url: str, sealed: bytes) -> str:
        """Return a provider's key. Raises MasterKeyUnusable."""
        try:
            return _open(self._cipher, sealed, self._bound(provider, base_url)).decode()
        except (InvalidTag, ValueError):
            said = f"The key of {self._tenant} for {provider} was changed in the database: set it again."
            raise MasterKeyUnusable(said) from None

    def _bound(self, provider: str, base_url: str) -> bytes:
        return _joined("provider key", self._tenant, provider, base_url)


class MasterKey:
    """A key that wraps data keys, and is never shown."""

    def __init__(self, text: str) -> None:
        key = key_bytes(text)
        self._cipher = AESGCM(key)
        # Tells keys apart, and nothing of them.
        self.key_id = hmac.new(key, b"dossier master key", "sha256").hexdigest()[:16]

    def __repr__(self) -> str:
        """Without the key."""
        return f"MasterKey({self.key_id})"

    def new_data_key(self, tenant: str) -> tuple[DataKey, bytes]:
        """Make a tenant's data key, and return it with its wrapped form."""
        key = AESGCM.generate_key(KEY_BYTES * 8)
        return DataKey(tenant, key), _seal(self._cipher, key, _joined("data key", tenant))

    def unwrap(self, tenant: str, wrapped: bytes) -> DataKey:
        """Return a tenant's data key. Raises MasterKeyUnusable."""
        try:
            return DataKey(tenant, _open(self._cipher, wrapped, _joined("data key", tenant)))
        except (InvalidTag, ValueError):
            said = f"The data key of {tenant} was changed in the database: restore it from a backup."
            raise MasterKeyUnusable(said) from None


class MasterKeys:
    """The master key in use, and the one before."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._keys: Mapping[str, MasterKey] = {key.key_id: key for key in map(MasterKey, filter(None, texts))}

    @property
    def current(self) -> MasterKey:
        """Return the key that wraps. Raises MasterKeyUnusable without one."""
        if not self._keys:
            raise MasterKeyUnusable(
                "DOSSIER_MASTER_KEY is not set, so keys of providers cannot be kept: see docs/security.md."
            )
        return next(iter(self._keys.values()))

    def unwrap(self, tenant: str, key_id: str, wrapped: bytes) -> DataKey:
        """Return a tenant's data key. Raises MasterKeyUnusable."""
        if key_id not in self._keys:
            raise MasterKeyUnusable(
                f"The provider keys of {tenant} need the master key {key_id}. DOSSIER_MASTER_KEY is "
                f"{'another one' if self._keys else 'not set'}."
            )
        return self._keys[key_id].unwrap(tenant, wrapped)


def key_bytes(text: str) -> bytes:
    """Decode a master key.

    Raises ValueError unless it is 32 bytes in base64.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError("not 32 bytes")
    return key


def new_master_key() -> str:
    """Make a master key, as the setting takes it."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _seal(cipher: AESGCM, text: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return SEAL_FORM + nonce + cipher.encrypt(nonce, text, bound)


def _open(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    form, nonce, rest = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if form != SEAL_FORM:
        raise ValueError("an unknown form")
    return cipher.decrypt(nonce, rest, bound)


def _joined(*parts: str) -> bytes:
    """Join texts so that no two lists of them come out alike."""
    return json.dumps(parts).encode()
