"""Store the keys that tenants have with model and search providers, sealed.

Each change counts up the version of the tenant's data key, and is made only where nobody else changed it in
between: so a key that is set during a rotation is never sealed with a data key that is gone.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from app.domain.caller import Caller
from app.domain.master_key import DataKey, MasterKeys, OpenedKey
from app.errors import TenantNotFound, WrongVersion
from app.store.database import Engine, fetch
from dossier.provider_key_types import NewProviderKey, ProviderKey

MAX_TENANTS_LISTED = 10_000
CHANGE_TRIES = 5  # of a change that others come in between of

READ_DATA_KEY = "SELECT master_id, wrapped, version FROM data_keys WHERE tenant = $1::text"

SET_PROVIDER_KEY = """
    WITH used AS (
        INSERT INTO data_keys AS d (tenant, master_id, wrapped)
        SELECT $1::text, $2::text, $3::bytea
        WHERE $1 = 'default' OR EXISTS (SELECT FROM tenants WHERE tenant = $1)
        ON CONFLICT (tenant) DO UPDATE SET version = d.version + 1 WHERE d.version = $4::integer
        RETURNING tenant
    )
    INSERT INTO provider_keys (tenant, provider, base_url, sealed, set_by)
    SELECT tenant, $5::text, $6::text, $7::bytea, $8::text FROM used
    ON CONFLICT (tenant, provider) DO UPDATE SET base_url = excluded.base_url, sealed = excluded.sealed,
        set_by = excluded.set_by, set_at = now()
    RETURNING tenant, provider, base_url, set_at, set_by"""

IS_TENANT = "SELECT $1 = 'default' OR EXISTS (SELECT FROM tenants WHERE tenant = $1::text)"

LIST_PROVIDER_KEYS = f"""
    SELECT tenant, provider, base_url, set_at, set_by FROM provider_keys
    WHERE $1::text IS NULL OR tenant = $1
    ORDER BY tenant, provider LIMIT {MAX_TENANTS_LISTED}"""

REMOVE_PROVIDER_KEY = """
    DELETE FROM provider_keys WHERE tenant = $1::text AND provider = $2::text RETURNING provider"""

READ_SEALED = """
    SELECT d.master_id, d.wrapped, p.provider, p.base_url, p.sealed
    FROM provider_keys p JOIN data_keys d USING (tenant)
    WHERE tenant = $1::text ORDER BY provider"""

READ_DATA_KEYS = f"""
    SELECT tenant, master_id, wrapped, version FROM data_keys ORDER BY tenant LIMIT {MAX_TENANTS_LISTED}"""

ROTATE_DATA_KEY = """
    WITH wrapped AS (
        UPDATE data_keys SET master_id = $2::text, wrapped = $3::bytea, version = version + 1,
            wrapped_at = now()
        WHERE tenant = $1::text AND version = $4::integer RETURNING tenant
    ), sealed AS (
        UPDATE provider_keys p SET sealed = n.sealed
        FROM wrapped w, unnest($5::text[], $6::bytea[]) AS n (provider, sealed)
        WHERE p.tenant = w.tenant AND p.provider = n.provider
    )
    SELECT tenant FROM wrapped"""


class SealedKey(Struct, frozen=True):
    """A tenant's key for a provider, as it is stored."""

    master_id: str
    wrapped: bytes
    provider: str
    base_url: str
    sealed: bytes


async def set_provider_key(
    engine: Engine, caller: Caller, masters: MasterKeys, wanted: NewProviderKey
) -> ProviderKey:
    """Seal and keep a key of the caller's tenant.

    Raises TenantNotFound, MasterKeyUnusable, WrongVersion.
    """
    tenant = caller.tenant
    if not (await fetch(engine, IS_TENANT, tenant))[0][0]:
        raise TenantNotFound(f"There is no tenant {tenant!r}. Make it with `dossier tenant create`.")
    for _ in range(CHANGE_TRIES):
        data_key, master_id, wrapped, version = await _data_key(engine, tenant, masters)
        sealed = data_key.seal(wanted.provider, wanted.base_url, wanted.key)
        place = (wanted.provider, wanted.base_url, sealed, caller.actor)
        if rows := await fetch(engine, SET_PROVIDER_KEY, tenant, master_id, wrapped, version, *place):
            return _shown(rows[0])
    raise WrongVersion("Others change the keys of this tenant. Try again.")


