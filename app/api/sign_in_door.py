"""What lets people in whom an OpenID provider knows."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from app.domain.sign_in import ClaimRules, SignInFlow


class OpenId(Protocol):
    """A provider that says who somebody is."""

    issuer: str

    async def address(self, flow: SignInFlow) -> str:
        """Return where a browser signs in."""

    async def end_address(self) -> str | None:
        """Return where a browser signs out of the provider."""

    async def claims(self, code: str, issuer: str | None, flow: SignInFlow) -> Mapping[str, Any]:
        """Return what the provider says of who signed in."""


class SignInDoor(Struct, frozen=True):
    """A provider, what its claims mean here, and for how long."""

    provider: OpenId
    rules: ClaimRules
    hours: float
    name: str  # on the button
