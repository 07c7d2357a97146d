"""Store who the tenants are."""

import re

from app.domain.caller import DEFAULT_TENANT
from app.errors import BadSetting, TenantExists, TenantNotFound
from app.store.database import Engine, fetch
from dossier.tenant_types import Tenant

TENANT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NAME_RULE = "Use up to 63 of a-z, 0-9, _ and -, not - or _ first."
MAX_TENANTS = 10_000  # of one listing

ADD_TENANT = """
    INSERT INTO tenants (tenant) VALUES ($1::text) ON CONFLICT DO NOTHING RETURNING tenant"""

READ_TENANTS = f"""
    SELECT tenant, created_at, suspended_at,
           (SELECT count(*)::integer FROM api_keys k
            WHERE k.tenant = t.tenant AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))
    FROM (
        SELECT tenant, created_at, suspended_at FROM tenants
        UNION ALL SELECT '{DEFAULT_TENANT}', NULL, NULL
        WHERE NOT EXISTS (SELECT FROM tenants WHERE tenant = '{DEFAULT_TENANT}')
    ) AS t
    WHERE $1::text IS NULL OR tenant = $1
    ORDER BY tenant LIMIT {MAX_TENANTS}"""

SUSPEND = """
    UPDATE tenants SET suspended_at = CASE WHEN $2::boolean THEN coalesce(suspended_at, now()) END
    WHERE tenant = $1::text RETURNING tenant"""


async def add_tenant(engine: Engine, tenant: str) -> Tenant:
    """Make a tenant. Raises BadSetting, TenantExists."""
    if not TENANT_NAME.fullmatch(tenant):
        raise BadSetting(f"{tenant[:100]!r} is not a valid name. {NAME_RULE}")
    if tenant == DEFAULT_TENANT or not await fetch(engine, ADD_TENANT, tenant):
        raise TenantExists(f"There is a tenant {tenant!r} already.")
    return (await read_tenants(engine, tenant))[0]


async def read_tenants(engine: Engine, tenant: str | None = None) -> list[Tenant]:
    """Return all tenants by name, or this one."""
    return [Tenant(*row) for row in await fetch(engine, READ_TENANTS, tenant)]


async def suspend_tenant(engine: Engine, tenant: str) -> Tenant:
    """Refuse the tenant's keys until it is resumed. Raises TenantNotFound."""
    if tenant == DEFAULT_TENANT:
        raise BadSetting("The tenant 'default' cannot be suspended. Revoke its keys instead.")
    return await _set_suspended(engine, tenant, suspended=True)


async def resume_tenant(engine: Engine, tenant: str) -> Tenant:
    """Let the tenant's keys open what they did. Raises TenantNotFound."""
    return await _set_suspended(engine, tenant, suspended=False)


async def _set_suspended(engine: Engine, tenant: str, *, suspended: bool) -> Tenant:
    if not await fetch(engine, SUSPEND, tenant, suspended):
        raise TenantNotFound(f"There is no tenant {tenant!r}; `dossier tenant list` shows all.")
    return (await read_tenants(engine, tenant))[0]
