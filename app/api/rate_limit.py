"""Tell callers what is left of their tenant's quota.

The fields are those of the IETF's draft-ietf-httpapi-ratelimit-headers.
"""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from app.api.context import ApiContext
from app.errors import DatabaseUnavailable, QuotaExceeded
from app.store.quotas import day_ends, month_ends
from dossier.cost_types import QuotaUse

ResultT = TypeVar("ResultT")
DAY = int(timedelta(days=1).total_seconds())


async def counted(context: ApiContext, submitting: Awaitable[ResultT]) -> tuple[ResultT, dict[str, str]]:
    """Await a submission, and return its result with the header fields.

    There are none for a tenant without a quota.
    """
    try:
        result = await submitting
    except QuotaExceeded as error:
        error.fields = await _read_fields(context)
        raise
    return result, await _read_fields(context)


async def _read_fields(context: ApiContext) -> dict[str, str]:
    """Return the fields, none where the database is away."""
    try:
        use = await context.writer.quotas.used(context.caller.tenant)
    except DatabaseUnavailable:  # what was submitted stays submitted
        return {}
    return fields_of(use, datetime.now(UTC)) if use else {}


def fields_of(use: QuotaUse, now: datetime) -> dict[str, str]:
    """Return the header fields for what is used."""
    policies, left = [], []
    if use.max_unfinished_jobs is not None:
        policies.append(f'"unfinished-jobs";q={use.max_unfinished_jobs};qu="jobs"')
        left.append(f'"unfinished-jobs";r={_left(use.max_unfinished_jobs - use.unfinished_jobs)}')
    if use.max_jobs_per_day is not None:
        policies.append(f'"jobs-per-day";q={use.max_jobs_per_day};qu="jobs";w={DAY}')
        left.append(f'"jobs-per-day";r={_left(use.max_jobs_per_day - use.jobs_today)};t={day_ends(now)}')
    if use.max_usd_per_month is not None:
        rest = use.max_usd_per_month - use.spent_usd - use.reserved_usd
        policies.append(f'"usd-per-month";q={int(use.max_usd_per_month)};qu="usd"')
        left.append(f'"usd-per-month";r={_left(rest)};t={month_ends(now)}')
    if use.max_tokens_per_month is not None:
        unused = use.max_tokens_per_month - use.used_tokens - use.reserved_tokens
        policies.append(f'"tokens-per-month";q={use.max_tokens_per_month};qu="tokens"')
        left.append(f'"tokens-per-month";r={_left(unused)};t={month_ends(now)}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)} if left else {}


def _left(rest: float) -> int:
    return max(0, int(rest))
