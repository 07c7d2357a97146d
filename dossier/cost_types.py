"""What jobs and documents cost, added up, and what quotas there are."""

from datetime import date
from typing import Literal

from msgspec import Struct

CostGroup = Literal["day", "tenant", "model", "tag"]


class CostRow(Struct, frozen=True, kw_only=True):
    """What one day, tenant, model or tag cost."""

    name: str  # "" where no model was called, or of jobs without a tag
    jobs: int
    cost_usd: float  # the sum of what is known: they cost at least this
    unknown_cost_calls: int  # that cost_usd leaves out
    tokens: int
    documents_usd: float = 0.0  # of cost_usd: embedding documents, and searches of them outside of jobs


class QuotaUse(Struct, frozen=True):
    """A tenant's quota, and how much of it is used."""

    tenant: str
    max_unfinished_jobs: int | None
    max_jobs_per_day: int | None
    max_usd_per_month: float | None
    unfinished_jobs: int
    jobs_today: int
    spent_usd: float  # this month, by jobs that are over and settled, and by embedding documents
    reserved_usd: float  # by the others
    max_tokens_per_month: int | None = None
    used_tokens: int = 0  # this month, by jobs that are over and settled, and by embedding documents
    reserved_tokens: int = 0  # by the others
    max_document_bytes: int | None = None
    document_bytes: int = 0  # 0 without a quota of them, and where only jobs are asked for
    max_streams: int | None = None


class Costs(Struct, frozen=True, kw_only=True):
    """The costs since a day, in one grouping, and the quotas.

    A job with several tags counts in each of them.
    """

    by: CostGroup
    since: date
    rows: list[CostRow]
    quotas: list[QuotaUse]