async def _data_key(engine: Engine, tenant: str, masters: MasterKeys) -> tuple[DataKey, str, bytes, int]:
    """Return the tenant's data key, or a new one at version 0."""
    for master_id, wrapped, version in await fetch(engine, READ_DATA_KEY, tenant):
        return masters.unwrap(tenant, master_id, wrapped), master_id, wrapped, version
    master = masters.current
    data_key, wrapped = master.new_data_key(tenant)
    return data_key, master.key_id, wrapped, 0


async def list_provider_keys(engine: Engine, caller: Caller) -> list[ProviderKey]:
    """Return the keys of the caller's tenant, never what is sealed."""
    return [_shown(row) for row in await fetch(engine, LIST_PROVIDER_KEYS, caller.tenant)]


async def all_provider_keys(engine: Engine) -> list[ProviderKey]:
    """Return the keys of all tenants, never what is sealed."""
    return [_shown(row) for row in await fetch(engine, LIST_PROVIDER_KEYS, None)]


async def remove_provider_key(engine: Engine, caller: Caller, provider: str) -> bool:
    """Remove a key for good, and return whether there was one."""
    return bool(await fetch(engine, REMOVE_PROVIDER_KEY, caller.tenant, provider))


async def sealed_keys(engine: Engine, caller: Caller) -> list[SealedKey]:
    """Return what is stored for the caller's tenant."""
    return [SealedKey(*row) for row in await fetch(engine, READ_SEALED, caller.tenant)]


def opened(tenant: str, masters: MasterKeys, found: list[SealedKey]) -> Mapping[str, OpenedKey]:
    """Open a tenant's keys, by provider. Raises MasterKeyUnusable.

    Only what makes the calls may ask for this.
    """
    keys = {}
    for one in found:
        data_key = masters.unwrap(tenant, one.master_id, one.wrapped)
        keys[one.provider] = OpenedKey(data_key.open(one.provider, one.base_url, one.sealed), one.base_url)
    return keys


async def rotate_data_keys(engine: Engine, masters: MasterKeys) -> int:
    """Give each tenant a new data key, and count them.

    Raises MasterKeyUnusable, and WrongVersion.
    """
    rows = await fetch(engine, READ_DATA_KEYS)
    for tenant, *_ in rows:
        await _rotate(engine, tenant, masters)
    return len(rows)


async def _rotate(engine: Engine, tenant: str, masters: MasterKeys) -> None:
    master = masters.current
    for _ in range(CHANGE_TRIES):
        # The version first: whatever is set after it makes this try fail.
        [(_, _, version)] = await fetch(engine, READ_DATA_KEY, tenant)
        found = await sealed_keys(engine, Caller(tenant))
        data_key, wrapped = master.new_data_key(tenant)
        keys = opened(tenant, masters, found)
        sealed = [data_key.seal(name, key.base_url, key.key) for name, key in keys.items()]
        if await fetch(engine, ROTATE_DATA_KEY, tenant, master.key_id, wrapped, version, list(keys), sealed):
            return
    raise WrongVersion(f"Others change the keys of {tenant}. Run it again.")


async def count_openable(engine: Engine, masters: MasterKeys) -> int:
    """Open every data key, and count them. Raises MasterKeyUnusable."""
    rows = await fetch(engine, READ_DATA_KEYS)
    for tenant, master_id, wrapped, _ in rows:
        masters.unwrap(tenant, master_id, wrapped)
    return len(rows)


def _shown(row: Any) -> ProviderKey:  # noqa: ANN401 - of the driver's types
    tenant, provider, base_url, set_at, set_by = row
    return ProviderKey(tenant=tenant, provider=provider, base_url=base_url, set_at=set_at, set_by=set_by)
