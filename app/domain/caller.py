"""Who asks for something: a tenant, and what they may do."""

from datetime import datetime

from msgspec import Struct

from app.domain.api_key import SCOPES, Scope

DEFAULT_TENANT = "default"  # whose everything is where there are no others


class Caller(Struct, frozen=True):
    """Whose data a request may touch, and how far.

    Every function of the store that reads or changes what belongs to a tenant takes one.
    """

    tenant: str = DEFAULT_TENANT
    scopes: tuple[Scope, ...] = SCOPES
    key_id: str | None = None
    actor: str = "api"  # as events name it: "key:<id>", or "api" where no keys are in use
    until: datetime | None = None  # when a token ends, whatever its key

    @property
    def is_operator(self) -> bool:
        """Return whether they may see what all tenants share."""
        return self.tenant == DEFAULT_TENANT and "admin" in self.scopes


ANYBODY = Caller()
