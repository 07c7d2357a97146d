"""Tenants and their quotas, as `/tenants` and `/quotas` tell of them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from dossier.cost_types import QuotaUse

TenantName = Annotated[str, Meta(min_length=1, max_length=63)]
Most = Annotated[int, Meta(ge=1, le=2_000_000_000)]
MostTokens = Annotated[int, Meta(ge=1, le=1_000_000_000_000)]
MostBytes = Annotated[int, Meta(ge=1, le=1_000_000_000_000_000)]
MostUsd = Annotated[float, Meta(gt=0, le=1e12)]


class NewTenant(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /tenants`."""

    tenant: TenantName


class Tenant(Struct, frozen=True):
    """A tenant, and how many keys of it open something."""

    tenant: str
    created_at: datetime | None  # null for "default", which was always there
    suspended_at: datetime | None
    keys: int


class Tenants(Struct, frozen=True):
    """All tenants, by name."""

    tenants: list[Tenant]


class Quota(Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant may use.

    Null: as much as it likes.
    """

    max_unfinished_jobs: Most | None = None
    max_jobs_per_day: Most | None = None
    max_usd_per_month: MostUsd | None = None
    max_tokens_per_month: MostTokens | None = None
    max_document_bytes: MostBytes | None = None  # of texts, and of the files that they were read from
    max_streams: Most | None = None  # open at a time, in each server process


class Quotas(Struct, frozen=True):
    """The quotas of all tenants that have one, by name."""

    quotas: list[QuotaUse]
