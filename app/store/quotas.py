"""Store what a tenant may use, and reserve it for its jobs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import astuple

from app.domain.caller import Caller
from app.domain.job import Job
from app.errors import CostLimitRequired, QuotaExceeded, TenantNotFound
from app.store.database import Engine, fetch
from app.store.renewed_value import RenewedValue
from dossier.cost_types import QuotaUse
from dossier.tenant_types import Quota

QUOTAS_FRESH = 2.0  # seconds for which a process knows who has a quota

QUOTA_COLUMNS = """max_unfinished_jobs, max_jobs_per_day, max_usd_per_month, max_tokens_per_month,
        max_document_bytes, max_streams"""

LIMITED = f"SELECT tenant, max_streams FROM tenants WHERE num_nonnulls({QUOTA_COLUMNS}) > 0"

RESERVE_QUOTA = "SELECT reserve_quota($1::uuid, $2::text, $3::text, $4::float8, $5::bigint)"

# The day's job is given back as well.
RELEASE_QUOTA = """
    WITH released AS (
        DELETE FROM quota_reservations WHERE job_id = $1::uuid RETURNING tenant, day
    )
    UPDATE quota_days d SET jobs = greatest(d.jobs - 1, 0)
    FROM released r WHERE d.tenant = r.tenant AND d.day = r.day"""

SET_QUOTA = f"""
    INSERT INTO tenants AS t (tenant, {QUOTA_COLUMNS})
    SELECT $1::text, $2::integer, $3::integer, $4::float8, $5::bigint, $6::bigint, $7::integer
    WHERE $1 = 'default' OR EXISTS (SELECT FROM tenants WHERE tenant = $1)
    ON CONFLICT (tenant) DO UPDATE SET max_unfinished_jobs = excluded.max_unfinished_jobs,
        max_jobs_per_day = excluded.max_jobs_per_day, max_usd_per_month = excluded.max_usd_per_month,
        max_tokens_per_month = excluded.max_tokens_per_month,
        max_document_bytes = excluded.max_document_bytes, max_streams = excluded.max_streams
    RETURNING tenant"""

# Of a tenant t. The length of a stored text is known without reading it.
DOCUMENT_BYTES = """(SELECT coalesce(sum(octet_length(d.text)), 0) FROM documents d WHERE d.tenant = t.tenant)
        + (SELECT coalesce(sum(o.size), 0) FROM originals o WHERE o.tenant = t.tenant)"""

DOCUMENT_ROOM = f"""
    SELECT (max_document_bytes - {DOCUMENT_BYTES})::bigint FROM tenants t
    WHERE tenant = $1::text AND max_document_bytes IS NOT NULL"""

COUNT_FOR_QUOTA = "SELECT count_for_quota($1::text)"

READ_QUOTAS = f"""
    SELECT tenant, max_unfinished_jobs, max_jobs_per_day, max_usd_per_month,
           (SELECT count(*)::integer FROM quota_reservations r LEFT JOIN jobs j USING (job_id)
            WHERE r.tenant = t.tenant AND j.completed_at IS NULL),
           coalesce((SELECT jobs FROM quota_days d
                     WHERE d.tenant = t.tenant AND d.day = (now() AT TIME ZONE 'UTC')::date), 0),
           coalesce((SELECT sum(usd) FROM quota_days d WHERE d.tenant = t.tenant
                     AND d.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0),
           coalesce((SELECT sum(usd) FROM quota_reservations r WHERE r.tenant = t.tenant
                     AND r.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0),
           max_tokens_per_month,
           coalesce((SELECT sum(tokens) FROM quota_days d WHERE d.tenant = t.tenant
                     AND d.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0)::bigint,
           coalesce((SELECT sum(tokens) FROM quota_reservations r WHERE r.tenant = t.tenant
                     AND r.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0)::bigint,
           max_document_bytes,
           CASE WHEN $2::boolean AND max_document_bytes IS NOT NULL
                THEN ({DOCUMENT_BYTES})::bigint ELSE 0 END,
           max_streams
    FROM tenants t
    WHERE num_nonnulls({QUOTA_COLUMNS}) > 0
      AND ($1::text IS NULL OR tenant = $1)
    ORDER BY tenant"""

# Of money or tokens, for this month.
SPENT_TENANTS = """
    SELECT tenant FROM tenants
    WHERE num_nonnulls(max_usd_per_month, max_tokens_per_month) > 0 AND quota_is_spent(tenant)"""
IS_SPENT = "SELECT quota_is_spent($1::text)"

SPENT = "The tenant's quota for this month (UTC) is used up."
UNFINISHED_WAIT = 30  # seconds after which to try again
DOCUMENTS_WAIT = 3600  # the same where somebody has to delete documents first


class QuotaGate:
    """Reserves room for jobs of tenants that have a quota."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._limited = RenewedValue(self._read)  # the open streams of tenants with a quota

    async def reserve(self, job: Job) -> bool:
        """Reserve what a new job may use, and return whether anything was.

        Raises QuotaExceeded, CostLimitRequired, DatabaseUnavailable.
        """
        if job.tenant not in await self._limited.get(QUOTAS_FRESH):
            return False
        limits = job.request.limits
        asked = (job.id, job.tenant, job.idempotency_key, limits.max_cost_usd, limits.max_tokens)
        refusal = (await fetch(self._engine, RESERVE_QUOTA, *asked))[0][0]
        if refusal is not None:
            raise _refused(refusal, datetime.now(UTC))
        return True

    async def used(self, tenant: str) -> QuotaUse | None:
        """Return how much of its quota a tenant uses, None without one.

        Bytes of documents are not counted.
        """
        if tenant not in await self._limited.get(QUOTAS_FRESH):
            return None
        rows = await fetch(self._engine, READ_QUOTAS, tenant, False)
        return QuotaUse(*rows[0]) if rows else None

    async def most_streams(self, tenant: str) -> int | None:
        """Return how many streams a tenant may open, None for any number."""
        return (await self._limited.get(QUOTAS_FRESH)).get(tenant)

    async def release(self, job_id: UUID) -> None:
        """Give back what was reserved for a job that was not written."""
        await fetch(self._engine, RELEASE_QUOTA, job_id)

    async def _read(self) -> Mapping[str, int | None]:
        return dict(tuple(row) for row in await fetch(self._engine, LIMITED))


async def set_quota(engine: Engine, tenant: str, quota: Quota) -> Quota:
    """Set what a tenant may use, from now on. Raises TenantNotFound."""
    if not await fetch(engine, SET_QUOTA, tenant, *astuple(quota)):
        raise TenantNotFound(f"There is no tenant {tenant!r}; `dossier tenant list` shows all.")
    await fetch(engine, COUNT_FOR_QUOTA, tenant)
    return quota


async def read_quotas(engine: Engine, tenant: str | None = None) -> list[QuotaUse]:
    """Return the quotas of all tenants that have one."""
    return [QuotaUse(*row) for row in await fetch(engine, READ_QUOTAS, tenant, True)]


async def spent_tenants(engine: Engine) -> list[str]:
    """Return the tenants with nothing left to spend this month."""
    return [row[0] for row in await fetch(engine, SPENT_TENANTS)]


async def is_spent(engine: Engine, caller: Caller) -> bool:
    """Return whether the tenant has nothing left to spend this month."""
    return bool((await fetch(engine, IS_SPENT, caller.tenant))[0][0])


async def require_room(engine: Engine, caller: Caller, size: int) -> None:
    """Refuse `size` bytes of documents beyond the quota of the tenant.

    Raises QuotaExceeded. What is stored at the same time is not counted.
    """
    rows = await fetch(engine, DOCUMENT_ROOM, caller.tenant)
    if rows and size > rows[0][0]:
        message = (
            f"The tenant's documents may take {max(0, rows[0][0]):,} more bytes, and these have {size:,}. "
            "Delete some first."
        )
        raise QuotaExceeded(message, DOCUMENTS_WAIT)


def day_ends(now: datetime) -> int:
    """Seconds until the day of UTC is over."""
    return int((_midnight(now) + timedelta(days=1) - now).total_seconds()) + 1


def month_ends(now: datetime) -> int:
    """Seconds until the month of UTC is over."""
    next_month = (_midnight(now).replace(day=1) + timedelta(days=32)).replace(day=1)
    return int((next_month - now).total_seconds()) + 1


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _refused(refusal: str, now: datetime) -> CostLimitRequired | QuotaExceeded:
    match refusal:
        case "cost_limit":
            return CostLimitRequired("This tenant has a quota of money: set limits.max_cost_usd.")
        case "token_limit":
            return CostLimitRequired("This tenant has a quota of tokens: set limits.max_tokens.")
        case "tokens_per_month":
            message = "This job might use more than is left of the tenant's tokens for this month (UTC)."
            return QuotaExceeded(message, month_ends(now))
        case "unfinished_jobs":
            message = "The tenant has as many unfinished jobs as it may. Try again when one is over."
            return QuotaExceeded(message, UNFINISHED_WAIT)
        case "jobs_per_day":
            message = "The tenant has submitted as many jobs today (UTC) as it may."
            return QuotaExceeded(message, day_ends(now))
        case _:
            message = "This job might cost more than is left of the tenant's money for this month (UTC)."
            return QuotaExceeded(message, month_ends(now))
