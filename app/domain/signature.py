"""Make, name and check Ed25519 keys and signatures. Pure."""

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from app.errors import BadSetting

Public = bytes  # the 32 bytes of an Ed25519 public key


class Signer:
    """A private key that signs and is never shown."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: Public = private.public_key().public_bytes_raw()
        self.key = key_id(self.public)

    def __repr__(self) -> str:
        """Without the key."""
        return f"Signer({self.key})"

    def sign(self, text: bytes) -> bytes:
        """The signature (64 bytes) over these bytes."""
        return self._private.sign(text)


def key_id(public: Public) -> str:
    """Return a key's id: 16 hexadecimal digits of its public half's sha256."""
    return sha256(public).hexdigest()[:16]


def generate() -> tuple[bytes, bytes]:
    """Make a key, as private (unencrypted PKCS#8) and public PEM."""
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signer(pem: bytes) -> Signer:
    """Load a private key.

    Raises BadSetting if the PEM holds no Ed25519 key.
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise BadSetting("The signing key must be an unencrypted PEM private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadSetting("The signing key is not an Ed25519 key: make one with `dossier keygen`.")
    return Signer(key)


def public_key(pem: bytes) -> Public:
    """Load a public key.

    Raises BadSetting if the PEM holds no Ed25519 key.
    """
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise BadSetting("The public key must be a PEM public key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadSetting("The public key is not an Ed25519 key.")
    return key.public_bytes_raw()


def is_signed_by(public: Public, text: bytes, signature: bytes) -> bool:
    """Return True if this key signed these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True
