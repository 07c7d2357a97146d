r"""The text of an API key: dsk_<id>_<secret><checksum>.

The id is not secret: logs and events name it. Only the SHA-256 of the secret is stored; it has 256 random
bits, so that a slow hash would add nothing. A key with a wrong checksum is refused before anybody asks the
database, and secret scanners can tell a real one (`\bdsk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}\b`).
"""

import re
import zlib
from hashlib import sha256
from typing import Literal, get_args

from msgspec import Struct

Scope = Literal["read", "submit", "documents", "sql", "admin"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 8
SECRET_LENGTH = 43  # characters of 62: 256 bits
CHECKSUM_LENGTH = 6

_KEY = re.compile(rf"dsk_([0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}})")


class PresentedKey(Struct, frozen=True):
    """A well-formed key, as the store can compare it."""

    key_id: str
    digest: bytes


def key_text(key_id: str, secret: str) -> str:
    """Return the key as its owner gets it."""
    return f"dsk_{key_id}_{secret}{_checksum(key_id, secret)}"


def read_key(text: str) -> PresentedKey | None:
    """Return what a key says, or None if it is not one."""
    found = _KEY.fullmatch(text)
    if not found:
        return None
    key_id, rest = found.groups()
    secret, checksum = rest[:SECRET_LENGTH], rest[SECRET_LENGTH:]
    return PresentedKey(key_id, digest(secret)) if checksum == _checksum(key_id, secret) else None


def digest(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return sha256(secret.encode()).digest()


def _checksum(key_id: str, secret: str) -> str:
    value, found = zlib.crc32(f"{key_id}_{secret}".encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        value, place = divmod(value, len(ALPHABET))
        found = ALPHABET[place] + found
    return found
