"""Links with which everybody can read the report of one job."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

ShareDays = Annotated[int, Meta(ge=1, le=365)]


class NewShare(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /jobs/{job_id}/shares`."""

    expires_in_days: ShareDays = 30


class Share(Struct, frozen=True, kw_only=True):
    """A link, without its secret address."""

    share_id: UUID
    job_id: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ShareWithUrl(Struct, frozen=True, kw_only=True):
    """A new link with its address, which is shown only once."""

    share: Share
    url: str


class Shares(Struct, frozen=True):
    """The links of a job, the newest first."""

    shares: list[Share]
