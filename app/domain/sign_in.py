"""Say who signs in at an OpenID provider, by their claims."""

import base64
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, get_args

import msgspec
from msgspec import Struct

from app.domain.api_key import Scope
from app.domain.caller import DEFAULT_TENANT
from app.errors import Forbidden

RANDOM_BYTES = 32
LONGEST_FLOW = 3000  # characters of the cookie
LONGEST_NEXT = 1000  # characters of where a browser goes on
SUBJECT_LENGTH = 32  # hexadecimal digits: 128 bits
# A path of this server. Two slashes, or a slash and a backslash, are another server to a browser.
OWN_PATH = re.compile(r"/(?![/\\])[!-~]{0,999}")
RANDOM_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")  # that many bytes in base64
USUAL_SCOPES: tuple[Scope, ...] = ("read", "submit")
CLAIMABLE = frozenset(get_args(Scope)) - {"sql"}


class SignInFlow(Struct, frozen=True, forbid_unknown_fields=True):
    """One sign-in on its way, as the browser's cookie keeps it."""

    state: str
    nonce: str
    verifier: str
    next: str = "/"

    @property
    def challenge(self) -> str:
        """Return what the provider learns of the verifier (PKCE, S256)."""
        return _unpadded(sha256(self.verifier.encode()).digest())

    def text(self) -> str:
        """Return it as a cookie's value."""
        return _unpadded(msgspec.json.encode(self))


class ClaimRules(Struct, frozen=True):
    """Which claims name the tenant and the scopes."""

    tenant_claim: str = ""
    scopes_claim: str = ""


class Identity(Struct, frozen=True):
    """Who signed in, and what they may do."""

    subject: str  # of events: they never forget, so it is a hash
    tenant: str
    scopes: tuple[Scope, ...]


def new_flow(next_path: str) -> SignInFlow:
    """Begin a sign-in that goes on at a path of this server."""
    path = next_path if is_own_path(next_path) else "/"
    state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
    return SignInFlow(state, nonce, verifier, path)


def is_own_path(text: str) -> bool:
    """Return whether a browser that goes there stays on this server."""
    return len(text) <= LONGEST_NEXT and OWN_PATH.fullmatch(text) is not None


def read_flow(text: str) -> SignInFlow | None:
    """Return the sign-in that a cookie keeps, or None."""
    if not text.isascii() or len(text) > LONGEST_FLOW:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        flow = msgspec.json.decode(raw, type=SignInFlow)
    except ValueError:
        return None
    is_ours = all(map(RANDOM_TEXT.fullmatch, (flow.state, flow.nonce, flow.verifier)))
    return flow if is_ours and is_own_path(flow.next) else None


def identity_of(issuer: str, claims: Mapping[str, Any], rules: ClaimRules) -> Identity:
    """Return who these claims are. Raises Forbidden."""
    named = sha256(f"{issuer} {claims['sub']}".encode()).hexdigest()
    return Identity(f"user:{named[:SUBJECT_LENGTH]}", _tenant(claims, rules), _scopes(claims, rules))


def _tenant(claims: Mapping[str, Any], rules: ClaimRules) -> str:
    if not rules.tenant_claim:
        return DEFAULT_TENANT
    given = _words(claims.get(rules.tenant_claim))
    if len(given) != 1:
        raise Forbidden(f"The claim {rules.tenant_claim!r} must name one tenant. Ask the operator.")
    return given[0]


def _scopes(claims: Mapping[str, Any], rules: ClaimRules) -> tuple[Scope, ...]:
    if not rules.scopes_claim:
        return USUAL_SCOPES
    given = {word.removeprefix("dossier:") for word in _words(claims.get(rules.scopes_claim))}
    found = tuple(scope for scope in get_args(Scope) if scope in given & CLAIMABLE)
    if not found:
        raise Forbidden(f"The claim {rules.scopes_claim!r} grants nothing here. Ask the operator.")
    return found


def _words(claim: object) -> list[str]:
    """Return a claim's words, of a list or a text."""
    if isinstance(claim, str):
        return claim.split()
    return [one for one in claim if isinstance(one, str)] if isinstance(claim, list) else []


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
