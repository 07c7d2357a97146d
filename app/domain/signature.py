"""Ed25519 keys: who signs, and whether a signature is that of a key. Pure; files are read elsewhere."""

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
    """A private key that signs; it never shows itself."""

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
    """The name of a key: the first 16 hexadecimal digits of the sha256 of its public half."""
    return sha256(public).hexdigest()[:16]


def generate() -> tuple[bytes, bytes]:
    """A new key as PEM: the private half (PKCS#8, not encrypted) and the public half."""
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signer(pem: bytes) -> Signer:
    """The signer of a private key. Raises BadSetting where the PEM holds no Ed25519 key."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise BadSetting("The signing key must be an unencrypted PEM private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadSetting("The signing key is not an Ed25519 key: make one with `dossier keygen`.")
    return Signer(key)


def public_key(pem: bytes) -> Public:
    """The public key in a PEM. Raises BadSetting where it holds no Ed25519 key."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise BadSetting("The public key must be a PEM public key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadSetting("The public key is not an Ed25519 key.")
    return key.public_bytes_raw()


def is_signed_by(public: Public, text: bytes, signature: bytes) -> bool:
    """Whether the signature over these bytes was made with the private half of this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True
